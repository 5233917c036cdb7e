// The engine's tests believe what these plugins do, so it is checked here without an engine, through the loaded file.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;
namespace fs = std::filesystem;

namespace {

const hawser_entry& entry() {
    static void* const library = dlopen(TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);  // never closed
    REQUIRE_MESSAGE(library != nullptr, dlerror());
    return *static_cast<const hawser_entry*>(dlsym(library, "hawser_plugin_entry_1"));
}

kit::instance make(kit::host& host, const char* kind, std::string_view id, kit::settings values = {}) {
    const hawser_factory* factory = entry().get_factory(hawser::detail::to_abi(kind));
    for (std::uint32_t i = 0; i < factory->count; ++i) {
        if (hawser::detail::from_abi(factory->descriptor(i)->id) == id) {
            return kit::instance(host, factory, i, std::move(values));
        }
    }
    throw hawser::failure("the plugin has no " + std::string(id));
}

struct temporary_folder {
    fs::path path;
    temporary_folder() {
        std::string name = (fs::temp_directory_path() / "hawser-test-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~temporary_folder() { fs::remove_all(path); }
    std::string text_of(const std::string& name) const {
        std::ifstream file(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::size_t file_count() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
    }
};

// One attempt of a message by an adapter with a script; waits for its outcome.
hawser::outcome attempt(const temporary_folder& folder, const std::string& adapter_id, const std::string& script,
                        std::uint32_t number, std::size_t fails_after = static_cast<std::size_t>(-1),
                        bool cancels = false) {
    kit::host host;
    auto adapter = make(host, HAWSER_SEND_ADAPTER, adapter_id);
    kit::message message(std::string(100'000, 'x'));
    message.parts[0].fails_after = fails_after;
    message.message_id = "m1";
    message.attempt = number;
    message.set("BTS.OutboundTransportLocation", "test:" + (folder.path / "out").string());
    message.set(adapter_id + ".Outcomes", script).set(adapter_id + ".CallsFile", (folder.path / "calls").string());
    std::optional<hawser::outcome> outcome;
    {
        kit::delivery delivery(host, message);
        delivery.would_block_every = 3;
        delivery.callbacks = kit::callback_from::other_thread;
        if (cancels) {
            delivery.cancel();
        }
        kit::transmit(adapter, delivery);
        outcome = delivery.wait_for_outcome();
    }
    CHECK(host.violations().empty());
    REQUIRE(outcome);
    return *outcome;
}

}  // namespace

TEST_CASE("the adapters answer what the script says for each attempt, and leave a body only when they accept it") {
    for (const std::string id : {"TEST", "TESTBLOCKING"}) {
        CAPTURE(id);
        const temporary_folder folder;
        const std::string script = "retry,endpointDown,rejected,checkpoint,partial,delivered";
        CHECK(attempt(folder, id, script, 1).verdict == hawser::verdict::retry);
        CHECK(attempt(folder, id, script, 2).is_endpoint_down);
        CHECK(attempt(folder, id, script, 3).verdict == hawser::verdict::rejected);
        CHECK(attempt(folder, id, script, 4).code == "test.checkpoint");
        CHECK(folder.file_count() == 1);  // the calls alone
        CHECK(attempt(folder, id, script, 5).recipients.size() == 2);
        CHECK(attempt(folder, id, script, 7).verdict == hawser::verdict::delivered);
        CHECK(folder.text_of("out") == std::string(100'000, 'x'));
        const std::string calls = folder.text_of("calls");
        CHECK(calls.find(id + " m1 attempt=1 unique=delivery-1 size=100000 resume= retry\n") == 0);
        CHECK(calls.find("attempt=7 unique=delivery-1 size=100000 resume= delivered\n") != std::string::npos);
        CHECK(attempt(folder, id, "nonsense", 1).code == "test.bad-script");
    }
}

TEST_CASE("the adapters misbehave on command, and a cancelled or broken delivery leaves no body") {
    for (const std::string id : {"TEST", "TESTBLOCKING"}) {
        CAPTURE(id);
        const temporary_folder folder;
        CHECK(attempt(folder, id, "drop", 1).code == "plugin.misbehaving");
        CHECK(attempt(folder, id, "throw", 1).code == "plugin.misbehaving");
        CHECK(attempt(folder, id, "hold", 1, static_cast<std::size_t>(-1), true).code == "test.cancelled");
        const hawser::outcome broken = attempt(folder, id, "delivered", 1, 50'000);
        CHECK(broken.code == "test.body-failed");
        CHECK(folder.text_of("calls").find("size=50000 resume= body-failed\n") != std::string::npos);
        CHECK(folder.file_count() == 1);
    }
}

TEST_CASE("Test.Fail fails in its way at its byte") {
    const std::pair<const char*, hawser_status> modes[] = {
        {"fail", HAWSER_FAILED}, {"tryLater", HAWSER_TRY_LATER}, {"throw", HAWSER_FAILED}, {"throwInt", HAWSER_FAILED}};
    for (const auto& [mode, status] : modes) {
        for (const std::int64_t after : {-1, 0, 5, 40'000, 100'000}) {
            CAPTURE(mode);
            CAPTURE(after);
            kit::host host;
            auto component = make(host, HAWSER_PIPELINE_COMPONENT, "Test.Fail",
                                  {{"/Mode", mode}, {"/AfterBytes", std::to_string(after)}});
            kit::message message(std::string(100'000, 'x'));
            const kit::run_result ran = kit::run(component, message, 1000);
            CHECK(ran.status == status);
            CHECK(ran.body.size() <= static_cast<std::size_t>(after < 0 ? 0 : after));
            CHECK(host.violations().empty());
        }
    }
}

TEST_CASE("Test.Fail hangs until the message is cancelled") {
    kit::host host;
    auto component = make(host, HAWSER_PIPELINE_COMPONENT, "Test.Fail", {{"/Mode", "hang"}});
    kit::message message("x");
    message.cancellation.cancel();
    CHECK(kit::run(component, message).status == HAWSER_CANCELLED);
}

TEST_CASE("Test.DefersContext knows the body's size at its end") {
    kit::host host;
    auto component = make(host, HAWSER_PIPELINE_COMPONENT, "Test.DefersContext");
    CHECK((component.descriptor()->flags & HAWSER_FLAG_DEFERS_CONTEXT) != 0);
    kit::message message(std::string(70'000, 'x'));
    CHECK(kit::run(component, message).body.size() == 70'000);
    CHECK(message.get("Test.BodySize") == "70000");
}
