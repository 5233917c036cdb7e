#include "runtime/offline_port.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "delivery/delivery_context.hpp"
#include "runtime/submission_intake.hpp"
#include "runtime/submitted_part.hpp"

namespace hawser::engine {

offline_port::offline_port(const loaded_configuration& loaded, const send_port_binding& binding)
    : store_(store_sources(loaded.bindings().host.certificates)),
      revocation_(make_revocation_refresher(loaded.bindings().host, store_)),
      view_(store_, revocation_.get()),
      services_{&view_, &counted_, &system_clock()},
      adapters_(make_adapters(loaded, services_)),
      port_(make_port(loaded, services_, adapters_, binding)) {}

result<offline_port::prepared> offline_port::prepare(const submission& submitted, bool is_on_backup) const {
    const std::string message_id = make_uuid();
    result<message_context> context = read_context(submitted, message_id);
    if (!context) {
        return unexpected{context.error()};
    }
    result<chosen_transport> to = choose_transport(*port_, *context, is_on_backup);
    if (!to) {
        return unexpected{to.error()};
    }
    if (result<void> done = write_delivery_context(*context, *port_, *to, {message_id}); !done) {
        return unexpected{done.error()};
    }
    std::vector<part_info> parts;
    for (const submission_part& part : submitted.parts) {
        result<part_info> info = read_part_info(part, parts.empty());
        if (!info) {
            return unexpected{info.error()};
        }
        parts.push_back(std::move(*info));
    }
    auto message = std::make_unique<working_message>(
        port_->environment, working_message::identity{message_id, make_uuid(), system_clock().unix_ms(), 1},
        std::move(*context), std::move(parts),
        [&submitted](std::size_t index) { return open_submitted(submitted.parts[index]); });
    return prepared{std::move(*to), std::move(message)};
}

const send_port_binding* find_port(const loaded_configuration& loaded, const std::string& name) {
    const auto& ports = loaded.bindings().send_ports;
    const auto found =
        std::find_if(ports.begin(), ports.end(), [&](const send_port_binding& one) { return one.name == name; });
    return found == ports.end() ? nullptr : &*found;
}

}  // namespace hawser::engine
