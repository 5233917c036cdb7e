#include "delivery/dynamic_transport.hpp"

#include <doctest/doctest.h>

#include "delivery/delivery_context.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using hawser::engine::test::context_of;

namespace {

transport_runtime make_mail() {
    transport_runtime mail;
    mail.type = "SMTP";
    mail.address_scheme = "mailto";
    mail.address_property = "SMTP.To";
    mail.recipient_properties = {"SMTP.CC"};
    mail.properties = std::make_shared<message_context::map_type>(message_context::map_type{
        {"SMTP.From", {"bus@contoso.example", property_type::string, property_origin::bindings, false}}});
    return mail;
}

send_port_runtime make_dynamic() {
    send_port_runtime port;
    port.name = "Dynamic";
    port.is_dynamic = true;
    port.allowed_locations = {"mailto:*@partner.example", "file:///out/*"};
    port.primary = make_mail();
    port.dynamic_transports.push_back(make_mail());
    transport_runtime& file = port.dynamic_transports.emplace_back();
    file.type = "FILE";
    file.address_scheme = "file";
    return port;
}

std::string refusal(const std::map<std::string, std::string>& values) {
    const send_port_runtime port = make_dynamic();
    const auto chosen = choose_transport(port, context_of(values), false);
    return chosen ? "" : chosen.error().code;
}

constexpr const char* location_name = "BTS.OutboundTransportLocation";
constexpr const char* type_name = "BTS.OutboundTransportType";

}  // namespace

TEST_CASE("a dynamic port takes the transport that the message's location or type names") {
    const send_port_runtime port = make_dynamic();
    const auto mail = choose_transport(port, context_of({{location_name, "mailto:a@partner.example"}}), false);
    REQUIRE(mail);
    CHECK(mail->transport->type == "SMTP");
    CHECK(mail->label() == "SMTP mailto:a@partner.example");
    const auto file =
        choose_transport(port, context_of({{location_name, "file:///out/a"}, {type_name, "FILE"}}), false);
    REQUIRE(file);
    CHECK(file->transport->type == "FILE");
}

TEST_CASE("a message names only what the port allows") {
    CHECK(refusal({}) == "delivery.no-location");
    CHECK(refusal({{location_name, "mailto:a@evil.example"}}) == "delivery.location-not-allowed");
    CHECK(refusal({{location_name, "mailto:a@evil.example,b@partner.example"}}) == "delivery.location-not-allowed");
    CHECK(refusal({{location_name, "mailto:a@partner.example?bcc=x@evil.example"}}) == "delivery.location-not-allowed");
    CHECK(refusal({{location_name, "file:///out/../etc/passwd"}}) == "delivery.location-not-allowed");
    CHECK(refusal({{location_name, "mailto:a@partner.example"}, {type_name, "FTP"}}) == "delivery.no-transport");
    CHECK(refusal({{location_name, "mailto:a@partner.example"}, {type_name, "FILE"}}) == "delivery.no-transport");
}

TEST_CASE("a message adds no recipient that the port does not allow") {
    const std::string location = "mailto:a@partner.example";
    CHECK(refusal({{location_name, location}, {"SMTP.CC", "b@partner.example; c@partner.example"}}).empty());
    for (const char* cc : {"b@evil.example", "b@partner.example, c@evil.example", "\"x\" <b@partner.example>", ",",
                           "b@partner.example,", "%DestinationParty%", "b @partner.example"}) {
        CAPTURE(cc);
        CHECK(refusal({{location_name, location}, {"SMTP.CC", cc}}) == "delivery.location-not-allowed");
    }
}

TEST_CASE("on a dynamic port the message's properties stay, but the recipient is the location that was allowed") {
    const send_port_runtime port = make_dynamic();
    message_context context = context_of({{location_name, "mailto:a@partner.example"},
                                          {"SMTP.From", "own@contoso.example"},
                                          {"SMTP.To", "mailto:b@evil.example"}});
    const auto to = choose_transport(port, context, false);
    REQUIRE(to);
    REQUIRE(write_delivery_context(context, port, *to, {"id"}));
    CHECK(context.text_or("SMTP.To", "") == "mailto:a@partner.example");
    CHECK(context.text_or("SMTP.From", "") == "own@contoso.example");
    CHECK(context.text_or("BTS.OutboundTransportType", "") == "SMTP");
    CHECK(context.text_or(location_name, "") == "mailto:a@partner.example");
}

TEST_CASE("a static port's own values win, and its location is its own") {
    send_port_runtime port = make_dynamic();
    port.is_dynamic = false;
    port.primary.address = "mailto:own@partner.example";
    message_context context = context_of({{location_name, "mailto:a@evil.example"}, {"SMTP.From", "a@evil.example"}});
    const auto to = choose_transport(port, context, false);
    REQUIRE(to);
    REQUIRE(write_delivery_context(context, port, *to, {"id", 0, "smtp.down", "no answer"}));
    CHECK(context.text_or(location_name, "") == "mailto:own@partner.example");
    CHECK(context.text_or("SMTP.From", "") == "bus@contoso.example");
    CHECK(context.text_or("ErrorReport.FailureCode", "") == "smtp.down");
    CHECK(context.text_or("ErrorReport.Description", "") == "no answer");
}
