#include "delivery/notification.hpp"

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/uuid.hpp"

namespace hawser::engine {
namespace {

// Longer values are cut, because a promoted one has a limit; the attempt's history has the whole text.
void promote(message_context& context, const char* name, std::string_view value,
             property_type type = property_type::string) {
    if (value.empty()) {
        return;
    }
    std::size_t size = std::min(value.size(), promoted_value_size_max);
    while (size < value.size() && size > 0 && (static_cast<unsigned char>(value[size]) & 0xc0) == 0x80) {
        --size;  // never within a UTF-8 sequence
    }
    (void)context.set(name, {std::string(value.substr(0, size)), type, property_origin::engine, true});
}

// What the pipeline or the adapter could not do has another cure than what the way could not.
const char* category_of(const std::string& code) {
    return code.rfind("pipeline.", 0) == 0 || code.rfind("compose.", 0) == 0 ? "pipeline" : "transport";
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        default: out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    return out;
}

// The shape of BizTalk's negative acknowledgement: a SOAP 1.1 fault (W3C note, section 4.4) whose detail is the NACK.
std::string soap_fault(const delivery_facts& facts) {
    return fmt::format(
        "<SOAP:Envelope xmlns:SOAP=\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP:Body><SOAP:Fault>"
        "<faultcode>SOAP:Server</faultcode>"
        "<faultstring>The message could not be delivered; see the detail.</faultstring><faultactor>{}</faultactor>"
        "<detail><ns0:NACK Type=\"NACK\" xmlns:ns0=\"http://schema.microsoft.com/BizTalk/2003/NACKMessage.xsd\">"
        "<NAckID>{{{}}}</NAckID><ErrorCode>{}</ErrorCode><ErrorCategory>{}</ErrorCategory>"
        "<ErrorDescription>{}</ErrorDescription></ns0:NACK></detail></SOAP:Fault></SOAP:Body></SOAP:Envelope>",
        xml_escaped(facts.location), facts.message_id, xml_escaped(facts.code), category_of(facts.code),
        xml_escaped(facts.text));
}

publication make_publication(const delivery_facts& facts, message_context context,
                             std::vector<new_delivery> deliveries) {
    publication message;
    message.message_id = make_uuid();
    message.published_unix_ms = facts.now_unix_ms;
    message.context = std::move(context);
    promote(message.context, "BTS.MessageID", message.message_id);
    message.deliveries = std::move(deliveries);
    return message;
}

}  // namespace

bool is_notification(const message_context& context) {
    return context.find("BTS.AckType") != nullptr || context.find("ErrorReport.ErrorType") != nullptr;
}

message_context acknowledgement_context(const delivery_facts& facts, const message_context& original) {
    message_context context;
    promote(context, "BTS.AckType", facts.code.empty() ? "ACK" : "NACK");
    promote(context, "BTS.AckID", facts.message_id);
    promote(context, "BTS.AckSendPortName", facts.port);
    promote(context, "BTS.AckOutboundTransportLocation", facts.location);
    promote(context, "BTS.AckReceivePortName", original.text_or("BTS.ReceivePortName", ""));
    promote(context, "BTS.AckInboundTransportLocation", original.text_or("BTS.InboundTransportLocation", ""));
    promote(context, "BTS.CorrelationToken", original.text_or("BTS.CorrelationToken", ""));
    if (!facts.code.empty()) {
        promote(context, "BTS.AckFailureCode", facts.code);
        promote(context, "BTS.AckFailureCategory", category_of(facts.code));
        promote(context, "BTS.AckDescription", facts.text);
    }
    return context;
}

publication make_acknowledgement(const delivery_facts& facts, const message_context& original,
                                 std::vector<new_delivery> deliveries) {
    publication message = make_publication(facts, acknowledgement_context(facts, original), std::move(deliveries));
    std::string body = facts.code.empty() ? std::string{} : soap_fault(facts);
    new_part part;
    part.info.name = "body";
    part.info.content_type = body.empty() ? "" : "text/xml";
    part.info.charset = body.empty() ? "" : "utf-8";
    part.info.size = body.size();
    part.info.is_body = true;
    part.body = std::move(body);
    message.parts.push_back(std::move(part));
    return message;
}

message_context failed_message_context(const delivery_facts& facts, const message_context& original) {
    message_context context;
    for (const auto& [name, property] : original.all()) {
        context_property demoted = property;
        demoted.is_promoted = false;  // or the failed message would go the same way again
        (void)context.set(name, std::move(demoted));
    }
    promote(context, "ErrorReport.ErrorType", "FailedMessage");
    promote(context, "ErrorReport.FailureCode", facts.code);
    promote(context, "ErrorReport.FailureCategory", category_of(facts.code));
    promote(context, "ErrorReport.Description", facts.text);
    promote(context, "ErrorReport.FailureMessageID", facts.message_id);
    promote(context, "ErrorReport.FailureInstanceID", facts.unique_id);
    promote(context, "ErrorReport.FailureTime", rfc3339(facts.now_unix_ms), property_type::date_time);
    promote(context, "ErrorReport.FailureAdapter", facts.transport_type);
    promote(context, "ErrorReport.SendPortName", facts.port);
    promote(context, "ErrorReport.OutboundTransportLocation", facts.location);
    for (const char* name : {"MessageType", "ReceivePortName", "InboundTransportLocation"}) {
        promote(context, (std::string("ErrorReport.") + name).c_str(),
                original.text_or(std::string("BTS.") + name, ""));
    }
    return context;
}

publication make_failed_message(const delivery_facts& facts, const message_context& original,
                                const std::vector<part_info>& parts, std::int64_t sequence,
                                std::vector<new_delivery> deliveries) {
    publication message = make_publication(facts, failed_message_context(facts, original), std::move(deliveries));
    for (std::size_t i = 0; i < parts.size(); ++i) {
        message.parts.push_back({parts[i], stored_part{sequence, i}});
    }
    return message;
}

}  // namespace hawser::engine
