#include "messagebox/reference_listing.hpp"

#include <algorithm>

#include "base/lower_case.hpp"

namespace hawser::engine::test {
namespace {

bool has_state(const delivery_summary& one, const std::optional<delivery_state>& wanted) {
    return !wanted || one.state == *wanted ||
           (*wanted == delivery_state::suspended && one.state == delivery_state::suspended_not_resumable);
}

bool fits(const delivery_summary& one, const message_context& context, const delivery_filter& filter) {
    const bool names_it = !filter.ids.empty() || !filter.message_id.empty() || !filter.unique_id.empty();
    const std::string error = lower_case(filter.error);
    return (!has_ended(one.state) || (filter.state ? has_ended(*filter.state) : names_it)) &&
           has_state(one, filter.state) && one.id > filter.after && (filter.port.empty() || one.port == filter.port) &&
           (filter.message_id.empty() || one.message_id == filter.message_id) &&
           (filter.unique_id.empty() || one.unique_id == filter.unique_id) &&
           (filter.ids.empty() || std::find(filter.ids.begin(), filter.ids.end(), one.id) != filter.ids.end()) &&
           (error.empty() || lower_case(one.code).find(error) != std::string::npos ||
            lower_case(one.text).find(error) != std::string::npos) &&
           one.published_unix_ms >= filter.published_from_unix_ms.value_or(INT64_MIN) &&
           one.published_unix_ms < filter.published_before_unix_ms.value_or(INT64_MAX) &&
           std::all_of(filter.properties.begin(), filter.properties.end(), [&](const auto& wanted) {
               const context_property* property = context.find(wanted.first);
               return property != nullptr && property->value == wanted.second;
           });
}

delivery_state state_of(const reference_delivery& one) {
    switch (one.state) {
    case reference_state::held:
    case reference_state::ready:
    case reference_state::later:
        return one.attempts.total_attempts > 0 ? delivery_state::retrying : delivery_state::queued;
    case reference_state::active: return delivery_state::active;
    case reference_state::suspended: return delivery_state::suspended;
    case reference_state::not_resumable: break;
    }
    return delivery_state::suspended_not_resumable;
}

delivery_id order_holder_of(const reference_data& data, const reference_delivery& delivery) {
    const auto holds = [&](const auto& other) {
        return other.second.state == reference_state::suspended && other.second.port == delivery.port &&
               other.second.order_key == delivery.order_key;
    };
    if (!delivery.order_key || delivery.state == reference_state::held || delivery.state == reference_state::active) {
        return 0;
    }
    if (delivery.state >= reference_state::suspended) {
        return delivery.state == reference_state::suspended ? delivery.id : 0;
    }
    const auto found = std::find_if(data.deliveries.begin(), data.deliveries.end(), holds);
    return found == data.deliveries.end() ? 0 : found->first;
}

}  // namespace

message_context context_of(const reference_delivery& delivery, const reference_message& message) {
    return delivery.overlay ? *delivery.overlay : message.published.context;
}

std::vector<part_info> parts_of(const reference_message& message) {
    std::vector<part_info> parts;
    for (const new_part& part : message.published.parts) {
        parts.push_back(part.info);
    }
    return parts;
}

delivery_summary summary_of(const reference_delivery& delivery, const reference_message& message) {
    delivery_summary one;
    one.id = delivery.id;
    one.message_id = message.published.message_id;
    one.unique_id = delivery.unique_id;
    one.port = delivery.port;
    one.state = state_of(delivery);
    one.published_unix_ms = message.published.published_unix_ms;
    one.due_unix_ms = delivery.due_unix_ms;
    one.attempts = delivery.attempts.total_attempts;
    for (const new_part& part : message.published.parts) {
        one.size += part.info.size;
    }
    one.code = delivery.code;
    one.text = delivery.text;
    one.held_for = delivery.held_for;
    return one;
}

std::vector<delivery_summary> list_reference(const reference_data& data, const delivery_filter& filter) {
    std::vector<delivery_summary> found;
    for (const auto& [id, one] : data.deliveries) {
        const reference_message& message = data.messages.at(one.sequence);
        delivery_summary summary = summary_of(one, message);
        summary.order_holder = order_holder_of(data, one);
        if (fits(summary, context_of(one, message), filter)) {
            found.push_back(summary);
        }
    }
    for (const auto& [id, one] : data.ended) {
        if (fits(one.detail.summary, one.detail.context, filter)) {
            found.push_back(one.detail.summary);
        }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    found.resize(std::min<std::size_t>(found.size(), filter.count_max));
    return found;
}

std::optional<delivery_detail> show_reference(const reference_data& data, delivery_id id) {
    if (const auto ended = data.ended.find(id); ended != data.ended.end()) {
        return ended->second.detail;
    }
    const auto found = data.deliveries.find(id);
    if (found == data.deliveries.end()) {
        return std::nullopt;
    }
    const reference_message& message = data.messages.at(found->second.sequence);
    delivery_detail detail;
    detail.summary = summary_of(found->second, message);
    detail.summary.order_holder = order_holder_of(data, found->second);
    detail.sequence = found->second.sequence;
    detail.context = context_of(found->second, message);
    detail.parts = parts_of(message);
    detail.history = found->second.history;
    return detail;
}

std::vector<port_counts> count_reference(const reference_data& data) {
    std::map<std::string, port_counts> by_port;
    for (const auto& [id, one] : data.deliveries) {
        port_counts& counts = by_port[one.port];
        counts.port = one.port;
        switch (state_of(one)) {
        case delivery_state::queued: ++counts.queued; break;
        case delivery_state::retrying: ++counts.retrying; break;
        case delivery_state::active: ++counts.active; break;
        default: ++counts.suspended;
        }
    }
    std::vector<port_counts> all;
    for (const auto& [port, counts] : by_port) {
        all.push_back(counts);
    }
    return all;
}

std::vector<held_count> count_held_reference(const reference_data& data) {
    std::map<std::string, std::uint64_t> by_group;
    for (const auto& [id, one] : data.deliveries) {
        if (one.state == reference_state::held) {
            ++by_group[one.held_for];
        }
    }
    std::vector<held_count> all;
    for (const auto& [group, count] : by_group) {
        all.push_back({group, count});
    }
    return all;
}

void prune_reference(reference_data& data, const tracking_retention& limits, std::int64_t now_unix_ms) {
    const auto oldest = [&data] {
        return std::min_element(data.ended.begin(), data.ended.end(), [](const auto& a, const auto& b) {
            return a.second.detail.summary.ended_unix_ms < b.second.detail.summary.ended_unix_ms;
        });
    };
    std::uint64_t bytes = 0;
    for (const auto& [id, one] : data.ended) {
        bytes += one.size;
    }
    while (!data.ended.empty()) {
        const auto next = oldest();
        const bool is_too_old = next->second.detail.summary.ended_unix_ms <= now_unix_ms - limits.age_ms;
        if (!is_too_old && bytes <= limits.size_bytes) {
            return;
        }
        bytes -= next->second.size;
        const auto message = data.messages.find(next->second.detail.sequence);
        if (next->second.keeps_parts && --message->second.holder_count == 0) {
            data.messages.erase(message);
        }
        data.ended.erase(next);
    }
}

}  // namespace hawser::engine::test
