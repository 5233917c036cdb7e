#include "runtime/offline_port.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.hpp"
#include "delivery/delivery_context.hpp"
#include "runtime/submission_intake.hpp"

namespace hawser::engine {
namespace {

class descriptor_source final : public stream_source {
public:
    explicit descriptor_source(int descriptor) : descriptor_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {}
    ~descriptor_source() override { ::close(descriptor_); }
    std::size_t read(void* buffer, std::size_t capacity) override {
        const ssize_t size = ::read(descriptor_, buffer, capacity);
        if (size < 0) {
            throw stream_failure(HAWSER_IO, "the body cannot be read");
        }
        return static_cast<std::size_t>(size);
    }

private:
    int descriptor_;
};

hawser_stream open_submitted(const submission_part& part) {
    return part.descriptor >= 0 ? make_stream(std::make_unique<descriptor_source>(part.descriptor))
                                : make_stream(std::make_shared<const std::string>(part.bytes));
}

certificate_store::folders folders_of(const loaded_configuration& loaded) {
    const auto& folders = loaded.bindings().host.certificates;
    return {folders.personal, folders.other_people, folders.trusted};
}

}  // namespace

offline_port::offline_port(const loaded_configuration& loaded, const send_port_binding& binding)
    : store_(folders_of(loaded)),
      revocation_(make_revocation_refresher(loaded.bindings().host, store_)),
      view_(store_, revocation_.get()),
      services_{&view_, &counted_, &system_clock()},
      adapters_(make_adapters(loaded, services_)),
      port_(make_port(loaded, services_, adapters_, binding)) {}

result<offline_port::prepared> offline_port::prepare(const submission& submitted, bool is_on_backup) const {
    const std::string message_id = make_uuid();
    result<message_context> context = read_context(submitted, message_id);
    if (!context) {
        return unexpected(context.error());
    }
    result<chosen_transport> to = choose_transport(*port_, *context, is_on_backup);
    if (!to) {
        return unexpected(to.error());
    }
    if (result<void> done = write_delivery_context(*context, *port_, *to, {message_id}); !done) {
        return unexpected(done.error());
    }
    std::vector<part_info> parts;
    for (const submission_part& part : submitted.parts) {
        result<part_info> info = read_part_info(part, parts.empty());
        if (!info) {
            return unexpected(info.error());
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
