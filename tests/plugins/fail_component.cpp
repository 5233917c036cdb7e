// The components of the engine's test plugin: one that fails in a chosen way at a chosen byte of the body, one that
// sets context at the end of its body, one that sets a property at once, one that makes an entity of 8-bit or binary
// lines as an encoder may, and one that makes parts of a body as a decoder may. The plugin's adapters are in
// test_adapter.hpp.
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "hawser/sdk/draft_message_parts.hpp"
#include "test_adapter.hpp"

namespace hawser::test_plugin {
namespace {

class latch {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        opened_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        opened_.wait(lock, [this] { return is_open_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

void hang_until_cancelled(const message& one) {
    latch cancelled;  // on_cancel runs at most once, and we leave only after it has
    one.host()
        .service<hawser_message_api>(HAWSER_MESSAGE)
        ->on_cancel(
            one.abi(), [](void* user) { static_cast<latch*>(user)->open(); }, &cancelled);
    cancelled.wait();
    throw failure(HAWSER_CANCELLED, "Test.Fail was told to hang, and was cancelled");
}

void fail_now(const std::string& mode, const message& one) {
    if (mode == "tryLater") {
        throw try_later("Test.Fail was told to ask for a later time");
    }
    if (mode == "throw") {
        throw std::runtime_error("Test.Fail was told to throw");
    }
    if (mode == "throwInt") {
        throw 42;
    }
    if (mode == "crash") {
        std::abort();
    }
    if (mode == "hang") {
        hang_until_cancelled(one);
    }
    throw failure("Test.Fail was told to fail");
}

// Passes the first bytes on, then fails; a body that is shorter fails at its end.
struct failing_filter {
    std::int64_t bytes_left;
    std::string mode;
    message one;

    void write(std::string_view in, std::string& out) {
        if (static_cast<std::int64_t>(in.size()) <= bytes_left) {
            bytes_left -= static_cast<std::int64_t>(in.size());
            out.append(in);
            return;
        }
        if (bytes_left == 0) {
            fail_now(mode, one);
        }
        out.append(in.substr(0, static_cast<std::size_t>(bytes_left)));
        bytes_left = 0;
    }
    void finish(std::string&) { fail_now(mode, one); }
};

class fail_component final : public pipeline_component {
public:
    static constexpr component_info info{.id = "Test.Fail",
                                         .version = "1.0.0",
                                         .summary = "Fails in a chosen way at a chosen byte of the body.",
                                         .stages = stage::encode | stage::decode | stage::validate};
    static config_spec spec() {
        return config_spec{}
            .integer("AfterBytes", "Fails when so many bytes have passed; -1 fails before the body is read.", -1,
                     1LL << 40, "-1")
            .enumeration("Mode", "How it fails.", "fail=0|tryLater=1|throw=2|throwInt=3|crash=4|hang=5", "fail");
    }
    explicit fail_component(const config& values)
        : after_bytes_(values.integer("/AfterBytes", -1)), mode_(values.string("/Mode")) {}

    void execute(message& one) override {
        if (after_bytes_ < 0) {
            fail_now(mode_, one);
        }
        one.filter_body(failing_filter{after_bytes_, mode_, one});
    }

private:
    std::int64_t after_bytes_;
    std::string mode_;
};

struct measuring_filter {
    message one;
    std::uint64_t size = 0;

    void write(std::string_view in, std::string& out) {
        size += in.size();
        out.append(in);
    }
    void finish(std::string&) { one.promote("Test.BodySize", std::to_string(size), property_kind::integer); }
};

class defers_context final : public pipeline_component {
public:
    static constexpr component_info info{.id = "Test.DefersContext",
                                         .version = "1.0.0",
                                         .summary = "Promotes Test.BodySize at the end of the body.",
                                         .stages = stage::encode | stage::decode,
                                         .flags = HAWSER_FLAG_DEFERS_CONTEXT};
    void execute(message& one) override { one.filter_body(measuring_filter{one}); }
};

class set_property final : public pipeline_component {
public:
    static constexpr component_info info{.id = "Test.SetProperty",
                                         .version = "1.0.0",
                                         .summary = "Sets a property of the context.",
                                         .stages = stage::encode | stage::resolve_party};
    static config_spec spec() {
        return config_spec{}.string("Name", "The property.", "SMTP.Subject").string("Value", "Its value.", "");
    }
    explicit set_property(const config& values) : name_(values.string("/Name")), value_(values.string("/Value")) {}
    void execute(message& one) override { one.set(name_, value_); }

private:
    std::string name_;
    std::string value_;
};

struct entity_filter {
    std::string header;

    void write(std::string_view in, std::string& out) { out.append(std::exchange(header, {})).append(in); }
    void finish(std::string& out) { out += std::exchange(header, {}); }
};

class unencoded_entity final : public pipeline_component {
public:
    static constexpr component_info info{.id = "Test.UnencodedEntity",
                                         .version = "1.0.0",
                                         .summary = "Puts the composed entity into one that is 8bit or binary.",
                                         .flags = HAWSER_FLAG_NEEDS_COMPOSED};
    static config_spec spec() {
        return config_spec{}.enumeration("Encoding", "What it says of itself.", "8bit=0|binary=1", "binary");
    }
    explicit unencoded_entity(const config& values) : encoding_(values.string("/Encoding")) {}
    void execute(message& one) override {
        one.filter_body(
            entity_filter{"MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
                          "Content-Transfer-Encoding: " +
                          encoding_ + "\r\n\r\n\xff"});
        one.set(HAWSER_TRANSFER_ENCODING, encoding_);
    }

private:
    std::string encoding_;
};

class line_source final : public stream_source {
public:
    explicit line_source(std::string line) : line_(std::move(line)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = line_.copy(static_cast<char*>(buffer), capacity, position_);
        position_ += size;
        return size;
    }

private:
    std::string line_;
    std::size_t position_ = 0;
};

struct line_splitter {
    message one;
    std::string body = {};

    void write(std::string_view in, std::string&) { body.append(in); }
    void finish(std::string& out) {
        const std::size_t first_end = body.find('\n');
        out = body.substr(0, first_end);
        describe_draft_body(one, {.content_type = "text/x-first", .charset = "utf-8", .file_name = "first.txt"});
        for (std::size_t start = first_end; start != std::string::npos;) {
            const std::size_t end = body.find('\n', start + 1);
            const message_part described{.name = "line", .content_type = "text/x-line", .charset = {}, .file_name = {}};
            add_draft_part(one, described,
                           make_stream(std::make_unique<line_source>(body.substr(start + 1, end - start - 1))));
            start = end;
        }
    }
};

class split_lines final : public pipeline_component {
public:
    static constexpr component_info info{.id = "Test.SplitLines",
                                         .version = "1.0.0",
                                         .summary = "Keeps the first line as the body and makes a part of each other.",
                                         .stages = stage::disassemble};
    void execute(message& one) override { one.filter_body(line_splitter{one}); }
};

}  // namespace
}  // namespace hawser::test_plugin

HAWSER_PLUGIN(hawser::test_plugin::fail_component, hawser::test_plugin::defers_context,
              hawser::test_plugin::set_property, hawser::test_plugin::unencoded_entity,
              hawser::test_plugin::split_lines, hawser::test_plugin::queued_adapter,
              hawser::test_plugin::blocking_adapter)
