#include "runtime/public_names.hpp"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "runtime/port_table.hpp"

namespace hawser::engine {
namespace {

constexpr std::pair<delivery_state, const char*> state_names[] = {
    {delivery_state::queued, "queued"},
    {delivery_state::retrying, "retrying"},
    {delivery_state::active, "active"},
    {delivery_state::suspended, "suspended"},
    {delivery_state::suspended_not_resumable, "suspendedNotResumable"},
    {delivery_state::delivered, "delivered"},
    {delivery_state::terminated, "terminated"},
    {delivery_state::failed, "failed"}};

}  // namespace

answer_code code_of(const error& failure) {
    return failure.code == "no_subscriber"                                              ? answer_code::no_subscriber
           : failure.code == "not_found"                                                ? answer_code::not_found
           : failure.code == "not_accepted" || failure.code == port_table::port_closing ? answer_code::not_accepted
                                                                                        : answer_code::bad_input;
}

std::optional<delivery_state> state_of(std::string_view name) {
    for (const auto& [state, text] : state_names) {
        if (name == text) {
            return state;
        }
    }
    return std::nullopt;
}

std::vector<message_property> to_public(const message_context& context) {
    std::vector<message_property> out;
    context.for_each([&out](const message_context::map_type::value_type& entry) {
        const auto& [name, property] = entry;
        out.push_back({name, property.value, std::string(name_of(property.type)), property.is_promoted});
    });
    return out;
}

message_summary to_public(const delivery_summary& one) {
    message_summary out;
    out.delivery = one.id;
    out.message_id = one.message_id;
    out.unique_id = one.unique_id;
    out.port = one.port;
    for (const auto& [state, text] : state_names) {
        if (state == one.state) {
            out.state = text;
        }
    }
    out.published_unix_ms = one.published_unix_ms;
    const bool is_to_go = one.state < delivery_state::suspended && !has_ended(one.state);
    out.due_unix_ms = is_to_go ? one.due_unix_ms : 0;
    out.attempts = one.attempts;
    out.size = one.size;
    out.code = one.code;
    out.text = one.text;
    out.ended_unix_ms = one.ended_unix_ms;
    out.held_for = one.held_for;
    return out;
}

message_detail to_public(const delivery_detail& one) {
    message_detail out;
    out.summary = to_public(one.summary);
    out.properties = to_public(one.context);
    for (const part_info& part : one.parts) {
        out.parts.push_back({part.name, part.content_type, part.file_name, part.size, part.is_body});
    }
    for (const attempt_record& record : one.history) {
        out.history.push_back({record.attempt, record.started_unix_ms, record.ended_unix_ms, record.transport,
                               record.verdict, record.code, record.text});
    }
    if (one.context_after) {
        out.has_properties_after = true;
        out.properties_after = to_public(*one.context_after);
    }
    out.size_after = one.size_after ? static_cast<std::int64_t>(*one.size_after) : -1;
    return out;
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace hawser::engine
