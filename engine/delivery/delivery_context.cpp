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

result<void> write_delivery_context(message_context& context, const send_port_runtime& port,
                                    const transport_runtime& transport, const std::string& message_id,
                                    std::uint32_t attempt) {
    for (const auto& [name, property] : transport.properties) {
        if (!port.is_dynamic || context.find(name) == nullptr) {
            if (result<void> done = context.set(name, property); !done) {
                return done;
            }
        }
    }
    write_engine_property(context, "BTS.MessageID", message_id);
    write_engine_property(context, "BTS.SPName", port.name);
    write_engine_property(context, "BTS.OutboundTransportType", transport.type);
    if (!transport.address.empty()) {
        write_engine_property(context, "BTS.OutboundTransportLocation", transport.address);
    }
    write_engine_property(context, "BTS.RetryCount", std::to_string(transport.retry_count), property_type::integer);
    write_engine_property(context, "BTS.ActualRetryCount", std::to_string(attempt), property_type::integer);
    return {};
}

}  // namespace hawser::engine
