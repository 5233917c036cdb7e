#include "runtime/submission_intake.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/uuid.hpp"
#include "hawser/abi.h"
#include "runtime/body_taker.hpp"
#include "runtime/content_digest.hpp"
#include "runtime/submitted_part.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr const char* message_id_property = "BTS.MessageID";
constexpr const char* receive_port_property = "BTS.ReceivePortName";
constexpr const char* interchange_property = "BTS.InterchangeID";
constexpr const char* interchange_number_property = "BTS.InterchangeSequenceNumber";
// Of one attempt, which the delivery says: whoever promoted it before would be routed by what is not so.
constexpr std::array attempt_properties{"BTS.SPName", "BTS.RetryCount", "BTS.ActualRetryCount"};

// `digests`: of each part as it was submitted.
std::string digest_of(const submission& message, const std::vector<std::string>& digests) {
    content_digest digest;
    digest.add_delimited(message.port);
    if (!message.receive_port.empty()) {
        digest.add_delimited(receive_port_property);
        digest.add_delimited(message.receive_port);
    }
    for (const message_property& property : message.properties) {
        digest.add_delimited(property.name);
        digest.add_delimited(property.value);
    }
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        digest.add_delimited(message.parts[i].name);
        digest.add_delimited(message.parts[i].content_type);
        digest.add_delimited(message.parts[i].file_name);
        digest.add_delimited(digests.at(i));
    }
    return digest.finish();
}

bool has_control(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return true;
        }
    }
    return false;
}

result<property_type> type_of(const message_property& property) {
    for (const property_type type :
         {property_type::string, property_type::integer, property_type::boolean, property_type::date_time}) {
        if (name_of(type) == property.type) {
            return type;
        }
    }
    return fail("bad_input", "the property " + printable(property.name, 80) + " has the unknown type \"" +
                                 printable(property.type, 20) + '"');
}

result<new_part> take_stream(body_stream& body, body_taker taker) {
    std::string buffer(read_size, '\0');
    while (const std::size_t size = body.read(buffer.data(), buffer.size())) {
        if (result<void> taken = taker.take(std::string_view(buffer).substr(0, size)); !taken) {
            return unexpected{std::move(taken).error()};
        }
    }
    return taker.finish({});
}

// The parts of a publication, while it may still be refused: then nothing of them stays in the box.
class parts_taken {
public:
    explicit parts_taken(message_box& box) : box_(box) {}
    parts_taken(const parts_taken&) = delete;
    parts_taken& operator=(const parts_taken&) = delete;
    ~parts_taken() { discard_bodies(box_, parts_); }

    result<void> take(body_stream& body, const std::function<void(std::uint64_t)>& on_progress) {
        return keep(take_stream(body, body_taker(box_, on_progress)));
    }
    // As it is. `digest`, if not nullptr, gets its bytes too.
    result<void> take(const submission_part& part, const std::function<void(std::uint64_t)>& on_progress,
                      content_digest* digest) {
        body_taker taker(box_, on_progress, digest);
        if (part.descriptor >= 0) {
            body_stream body(open_submitted(part));
            return keep(take_stream(body, std::move(taker)));
        }
        if (result<void> taken = taker.take(part.bytes); !taken) {
            return taken;
        }
        return keep(taker.finish({}));
    }
    void describe(std::vector<part_info> infos) {
        for (std::size_t i = 0; i < parts_.size(); ++i) {
            infos.at(i).size = parts_[i].info.size;
            parts_[i].info = std::move(infos[i]);
        }
    }
    std::vector<new_part> release() noexcept { return std::exchange(parts_, {}); }

private:
    result<void> keep(result<new_part> part) {
        if (!part) {
            return unexpected{std::move(part).error()};
        }
        parts_.push_back(std::move(*part));
        return {};
    }
    message_box& box_;
    std::vector<new_part> parts_;
};

// The engine has the last word on what it says itself, whatever a submission brought or a component wrote.
result<void> settle_context(message_context& context, const std::string& message_id, const std::string& receive_port) {
    context.erase(HAWSER_IS_MIME_ENCODED);  // only a component can say so, in its own attempt
    context.erase(HAWSER_TRANSFER_ENCODING);
    for (const char* name : attempt_properties) {
        context.erase(name);
    }
    const auto say = [&context](const char* name, const std::string& value,
                                property_type type = property_type::string) {
        return context.set(name, {value, type, property_origin::engine, true});
    };
    result<void> said = say(message_id_property, message_id);
    if (said) {  // a submission is one message, so its interchange has the one number and the message's id
        said = say(interchange_property, message_id);
    }
    if (said) {
        said = say(interchange_number_property, "1", property_type::integer);
    }
    if (said && !receive_port.empty()) {
        said = say(receive_port_property, receive_port);
    }
    return said ? std::move(said) : fail("bad_input", said.error().text);
}

result<void> check_parts(const submission& message) {
    if (message.parts.empty() || message.parts.size() > part_count_max) {
        return fail("bad_input", "a message has from 1 to 1000 parts");
    }
    std::set<std::string> names;
    for (const submission_part& part : message.parts) {
        if (!names.insert(part.name).second) {
            return fail("bad_input", "two parts are named \"" + printable(part.name, 80) + '"');
        }
    }
    if (message.key.size() > submission_key_size_max || has_control(message.key)) {
        return fail("bad_input", "a key is at most 255 bytes of text without control characters");
    }
    return {};
}

}  // namespace

result<part_info> read_part_info(const submission_part& part, bool is_body) {
    for (const std::string* text : {&part.name, &part.content_type, &part.charset, &part.file_name}) {
        if (has_control(*text) || text->size() > part_text_size_max) {
            return fail("bad_input",
                        "a part's name, content type, charset or file name has a control character or is too long");
        }
    }
    if (part.name.empty()) {
        return fail("bad_input", "a part needs a name");
    }
    return part_info{part.name, part.content_type, part.charset, part.file_name, {}, 0, is_body};
}

std::string engine_property_problem(const std::string& name) {
    if (name == receive_port_property) {  // filters trust it
        return name +
               " cannot be set or taken away: the engine says by which port a message came in; name the receive port "
               "instead (--receive-port)";
    }
    const bool is_engines =
        name == message_id_property || name == interchange_property || name == interchange_number_property ||
        std::find(attempt_properties.begin(), attempt_properties.end(), name) != attempt_properties.end();
    return is_engines
               ? name + " cannot be set or taken away: the engine sets it; give a property of your own another name"
               : "";
}

result<message_context> read_properties(const std::vector<message_property>& given) {
    message_context context;
    for (const message_property& property : given) {
        if (std::string problem = engine_property_problem(property.name); !problem.empty()) {
            return fail("bad_input", std::move(problem));
        }
        result<property_type> type = type_of(property);
        if (!type) {
            return unexpected{std::move(type).error()};
        }
        const bool fits = property.value.size() <= promoted_value_size_max;
        if (result<void> set = context.set(
                property.name, {property.value, *type, property_origin::message, property.is_promoted && fits});
            !set) {
            return fail("bad_input", set.error().text);
        }
    }
    return context;
}

result<message_context> read_context(const submission& message, const std::string& message_id) {
    result<message_context> context = read_properties(message.properties);
    if (context) {
        if (result<void> settled = settle_context(*context, message_id, ""); !settled) {
            return unexpected{std::move(settled).error()};
        }
    }
    return context;
}

result<message_context> read_received_context(const submission& message, const std::string& message_id,
                                              const std::string& receive_port) {
    result<message_context> context = read_context(message, message_id);
    if (context) {
        if (result<void> settled = settle_context(*context, message_id, receive_port); !settled) {
            return unexpected{std::move(settled).error()};
        }
    }
    return context;
}

result<std::vector<part_info>> read_part_infos(const submission& message) {
    std::vector<part_info> infos;
    for (const submission_part& part : message.parts) {
        result<part_info> info = read_part_info(part, infos.empty());
        if (!info) {
            return unexpected{std::move(info).error()};
        }
        infos.push_back(std::move(*info));
    }
    return infos;
}

namespace {

// Parts that are published as they were submitted.
result<publication> take_as_it_is(const submission& message, publication out, message_box& box,
                                  const intake_ports& ports, const std::function<void(std::uint64_t)>& on_progress) {
    result<std::vector<new_delivery>> deliveries =
        ports.route(message.port, out.context);  // before the bodies are read
    if (!deliveries) {
        return unexpected{std::move(deliveries).error()};
    }
    out.deliveries = std::move(*deliveries);
    result<std::vector<part_info>> infos = read_part_infos(message);
    if (!infos) {
        return unexpected{std::move(infos).error()};
    }
    parts_taken parts(box);
    const bool has_key = !out.key.empty();  // only a key is ever compared by its content
    std::vector<std::string> digests;
    for (const submission_part& part : message.parts) {
        try {
            std::optional<content_digest> digest;
            if (has_key) {
                digest.emplace();
            }
            if (result<void> taken = parts.take(part, on_progress, digest ? &*digest : nullptr); !taken) {
                return unexpected{std::move(taken).error()};
            }
            if (has_key) {
                digests.push_back(digest->finish());
            }
        } catch (const stream_failure& failure) {
            return fail("bad_input", failure.what());
        }
    }
    parts.describe(std::move(*infos));
    if (has_key) {
        out.content_sha256 = digest_of(message, digests);
    }
    out.parts = parts.release();
    return out;
}

// What the pipeline made of the parts, in the box. [worker]
result<void> take_received(const submission& message, publication& out, parts_taken& parts, submitted_bodies& bodies,
                           const receive_intake& receiving, const std::function<void(std::uint64_t)>& on_progress) {
    result<std::vector<part_info>> infos = read_part_infos(message);
    if (!infos) {
        return unexpected{std::move(infos).error()};
    }
    result<received_message> received =
        receive_message(*receiving.port, std::move(out.context), std::move(*infos), bodies,
                        {out.message_id, out.published_unix_ms, receiving.under_way},
                        [&](body_stream& body) { return parts.take(body, on_progress); });
    if (!received) {
        return unexpected{std::move(received).error()};
    }
    out.context = std::move(received->context);
    parts.describe(std::move(received->parts));
    if (!out.key.empty()) {
        out.content_sha256 = digest_of(message, bodies.finish());
    }
    return settle_context(out.context, out.message_id, receiving.port->name);
}

// Routed by what its components promote, so after all of it was read; a port that is named is looked at before, too.
result<publication> receive(const submission& message, publication out, message_box& box, const intake_ports& ports,
                            const receive_intake& receiving, const std::function<void(std::uint64_t)>& on_progress) {
    if (!message.port.empty()) {
        if (result<std::vector<new_delivery>> routed = ports.route(message.port, out.context); !routed) {
            return unexpected{std::move(routed).error()};
        }
    }
    if (result<void> settled = settle_context(out.context, out.message_id, receiving.port->name); !settled) {
        return unexpected{std::move(settled).error()};
    }
    parts_taken parts(box);
    std::atomic<std::uint64_t> size_taken = 0;
    result<void> taken;
    try {
        submitted_bodies bodies(message, receiving.spool_folder);
        const auto note_progress = [&size_taken](std::uint64_t bytes) { size_taken = bytes; };
        const auto tell_progress = [&] {
            if (on_progress && size_taken > 0) {
                on_progress(size_taken);
            }
        };
        result<void> run = receiving.on_worker(
            [&] { taken = take_received(message, out, parts, bodies, receiving, note_progress); }, tell_progress);
        if (!run) {
            taken = std::move(run);
        }
    } catch (const stream_failure& failure) {
        return fail(failure.status() == HAWSER_TRY_LATER ? "not_accepted" : "bad_input", failure.what());
    }
    if (!taken) {
        return unexpected{std::move(taken).error()};
    }
    result<std::vector<new_delivery>> deliveries = ports.route(message.port, out.context);
    if (!deliveries) {
        return unexpected{std::move(deliveries).error()};
    }
    out.deliveries = std::move(*deliveries);
    out.parts = parts.release();
    return out;
}

}  // namespace

result<publication> take_submission(const submission& message, message_box& box, const intake_ports& ports,
                                    const std::function<void(std::uint64_t)>& on_progress) {
    if (result<void> checked = check_parts(message); !checked) {
        return unexpected{std::move(checked).error()};
    }
    publication out;
    out.message_id = make_uuid();
    out.key = message.key;
    out.published_unix_ms = system_clock().unix_ms();
    result<message_context> context = read_context(message, out.message_id);
    if (!context) {
        return unexpected{std::move(context).error()};
    }
    out.context = std::move(*context);
    if (message.receive_port.empty()) {
        return take_as_it_is(message, std::move(out), box, ports, on_progress);
    }
    result<receive_intake> receiving = ports.receive(message.receive_port);
    if (!receiving) {
        return unexpected{std::move(receiving).error()};
    }
    return receive(message, std::move(out), box, ports, *receiving, on_progress);
}

}  // namespace hawser::engine
