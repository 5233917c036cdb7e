#include "delivery/notification.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

message_context original_context() {
    message_context context;
    REQUIRE(context.set("BTS.ReceivePortName", {"Invoices", property_type::string, property_origin::message, true}));
    REQUIRE(context.set("ERP.Customer", {"C17", property_type::string, property_origin::message, true}));
    return context;
}

}  // namespace

TEST_CASE("a failed message keeps its context, of which nothing is promoted any more, beside the error report") {
    const delivery_facts facts{"m1", "u1", "Out", "SMTP", "mailto:a@x", "smtp.refused", "550 no", 1'000'000};
    const message_context context = failed_message_context(facts, original_context());
    REQUIRE(context.find("ERP.Customer") != nullptr);
    CHECK_FALSE(context.find("ERP.Customer")->is_promoted);
    CHECK_FALSE(context.find("BTS.ReceivePortName")->is_promoted);
    CHECK(context.text_or("ErrorReport.ReceivePortName", "") == "Invoices");
    CHECK(context.text_or("ErrorReport.FailureTime", "") == "1970-01-01T00:16:40Z");
    for (const char* name :
         {"ErrorReport.ErrorType", "ErrorReport.FailureCode", "ErrorReport.Description", "ErrorReport.FailureMessageID",
          "ErrorReport.FailureAdapter", "ErrorReport.SendPortName", "ErrorReport.OutboundTransportLocation"}) {
        REQUIRE(context.find(name) != nullptr);
        CHECK(context.find(name)->is_promoted);
    }
    CHECK(is_notification(context));
    CHECK_FALSE(is_notification(original_context()));
}

TEST_CASE("a long description is cut within the limit of promoted values, and never inside a character") {
    std::string text(254, 'x');
    text += "\xC3\xA9 and more";  // é begins at the last byte that fits
    const message_context context = acknowledgement_context({.message_id = "m1", .code = "c", .text = text}, {});
    CHECK(context.text_or("BTS.AckDescription", "") == std::string(254, 'x'));
}

TEST_CASE("nothing that a server answers breaks out of the SOAP fault of a NACK") {
    const delivery_facts facts{
        .message_id = "m1", .location = "mailto:<a&b>", .code = "c", .text = "</ErrorDescription>\x01<x>&"};
    const publication nack = make_acknowledgement(facts, {}, {{"Notes"}});
    const auto& body = std::get<std::string>(nack.parts.at(0).body);
    CHECK(body.find("&lt;/ErrorDescription&gt; &lt;x&gt;&amp;") != std::string::npos);
    CHECK(body.find("<faultactor>mailto:&lt;a&amp;b&gt;</faultactor>") != std::string::npos);
    CHECK(nack.parts[0].info.content_type == "text/xml");
    CHECK(nack.parts[0].info.size == body.size());
}
