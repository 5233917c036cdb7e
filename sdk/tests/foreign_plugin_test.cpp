#include <dlfcn.h>
#include <doctest/doctest.h>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;

namespace {

const hawser_entry& foreign_entry() {
    // Never closed: a plugin is not unloaded.
    static void* const library = dlopen(FOREIGN_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    REQUIRE_MESSAGE(library != nullptr, dlerror());
    static const auto* const entry = static_cast<const hawser_entry*>(dlsym(library, "hawser_plugin_entry_1"));
    REQUIRE(entry != nullptr);
    return *entry;
}

kit::instance make(kit::host& host, const char* kind, kit::settings values = {}) {
    hawser::detail::error_sink error;
    error.check(foreign_entry().init(error.abi()), "init");
    return kit::instance(host, foreign_entry().get_factory(hawser::detail::to_abi(kind)), 0, std::move(values));
}

}  // namespace

TEST_CASE("a component built with clang and libc++ works in a host built with g++ and libstdc++") {
    kit::host host;
    auto component = make(host, HAWSER_PIPELINE_COMPONENT, {{"/Greeting", "good day"}});
    CHECK(std::string_view(hawser::detail::from_abi(component.descriptor()->id)) == "Test.Foreign");
    kit::message message("one, two");
    const kit::run_result ran = kit::run(component, message, 3);
    CHECK(ran.error == "");
    CHECK(ran.body == "ONE, TWO\n");
    CHECK(message.get("Test.Greeting") ==
          "good day from a string too long for the small-string buffer of either library");
    CHECK(host.violations().empty());
}

TEST_CASE("an exception of the other library becomes a status and a text") {
    kit::host host;
    auto component = make(host, HAWSER_PIPELINE_COMPONENT);
    kit::message message("one!");
    const kit::run_result ran = kit::run(component, message);
    CHECK(ran.status == HAWSER_FAILED);
    CHECK(ran.error == "an exclamation mark");
    CHECK(host.violations().empty());
}

TEST_CASE("an adapter of the other library reads a body and completes") {
    kit::host host;
    auto adapter = make(host, HAWSER_SEND_ADAPTER);
    kit::message message(std::string(1000, 'x'));
    kit::delivery delivery(host, message);
    kit::transmit(adapter, delivery);
    const auto outcome = delivery.wait_for_outcome();
    REQUIRE(outcome);
    CHECK(outcome->verdict == hawser::verdict::delivered);
    CHECK(outcome->text == "1000 bytes");
    CHECK(host.violations().empty());
}
