#include <doctest/doctest.h>

#include "message/context.hpp"
#include "message/part.hpp"

using namespace hawser::engine;

TEST_CASE("a context refuses names without a namespace and values that do not fit their type") {
    message_context context;
    CHECK_FALSE(context.set("Subject", {.value = "x"}));
    CHECK_FALSE(context.set("SMTP.Sub\r\nject", {.value = "x"}));
    CHECK_FALSE(context.set("SMTP.Number", {.value = "1x", .type = property_type::integer}));
    CHECK_FALSE(context.set("SMTP.Flag", {.value = "yes", .type = property_type::boolean}));
    CHECK_FALSE(context.set("SMTP.ReplyBy", {.value = "tomorrow", .type = property_type::date_time}));
    CHECK(context.set("SMTP.ReplyBy", {.value = "1985-04-12T23:20:50.52Z", .type = property_type::date_time}));
    CHECK(context.set("SMTP.ReplyBy", {.value = "1996-12-19T16:39:57-08:00", .type = property_type::date_time}));
}

TEST_CASE("a promoted value has at most 255 bytes") {
    message_context context;
    CHECK(context.set("A.B", {.value = std::string(255, 'x'), .is_promoted = true}));
    CHECK_FALSE(context.set("A.B", {.value = std::string(256, 'x'), .is_promoted = true}));
    CHECK(context.set("A.B", {.value = std::string(256, 'x')}));
}

TEST_CASE("a context survives its stored form, and a damaged form is refused at every length") {
    message_context context;
    REQUIRE(context.set("SMTP.Subject", {.value = std::string("a\0b", 3), .is_promoted = true}));
    REQUIRE(context.set("BTS.RetryCount",
                        {.value = "-3", .type = property_type::integer, .origin = property_origin::engine}));
    const std::string bytes = context.encode();
    const auto back = message_context::decode(bytes);
    REQUIRE(back);
    CHECK(*back == context);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(message_context::decode(std::string_view(bytes).substr(0, size)));
    }
    CHECK_FALSE(message_context::decode(bytes + "x"));
}

TEST_CASE("what a port gives every message stands over or under a context's own properties") {
    const auto given = std::make_shared<message_context::map_type>(message_context::map_type{
        {"A.Both", {"port's", property_type::string, property_origin::bindings, false}},
        {"A.Port", {"port's", property_type::string, property_origin::bindings, false}}});
    message_context own;
    REQUIRE(own.set("A.Both", {.value = "message's"}));
    REQUIRE(own.set("A.Own", {.value = "message's"}));

    message_context under = own;
    under.lay_under(given);
    CHECK(under.text_or("A.Both", "") == "message's");
    CHECK(under.text_or("A.Port", "") == "port's");
    CHECK(under.all().size() == 3);
    CHECK(under.size() == 3);
    std::string seen;
    under.for_each([&seen](const auto& entry) { seen += entry.first + '=' + entry.second.value + ' '; });
    CHECK(seen == "A.Both=message's A.Own=message's A.Port=port's ");
    CHECK(under.all().at("A.Both").value == "message's");

    message_context over = own;
    over.lay_over(given);
    CHECK(over.text_or("A.Both", "") == "port's");
    CHECK(over.find("A.Both")->origin == property_origin::bindings);
    CHECK(over.text_or("A.Own", "") == "message's");
    REQUIRE(over.set("A.Port", {.value = "component's"}));
    CHECK(over.text_or("A.Port", "") == "component's");
    over.erase("A.Port");
    CHECK(over.find("A.Port") == nullptr);
    over.erase("A.Both");
    CHECK(over.find("A.Both") == nullptr);
    CHECK(over.all().size() == 1);
    CHECK(given->size() == 2);
    message_context copied = under;
    CHECK(copied == under);
    CHECK(message_context::decode(under.encode())->all() == under.all());
}

TEST_CASE("a part list survives its stored form") {
    part_info body{.name = "body",
                   .content_type = "application/pdf",
                   .charset = {},
                   .file_name = "a.pdf",
                   .properties = {},
                   .size = 1ULL << 40U,
                   .is_body = true};
    const std::string bytes = encode_parts({body});
    const auto back = decode_parts(bytes);
    REQUIRE(back);
    CHECK(*back == std::vector<part_info>{body});
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(decode_parts(std::string_view(bytes).substr(0, size)));
    }
}
