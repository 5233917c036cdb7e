#include "delivery/delivery_context.hpp"

namespace hawser::engine {
namespace {

void write_engine_property(message_context& context, const char* name, std::string value,
                           property_type type = property_type::string) {
    // The engine's own values are short and well formed; one that is not would be a defect of ours, so it may be
    // dropped.
    (void)context.set(name, {.value = std::move(value), .type = type, .origin = property_origin::engine});
}

}  // namespace

result<void> write_delivery_context(message_context& context, const send_port_runtime& port, const chosen_transport& to,
                                    const attempt_identity& who) {
    const transport_runtime& transport = *to.transport;
    if (port.is_dynamic) {
        context.lay_under(transport.properties);
    } else {
        context.lay_over(transport.properties);
    }
    if (port.is_dynamic && !transport.address_property.empty()) {  // never the message's own: it may not be allowed
        if (result<void> done =
                context.set(transport.address_property, {.value = to.location, .origin = property_origin::message});
            !done) {
            return done;
        }
    }
    write_engine_property(context, "BTS.MessageID", who.message_id);
    write_engine_property(context, "BTS.SPName", port.name);
    write_engine_property(context, "BTS.OutboundTransportType", transport.type);
    if (!to.location.empty()) {
        write_engine_property(context, "BTS.OutboundTransportLocation", to.location);
    }
    write_engine_property(context, "BTS.RetryCount", std::to_string(transport.retry_count), property_type::integer);
    write_engine_property(context, "BTS.ActualRetryCount", std::to_string(who.attempt), property_type::integer);
    if (!who.primary_failure_code.empty()) {
        write_engine_property(context, "ErrorReport.FailureCode", who.primary_failure_code);
        write_engine_property(context, "ErrorReport.Description", who.primary_failure_text);
    }
    return {};
}

}  // namespace hawser::engine
