#include "plugins/bridge/working_message.hpp"

#include <doctest/doctest.h>

#include "plugins/bridge/service_tables.hpp"

using namespace hawser::engine;

namespace {

hawser_stream stream_of(const char* text) { return make_stream(std::make_shared<const std::string>(text)); }

std::string read_all(hawser_stream stream) {
    body_stream body(stream);
    std::string text;
    char buffer[3];
    while (const std::size_t size = body.read(buffer, sizeof buffer)) {
        text.append(buffer, size);
    }
    return text;
}

struct fixture {
    message_environment environment{.port = "P"};
    message_context context = [] {
        message_context made;
        REQUIRE(made.set(HAWSER_IS_MIME_ENCODED, {.value = "true", .type = property_type::boolean}));
        return made;
    }();
    working_message message{
        environment,
        {},
        context,
        {{.name = "notes", .content_type = {}, .charset = {}, .file_name = {}, .properties = {}},
         {.name = "body", .content_type = {}, .charset = {}, .file_name = {}, .properties = {}, .is_body = true}},
        [](std::size_t index) { return stream_of(index == 1 ? "stored body" : "notes"); }};
};

hawser_status append(working_message& message, std::string_view name, std::string_view value) {
    const auto* headers = static_cast<const hawser_mail_headers_api*>(mail_headers_service_table());
    return headers->append(message.abi(), to_abi(name), to_abi(value), nullptr);
}

}  // namespace

TEST_CASE("a message cannot claim to be MIME-encoded") {
    fixture f;
    CHECK(f.message.context().find(HAWSER_IS_MIME_ENCODED) == nullptr);
}

TEST_CASE("a body is taken once, put back once, and a second take is refused") {
    fixture f;
    auto taken = f.message.take_body(HAWSER_BODY_PART);
    REQUIRE(taken);
    CHECK(read_all(*taken) == "stored body");
    CHECK_FALSE(f.message.take_body(1));
    REQUIRE(f.message.put_body(HAWSER_BODY_PART, stream_of("new")));
    CHECK(read_all(*f.message.take_body(1)) == "new");
    CHECK(read_all(*f.message.take_body(0)) == "notes");
    CHECK_FALSE(f.message.take_body(2));
}

TEST_CASE("a seal counts only from a sealing component that replaced the body, and a later replacement breaks it") {
    fixture f;
    f.message.begin_component(HAWSER_FLAG_SEALS);
    CHECK_FALSE(f.message.report_seal(HAWSER_SEAL_SIGNED));  // replaced nothing
    REQUIRE(f.message.put_body(HAWSER_BODY_PART, stream_of("sealed")));
    CHECK(f.message.report_seal(HAWSER_SEAL_SIGNED));
    f.message.end_component();
    CHECK(f.message.seals() == HAWSER_SEAL_SIGNED);

    f.message.begin_component(0);
    REQUIRE(f.message.put_body(HAWSER_BODY_PART, stream_of("clear again")));
    CHECK_FALSE(f.message.report_seal(HAWSER_SEAL_SIGNED));  // did not declare it
    f.message.end_component();
    CHECK(f.message.seals() == 0);
}

TEST_CASE("after compose the adapter's properties are settled") {
    fixture f;
    REQUIRE(f.message.set_property("SMTP.Subject", {.value = "before"}));
    f.message.settle("SMTP");
    CHECK_FALSE(f.message.set_property("SMTP.Subject", {.value = "after"}));
    CHECK_FALSE(f.message.erase_property("SMTP.Subject"));
    CHECK(f.message.set_property("SMTPX.Subject", {.value = "another namespace"}));
    CHECK_FALSE(f.message.violation().empty());
}

TEST_CASE("a mail header field takes folded text and nothing that would make another field") {
    fixture f;
    CHECK(append(f.message, "Subject", "one\r\n two") == HAWSER_OK);
    CHECK(append(f.message, "Subject", "one\r\nBcc: x@example.org") == HAWSER_FAILED);
    CHECK(append(f.message, "Subject", "one\r\n") == HAWSER_FAILED);
    CHECK(append(f.message, "Subject", "one\r\n \r\n") == HAWSER_FAILED);
    CHECK(append(f.message, "Subject", "one\ntwo") == HAWSER_FAILED);
    CHECK(append(f.message, "Subject", std::string_view("a\0b", 3)) == HAWSER_FAILED);
    CHECK(append(f.message, "Sub ject", "x") == HAWSER_FAILED);
    CHECK(append(f.message, "Subject:", "x") == HAWSER_FAILED);
    CHECK(append(f.message, "content-type", "text/html") == HAWSER_FAILED);
    CHECK(append(f.message, "MIME-Version", "1.0") == HAWSER_FAILED);
    CHECK(f.message.mail_headers().size() == 1);
}

TEST_CASE("a receive pipeline adds parts and says what the body is; names stay unique, a send pipeline may not") {
    fixture f;
    const auto add = [&](const part_info& info) {
        const hawser_stream stream = stream_of("bytes");
        result<void> added = f.message.add_part(info, stream);
        if (!added) {
            body_stream still_ours(stream);
        }
        return added.has_value();
    };
    CHECK_FALSE(add({.name = "more"}));
    CHECK_FALSE(f.message.describe_body({.content_type = "a/b"}).has_value());
    f.message.accept_parts();
    CHECK(add({.name = "notes", .content_type = "text/plain", .is_body = true}));
    CHECK(add({.name = "notes"}));
    CHECK(add({}));
    CHECK_FALSE(add({.name = "a\nb"}));
    CHECK_FALSE(add({.name = "x", .content_type = std::string(part_text_size_max + 1, 'x')}));
    CHECK(f.message.describe_body({.content_type = "a/b", .charset = "utf-8", .file_name = "f"}).has_value());
    CHECK(f.message.parts()[1].content_type == "a/b");
    CHECK(f.message.parts()[1].name == "body");
    std::vector<added_part> added = f.message.take_added_parts();
    REQUIRE(added.size() == 3);
    CHECK(added[0].info.name == "notes-3");
    CHECK_FALSE(added[0].info.is_body);
    CHECK(added[1].info.name == "notes-4");
    CHECK(added[2].info.name == "part");
    CHECK(read_all(added[0].body.release()) == "bytes");
}

TEST_CASE("a message has at most 1000 parts, those that components add counted") {
    fixture f;
    f.message.accept_parts();
    for (std::size_t i = 2; i < part_count_max; ++i) {
        REQUIRE(f.message.add_part({.name = "same"}, stream_of("")).has_value());
    }
    const hawser_stream stream = stream_of("");
    CHECK_FALSE(f.message.add_part({.name = "same"}, stream).has_value());
    body_stream still_ours(stream);
}
