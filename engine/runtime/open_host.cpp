// The embedding API's entry points that need a message box, or a pipeline without one.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "control/control_client.hpp"
#include "delivery/delivery_context.hpp"
#include "runtime/local_host.hpp"
#include "runtime/public_names.hpp"

namespace hawser {
namespace engine {
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

std::string headers_of(const working_message& message) {
    std::string text;
    for (const mail_header_field& field : message.mail_headers()) {
        text += field.name + ": " + field.value + "\r\n";
    }
    return text;
}

change_answer write_preview(working_message& message, adapter_instance& adapter, int descriptor) {
    std::string text;
    std::string error;
    if (adapter.preview(message, text, error) < 0) {
        return {answer_code::suspended, 0, error};
    }
    if (!text.empty()) {
        text += "\n";
    }
    result<hawser_stream> taken = message.take_body(HAWSER_BODY_PART);
    if (!taken) {
        return {answer_code::bad_input, 0, taken.error().text};
    }
    body_stream body(*taken);
    bool is_written = write_all(descriptor, text + headers_of(message));
    std::string buffer(64 * 1024, '\0');
    while (is_written) {
        const std::size_t size = body.read(buffer.data(), buffer.size());
        if (size == 0) {
            return {answer_code::done, 1, ""};
        }
        is_written = write_all(descriptor, std::string_view(buffer).substr(0, size));
    }
    return {answer_code::bad_input, 0, "the preview cannot be written to its destination"};
}

change_answer preview_port(const loaded_configuration& loaded, const send_port_binding& binding,
                           const submission& submitted, int descriptor) {
    const certificate_folders& folders = loaded.bindings().host.certificates;
    const certificate_store store({folders.personal, folders.other_people, folders.trusted});
    const certificate_view view(store);
    counters counted;
    const engine_services services{&view, &counted, &system_clock()};
    const adapter_map adapters = make_adapters(loaded, services);
    const std::shared_ptr<send_port_runtime> port = make_port(loaded, services, adapters, binding);
    const std::string message_id = make_uuid();
    result<message_context> context = read_context(submitted, message_id);
    if (!context) {
        return {answer_code::bad_input, 0, context.error().text};
    }
    const result<chosen_transport> to = choose_transport(*port, *context, false);
    if (!to) {
        return {answer_code::bad_input, 0, to.error().text};
    }
    if (result<void> done = write_delivery_context(*context, *port, *to, {message_id}); !done) {
        return {answer_code::bad_input, 0, done.error().text};
    }
    std::vector<part_info> parts;
    for (const submission_part& part : submitted.parts) {
        result<part_info> info = read_part_info(part, parts.empty());
        if (!info) {
            return {answer_code::bad_input, 0, info.error().text};
        }
        parts.push_back(std::move(*info));
    }
    working_message message(port->environment, {message_id, make_uuid(), system_clock().unix_ms(), 1},
                            std::move(*context), std::move(parts),
                            [&submitted](std::size_t index) { return open_submitted(submitted.parts[index]); });
    if (const auto failure = port->pipeline->run(message, to->transport->adapter->composer(), to->transport->type)) {
        return {answer_code::suspended, 0, failure->text};
    }
    return write_preview(message, *to->transport->adapter, descriptor);
}

}  // namespace
}  // namespace engine

opened<host> open_host(const configuration& loaded, const host_options& options) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    result<std::unique_ptr<message_box>> box = open_sqlite_message_box(own.message_box_path(), options.lock_wait_ms);
    if (!box) {
        return {nullptr, box.error().code, box.error().text};
    }
    try {
        const std::shared_ptr<const loaded_configuration> borrowed(std::shared_ptr<void>(), &own);
        return {std::make_unique<local_host>(borrowed, options, std::move(*box)), "", ""};
    } catch (const std::exception& failure) {
        return {nullptr, "host.failed", failure.what()};
    }
}

opened<bus> connect(const std::string& message_box_path) { return engine::connect_control(message_box_path + ".sock"); }

opened<bus> connect(const configuration& loaded) { return connect(loaded.message_box_path()); }

change_answer preview(const configuration& loaded, const submission& message, int descriptor) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    const auto& ports = own.bindings().send_ports;
    const auto found = std::find_if(ports.begin(), ports.end(),
                                    [&](const send_port_binding& one) { return one.name == message.port; });
    if (found == ports.end()) {
        return {answer_code::no_subscriber, 0, "there is no send port \"" + message.port + '"'};
    }
    try {
        return preview_port(own, *found, message, descriptor);
    } catch (const std::exception& failure) {
        return {answer_code::suspended, 0, failure.what()};
    }
}

}  // namespace hawser
