#include <doctest/doctest.h>

#include <array>
#include <stdexcept>
#include <utility>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;

extern "C" const hawser_factory* hawser_c11_factory(void);

namespace {

// Ends every line with CRLF: the example of the guide, with its filter.
struct line_ender {
    bool fails_on_bare_cr = false;
    bool has_cr = false;

    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            if (has_cr && c != '\n') {
                end_bare_cr(out);
            }
            if (c == '\n') {
                out.append("\r\n");
            } else if (c != '\r') {
                out.push_back(c);
            }
            has_cr = c == '\r';
        }
    }
    void finish(std::string& out) {
        if (has_cr) {
            end_bare_cr(out);
        }
    }
    void end_bare_cr(std::string& out) {
        if (fails_on_bare_cr) {
            throw hawser::failure("a CR that no LF follows");
        }
        out.push_back('\r');
    }
};

class crlf_encoder final : public hawser::pipeline_component {
public:
    static constexpr hawser::component_info info{.id = "example.crlf",
                                                 .version = "1.0.0",
                                                 .summary = "Ends every line with CRLF.",
                                                 .stages = hawser::stage::encode};

    static hawser::config_spec spec() {
        return hawser::config_spec{}.string("OnBareCR", "What to do with a CR that no LF follows.", "keep");
    }
    explicit crlf_encoder(const hawser::config& config) : fails_on_bare_cr_(config.string("/OnBareCR") == "fail") {}

    void execute(hawser::message& message) override { message.filter_body(line_ender{fails_on_bare_cr_}); }

private:
    bool fails_on_bare_cr_;
};

enum class way : std::uint8_t { failure = 1, later, standard, other };

class thrower final : public hawser::pipeline_component {
public:
    static constexpr hawser::component_info info{.id = "Test.Thrower", .version = "1", .summary = "Throws."};
    static hawser::config_spec spec() {
        return hawser::config_spec{}.integer("Way", "Which.", 1, 4).string_list("Names", "Some.");
    }
    static void validate(const hawser::config& values, const hawser::host&, hawser::problems& found) {
        if (values.integer("/Way") == 4) {
            found.error("/Way", "four is not a way to throw");
        }
        if (values.list("/Names").size() > 1) {
            found.warning("/Names", values.list("/Names")[1]);
        }
    }
    explicit thrower(const hawser::config& values) : way_(static_cast<way>(values.integer("/Way", 1))) {}
    void execute(hawser::message&) override {
        switch (way_) {
        case way::failure: throw hawser::failure("it failed");
        case way::later: throw hawser::try_later("the disk is full");
        case way::standard: throw std::logic_error("logic");
        case way::other: throw 42;
        }
    }

private:
    way way_;
};

class refuser final : public hawser::pipeline_component {
public:
    static constexpr hawser::component_info info{
        .id = "Test.Refuser", .version = "1", .summary = "Refuses its configuration."};
    explicit refuser(const hawser::config&) { throw hawser::failure(HAWSER_BAD_CONFIG, "no such key"); }
    void execute(hawser::message&) override {}
};

class sealer final : public hawser::pipeline_component {
public:
    static constexpr hawser::component_info info{.id = "Test.Sealer",
                                                 .version = "1",
                                                 .summary = "Reports a seal.",
                                                 .stages = hawser::stage::encode,
                                                 .flags = HAWSER_FLAG_SEALS};
    static hawser::config_spec spec() { return hawser::config_spec{}.boolean("Early", "Before put_body.", "false"); }
    explicit sealer(const hawser::config& values) : is_early_(values.boolean("/Early")) {}
    void execute(hawser::message& message) override {
        if (is_early_) {
            message.report_seal(HAWSER_SEAL_SIGNED);
        }
        message.filter_body(line_ender{});
        message.report_seal(HAWSER_SEAL_SIGNED);
        message.promote("Test.Sealed", "true", hawser::property_kind::boolean);
        message.append_mail_header("X-Sealed", "yes");
        message.host().log(hawser::log_level::info, "sealed", message.abi());
        message.host().count("sealed");
    }
    std::uint32_t configured_seals() const override { return HAWSER_SEAL_SIGNED; }

private:
    bool is_early_;
};

}  // namespace

TEST_CASE("a filter sees the whole body whatever the sizes of the reads") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{65536}}) {
        CAPTURE(size);
        kit::host host;
        auto component = kit::instance::of<crlf_encoder>(host);
        kit::message message("one\ntwo\r\nthree\rfour\r");
        message.parts[0].read_size_max = size;
        const kit::run_result ran = kit::run(component, message, size);
        CHECK(ran.error == "");
        CHECK(ran.body == "one\r\ntwo\r\nthree\rfour\r");
        CHECK(host.violations().empty());
    }
}

TEST_CASE("an empty body ends at once, and a body larger than the blocks passes whole") {
    kit::host host;
    auto component = kit::instance::of<crlf_encoder>(host);
    kit::message empty;
    CHECK(kit::run(component, empty).body == "");
    kit::message large(std::string(200'000, '\n'));
    const kit::run_result ran = kit::run(component, large);
    CHECK(ran.body.size() == 400'000);
    CHECK(ran.body.substr(399'996) == "\r\n\r\n");
}

TEST_CASE("a failure in the filter and one of the body beneath it reach the reader with their status and text") {
    kit::host host;
    auto component = kit::instance::of<crlf_encoder>(host, {{"/OnBareCR", "fail"}});
    kit::message bare("one\rtwo");
    const kit::run_result filtered = kit::run(component, bare);
    CHECK(filtered.status == HAWSER_FAILED);
    CHECK(filtered.error == "a CR that no LF follows");

    kit::message broken("0123456789");
    broken.parts[0].fails_after = 4;
    broken.parts[0].failure_status = HAWSER_TRY_LATER;
    const kit::run_result read = kit::run(component, broken, 1);
    CHECK(read.status == HAWSER_TRY_LATER);
    CHECK(read.body == "0123");
    CHECK(host.violations().empty());
}

TEST_CASE("a stream that failed fails again, whatever its source would give") {
    struct relapsing final : hawser::stream_source {
        int reads = 0;
        std::size_t read(void*, std::size_t) override {
            ++reads;
            throw_in_turn();
            return 0;
        }
        void throw_in_turn() const {
            if (reads == 1) {
                throw hawser::failure(HAWSER_CANCELLED, "the padding is wrong");
            }
        }
        std::int64_t size_hint() override { return 32; }
    };
    struct failing_filter {
        bool has_failed = false;
        void write(std::string_view in, std::string& out) {
            out.append(in);
            if (!std::exchange(has_failed, true)) {
                throw hawser::failure("the line is too long");
            }
        }
        void finish(std::string&) const {}
    };
    const auto fails = [](hawser::body_stream& stream) {
        std::array<char, 64> buffer{};
        try {
            stream.read(buffer.data(), buffer.size());
        } catch (const hawser::failure& thrown) {
            return std::to_string(thrown.status()) + ' ' + thrown.what();
        }
        return std::string("nothing");
    };
    hawser::body_stream stream = hawser::make_stream(std::make_unique<relapsing>());
    CHECK(stream.size_hint() == 32);
    for (int i = 0; i < 3; ++i) {
        CHECK(fails(stream) == std::to_string(HAWSER_CANCELLED) + " the padding is wrong");
    }
    CHECK(stream.size_hint() == -1);
    kit::message whole("text");
    hawser::body_stream filtered = hawser::make_stream(
        std::make_unique<hawser::filtered_stream<failing_filter>>(whole.take_body(), failing_filter{}));
    for (int i = 0; i < 3; ++i) {
        CHECK(fails(filtered) == std::to_string(HAWSER_FAILED) + " the line is too long");
    }
}

TEST_CASE("what execute throws becomes a status and a sentence") {
    const std::pair<const char*, std::pair<hawser_status, std::string>> cases[] = {
        {"1", {HAWSER_FAILED, "it failed"}},
        {"2", {HAWSER_TRY_LATER, "the disk is full"}},
        {"3", {HAWSER_FAILED, "logic"}},
        {"4", {HAWSER_FAILED, "the plugin threw something that is no std::exception"}}};
    for (const auto& [which, expected] : cases) {
        kit::host host;
        auto component = kit::instance::of<thrower>(host, {{"/Way", which}});
        kit::message message("x");
        const kit::run_result ran = kit::run(component, message);
        CHECK(ran.status == expected.first);
        CHECK(ran.error == expected.second);
    }
}

TEST_CASE("a constructor that throws is a create that failed, with its reason") {
    kit::host host;
    CHECK_THROWS_WITH_AS(kit::instance::of<refuser>(host), "no such key", hawser::failure);
}

TEST_CASE("validate tells everything that it finds, with pointers") {
    kit::host host;
    const auto component = kit::instance::of<thrower>(host);
    const auto found = component.validate({{"/Way", "4"}, {"/Names/0", "a"}, {"/Names/1", "b"}});
    REQUIRE(found.size() == 2);
    CHECK(found[0].severity == 1);
    CHECK(found[0].pointer == "/Way");
    CHECK(found[1].severity == 2);
    CHECK(found[1].text == "b");
    CHECK(component.validate({{"/Way", "1"}}).empty());
}

TEST_CASE("a seal, a property, a header field, a log line and a counter arrive at the host") {
    kit::host host;
    auto component = kit::instance::of<sealer>(host);
    kit::message message("x\n");
    CHECK(kit::run(component, message).body == "x\r\n");
    CHECK(component.configured_seals() == HAWSER_SEAL_SIGNED);
    CHECK(message.seals == HAWSER_SEAL_SIGNED);
    CHECK(message.get("Test.Sealed") == "true");
    CHECK(message.properties.at("Test.Sealed").is_promoted);
    REQUIRE(message.mail_headers.size() == 1);
    CHECK(message.mail_headers[0].value == "yes");
    REQUIRE(host.log().size() == 1);
    CHECK(host.log()[0].message_id == message.message_id);
    CHECK(host.counter("sealed") == 1);
    CHECK(host.violations().empty());
}

TEST_CASE("a service that the host lacks is a failure that names it") {
    kit::host host;
    host.missing_services.insert(HAWSER_MAIL_HEADERS);
    auto component = kit::instance::of<sealer>(host);
    kit::message message("x");
    const kit::run_result ran = kit::run(component, message);
    CHECK(ran.status == HAWSER_UNSUPPORTED);
    CHECK(ran.error.find("hawser.mail-headers/1") != std::string::npos);
}

TEST_CASE("a component in plain C runs in the same kit") {
    kit::host host;
    kit::instance component(host, hawser_c11_factory(), 0);
    // destroy is not called for a null self; the kit takes that for a moved-from instance
    kit::message message("x");
    const kit::run_result ran = kit::run(component, message);
    CHECK(ran.status == HAWSER_UNSUPPORTED);
    CHECK(ran.error == "this component is only compiled");
}
