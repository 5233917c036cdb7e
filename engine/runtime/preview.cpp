// The embedding API's preview: what a send port would transmit, or what a receive port would publish; without a
// message box.
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/uuid.hpp"
#include "pipeline/spool.hpp"
#include "runtime/host_generation.hpp"
#include "runtime/offline_port.hpp"
#include "runtime/public_names.hpp"
#include "runtime/submission_intake.hpp"

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

// The `index`-th of that name, because a field may be there several times; null where there are not so many.
const mail_header_field* find_field(const std::vector<mail_header_field>& all, const std::string& name,
                                    std::size_t index) {
    for (const mail_header_field& one : all) {
        if (one.name == name && index-- == 0) {
            return &one;
        }
    }
    return nullptr;
}

// The fields as they were composed, of those that are inside the seal, and what is left of each outside.
std::string describe_protected(const working_message& message, const std::vector<mail_header_field>& composed) {
    std::string text;
    std::map<std::string, std::size_t> seen;
    for (const mail_header_field& inner : composed) {
        if (!is_protected(message, inner.name)) {
            continue;
        }
        const mail_header_field* outer = find_field(message.mail_headers(), inner.name, seen[inner.name]++);
        const std::string outside = outer == nullptr              ? "not outside"
                                    : outer->value == inner.value ? "outside too"
                                                                  : "outside: " + outer->value;
        text += "  " + inner.name + ": " + inner.value + " (" + outside + ")\n";
    }
    return text.empty() ? text : "header inside the seal:\n" + text;
}

change_answer write_text_and_body(const std::string& text, body_stream& body, int descriptor) {
    bool is_written = write_all(descriptor, text);
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
    return write_text_and_body(text + headers_of(message), body, descriptor);
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

// ---- Receive ports ----

// The body part is kept, because what the pipeline says of the message is known at its end only; of the others, their
// sizes.
struct previewed_parts {
    std::string spool_folder = std::filesystem::temp_directory_path().string();
    body_stream body;
    std::vector<std::uint64_t> sizes;

    result<void> take(body_stream& part) {
        if (!body.is_open()) {
            body = spool_body(std::move(part), spool_folder);
            sizes.push_back(static_cast<std::uint64_t>(body.size_hint()));
            return {};
        }
        std::string buffer(64 * 1024, '\0');
        std::uint64_t size = 0;
        while (const std::size_t read = part.read(buffer.data(), buffer.size())) {
            size += read;
        }
        sizes.push_back(size);
        return {};
    }
};

std::string text_of(const received_message& received, const std::vector<std::uint64_t>& sizes) {
    std::string text;
    for (const message_property& one : to_public(received.context)) {
        text += one.name + (one.is_promoted ? " (promoted): " : ": ") + printable(one.value, 4096) + "\n";
    }
    text += "\n";
    for (std::size_t i = 0; i < received.parts.size(); ++i) {
        const part_info& part = received.parts[i];
        text += "part " + printable(part.name, 256) + ": " +
                (part.content_type.empty() ? "no content type" : printable(part.content_type, 256)) +
                (part.charset.empty() ? "" : "; charset=" + printable(part.charset, 80)) +
                (part.file_name.empty() ? "" : "; file " + printable(part.file_name, 256)) + ", " +
                std::to_string(sizes.at(i)) + " bytes" + (part.is_body ? " (body)" : "") + "\n";
    }
    return text + "\n";
}

change_answer refusal_of(const error& failure) { return {code_of(failure), 0, failure.text}; }

change_answer preview_receive_port(const loaded_configuration& loaded, const receive_port_binding& binding,
                                   const submission& submitted, int descriptor) {
    counters counted;
    host_services services(loaded.bindings().host, counted);
    const std::shared_ptr<receive_port_runtime> port = make_receive_port(loaded, services.services, binding);
    const std::string message_id = make_uuid();
    result<message_context> context = read_received_context(submitted, message_id, port->name);
    result<std::vector<part_info>> infos = read_part_infos(submitted);
    if (!context || !infos) {
        return refusal_of(context ? infos.error() : context.error());
    }
    messages_under_way under_way;
    previewed_parts parts;
    submitted_bodies bodies(submitted, parts.spool_folder);
    const result<received_message> received = receive_message(*port, std::move(*context), std::move(*infos), bodies,
                                                              {message_id, system_clock().unix_ms(), under_way},
                                                              [&parts](body_stream& part) { return parts.take(part); });
    if (!received) {
        return refusal_of(received.error());
    }
    return write_text_and_body(text_of(*received, parts.sizes), parts.body, descriptor);
}

change_answer preview_receive_port(const loaded_configuration& loaded, const submission& submitted, int descriptor) {
    for (const receive_port_binding& one : loaded.bindings().receive_ports) {
        if (one.name == submitted.receive_port) {
            return preview_receive_port(loaded, one, submitted, descriptor);
        }
    }
    return {answer_code::no_subscriber, 0,
            "there is no receive port \"" + printable(submitted.receive_port, 80) + "\" in the bindings"};
}

}  // namespace
}  // namespace engine

change_answer preview(const configuration& loaded, const submission& message, int descriptor) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    try {
        if (!message.receive_port.empty()) {
            return preview_receive_port(own, message, descriptor);
        }
        const send_port_binding* found = find_port(own, message.port);
        if (found == nullptr) {
            return {answer_code::no_subscriber, 0, "there is no send port \"" + message.port + '"'};
        }
        return preview_port(own, *found, message, descriptor);
    } catch (const std::exception& failure) {
        return {answer_code::suspended, 0, failure.what()};
    }
}

}  // namespace hawser
