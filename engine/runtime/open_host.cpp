// The embedding API's entry points that need a message box, or a pipeline without one.
#include <algorithm>

#include "control/control_client.hpp"
#include "runtime/local_host.hpp"
#include "runtime/offline_port.hpp"
#include "runtime/public_names.hpp"

namespace hawser {
namespace engine {
namespace {

std::string headers_of(const working_message& message) {
    std::string text;
    for (const mail_header_field& field : message.mail_headers()) {
        text += field.name + ": " + field.value + "\r\n";
    }
    return text;
}

// A component that protects header fields says which; a message that comes with such a property says nothing.
bool is_protected(const working_message& message, const std::string& name) {
    const context_property* names = message.context().find("SMIME.ProtectedFields");
    return names != nullptr && names->origin == property_origin::component &&
           (',' + names->value + ',').find(',' + name + ',') != std::string::npos;
}

// The fields as they were composed, of those that are inside the seal, and what is left of each outside.
std::string describe_protected(const working_message& message, const std::vector<mail_header_field>& composed) {
    std::string text;
    for (const mail_header_field& inner : composed) {
        if (!is_protected(message, inner.name)) {
            continue;
        }
        const auto& all = message.mail_headers();
        const auto outer =
            std::find_if(all.begin(), all.end(), [&](const mail_header_field& one) { return one.name == inner.name; });
        const std::string outside = outer == all.end()            ? "not outside"
                                    : outer->value == inner.value ? "outside too"
                                                                  : "outside: " + outer->value;
        text += "  " + inner.name + ": " + inner.value + " (" + outside + ")\n";
    }
    return text.empty() ? text : "header inside the seal:\n" + text;
}

change_answer write_preview(working_message& message, adapter_instance& adapter,
                            const std::vector<mail_header_field>& composed, int descriptor) {
    std::string text;
    std::string error;
    if (adapter.preview(message, text, error) < 0) {
        return {answer_code::suspended, 0, error};
    }
    text += describe_protected(message, composed);
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
    const offline_port port(loaded, binding);
    result<offline_port::prepared> made = port.prepare(submitted, false);
    if (!made) {
        return {answer_code::bad_input, 0, made.error().text};
    }
    const auto& [to, message] = *made;
    adapter_instance& adapter = *to.transport->adapter;
    std::vector<mail_header_field> composed;
    compose_function compose = adapter.composer();
    if (compose) {
        compose = [inner = std::move(compose), &composed](working_message& one, std::string& error) {
            const hawser_status status = inner(one, error);
            composed = one.mail_headers();
            return status;
        };
    }
    if (const auto failure = port.runtime().pipeline->run(*message, compose, to.transport->type)) {
        return {answer_code::suspended, 0, failure->text};
    }
    return write_preview(*message, adapter, composed, descriptor);
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
    const send_port_binding* found = find_port(own, message.port);
    if (found == nullptr) {
        return {answer_code::no_subscriber, 0, "there is no send port \"" + message.port + '"'};
    }
    try {
        return preview_port(own, *found, message, descriptor);
    } catch (const std::exception& failure) {
        return {answer_code::suspended, 0, failure.what()};
    }
}

}  // namespace hawser
