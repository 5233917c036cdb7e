#include "runtime/seal_trial.hpp"

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "runtime/port_factory.hpp"

namespace hawser::engine {
namespace {

// The others may want what a real message has.
send_port_binding only_sealing(const loaded_configuration& loaded, send_port_binding port) {
    std::erase_if(port.pipeline, [&](const component_binding& one) {
        const loaded_component* plugin = loaded.registry().find(HAWSER_KIND_PIPELINE_COMPONENT, one.component);
        return (plugin->descriptor->flags & HAWSER_FLAG_SEALS) == 0;
    });
    port.require.clear();
    return port;
}

void read_to_end(working_message& message) {
    result<hawser_stream> taken = message.take_body(HAWSER_BODY_PART);
    if (!taken) {
        throw stream_failure(HAWSER_FAILED, taken.error().text);
    }
    body_stream body(*taken);
    std::string buffer(16 * 1024, '\0');
    while (body.read(buffer.data(), buffer.size()) != 0) {
    }
}

}  // namespace

std::optional<pipeline_failure> try_seal(const loaded_configuration& loaded, const engine_services& services,
                                         const send_port_binding& binding) {
    const send_port_binding port = only_sealing(loaded, binding);
    const std::unique_ptr<pipeline> components = make_send_pipeline(loaded, services, port);
    const bool encrypts = (components->configured_seals() & HAWSER_SEAL_ENCRYPTED) != 0;
    if (components->configured_seals() == 0 || (encrypts && port.encryption_certificates.empty())) {
        return std::nullopt;
    }
    const message_environment environment = environment_of(loaded, port);
    const auto sample = std::make_shared<const std::string>("A sample.\r\n");
    part_info part;
    part.name = "body";
    part.content_type = "text/plain";
    part.size = sample->size();
    part.is_body = true;
    const std::string message_id = make_uuid();
    working_message message(environment, {message_id, make_uuid(), system_clock().unix_ms(), 1}, message_context{},
                            {std::move(part)}, [&](std::size_t) { return make_stream(sample); });
    try {
        if (auto failure = components->run(message, {}, "")) {
            return failure;
        }
        read_to_end(message);
    } catch (const stream_failure& failure) {
        return pipeline_failure{"pipeline.component", failure.what(), failure.status() == HAWSER_TRY_LATER};
    }
    return std::nullopt;
}

}  // namespace hawser::engine
