#include "messagebox/reference_transaction.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "messagebox/reference_listing.hpp"

namespace hawser::engine::test {
namespace {

constexpr std::int64_t key_kept_ms = std::int64_t{7} * 24 * 3600 * 1000;
constexpr std::uint32_t oldest_share = 8;

commit_answer refuse(commit_status status, std::string text) { return {status, {}, std::move(text)}; }

}  // namespace

commit_answer reference_transaction::apply(const std::vector<operation>& batch) {
    has_result_ = std::any_of(batch.begin(), batch.end(), [](const operation& one) {
        return std::holds_alternative<complete_operation>(one) || std::holds_alternative<suspend_operation>(one) ||
               std::holds_alternative<reschedule_operation>(one);
    });
    commit_answer answer;
    for (const operation& one : batch) {
        answer = std::visit([this](const auto& which) { return apply_one(which); }, one);
        if (answer.status != commit_status::done) {
            break;
        }
    }
    return answer;
}

reference_delivery* reference_transaction::held(const claim_token& token) {
    const auto found = data_.deliveries.find(token.delivery);
    const bool is_ours = found != data_.deliveries.end() && found->second.state == reference_state::active &&
                         found->second.epoch == token.epoch && found->second.host == host_;
    return is_ours ? &found->second : nullptr;
}

std::size_t reference_transaction::depth() const {
    return static_cast<std::size_t>(std::count_if(data_.deliveries.begin(), data_.deliveries.end(), [](auto& one) {
        return one.second.state <= reference_state::active;
    }));
}

commit_answer reference_transaction::apply_one(const publish_operation& one) {
    const publication& message = one.message;
    if (message.deliveries.empty() || message.parts.empty()) {
        return refuse(commit_status::not_found, "a publication needs a part and a subscriber");
    }
    if (const auto known = data_.keys.find(message.key); !message.key.empty() && known != data_.keys.end()) {
        const bool is_same = known->second.content_sha256 == message.content_sha256;
        return {is_same ? commit_status::already_published : commit_status::key_conflict, known->second.message_id,
                is_same ? "" : "the key was used for other content"};
    }
    if (!has_result_ && limits_.queue_depth_max > 0 && depth() >= limits_.queue_depth_max) {
        return refuse(commit_status::refused, "the queue is full: try again");
    }
    const std::int64_t sequence = ++data_.number;
    reference_message stored{message, {}, message.deliveries.size(), message.deliveries.size()};
    for (const new_part& part : message.parts) {
        stored.bodies.push_back(body_of(part));
    }
    for (const new_delivery& wanted : message.deliveries) {
        reference_delivery made;
        made.id = ++data_.number;
        made.sequence = sequence;
        made.port = wanted.port;
        made.unique_id = make_uuid();
        made.priority = wanted.is_ordered ? 5 : wanted.priority;
        made.due_unix_ms = wanted.due_unix_ms;
        made.held_for = wanted.held_for;
        made.state = !wanted.held_for.empty()                         ? reference_state::held
                     : wanted.due_unix_ms > message.published_unix_ms ? reference_state::later
                                                                      : reference_state::ready;
        made.order_key = wanted.is_ordered ? std::optional(wanted.order_key) : std::nullopt;
        woken_.insert(made.port);
        data_.deliveries.emplace(made.id, std::move(made));
    }
    if (!message.key.empty()) {
        data_.keys[message.key] = {message.content_sha256, message.message_id, 0};
    }
    data_.messages.emplace(sequence, std::move(stored));
    return {};
}

shared_bytes reference_transaction::body_of(const new_part& part) {
    if (const auto* staged = std::get_if<staged_body>(&part.body)) {
        return take_staged(*staged);
    }
    if (const auto* from = std::get_if<stored_part>(&part.body)) {
        return data_.messages.at(from->sequence).bodies.at(from->index);
    }
    return std::make_shared<const std::string>(std::get<std::string>(part.body));
}

shared_bytes reference_transaction::take_staged(const staged_body& staged) {
    shared_bytes bytes = data_.staged.at(staged.id);
    data_.staged.erase(staged.id);
    return bytes;
}

commit_answer reference_transaction::apply_one(const complete_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    if (one.tracked) {
        delivery->history.push_back(one.record);
        delivery->code = one.record.code;
        delivery->text = one.record.text;
        delivery->attempts.total_attempts = std::max(delivery->attempts.total_attempts, one.record.attempt);
    }
    end(*delivery, one.tracked ? &*one.tracked : nullptr,
        one.record.verdict == "delivered" ? delivery_state::delivered : delivery_state::failed,
        one.record.ended_unix_ms);
    return {};
}

void reference_transaction::end(const reference_delivery& delivery, const tracked_delivery* tracked, delivery_state how,
                                std::int64_t ended_unix_ms) {
    reference_message& message = data_.messages.at(delivery.sequence);
    if (tracked != nullptr) {
        keep(delivery, message, *tracked, how, ended_unix_ms);
    }
    message.holder_count -= tracked != nullptr && tracked->keeps_parts ? 0 : 1;
    const std::string key = message.published.key;
    if (--message.open_count == 0 && !key.empty()) {
        data_.keys[key].expires_ms = now_ms_ + key_kept_ms;
    }
    woken_.insert(delivery.port);
    const std::int64_t sequence = delivery.sequence;
    data_.deliveries.erase(delivery.id);
    if (data_.messages.at(sequence).holder_count == 0) {
        data_.messages.erase(sequence);
    }
}

void reference_transaction::keep(const reference_delivery& delivery, const reference_message& message,
                                 const tracked_delivery& tracked, delivery_state how, std::int64_t ended_unix_ms) {
    reference_ended kept;
    kept.detail.summary = summary_of(delivery, message);
    kept.detail.summary.state = how;
    kept.detail.summary.ended_unix_ms = ended_unix_ms;
    kept.detail.sequence = delivery.sequence;
    kept.detail.history = delivery.history;
    kept.detail.context_after = tracked.context_after;
    kept.keeps_parts = tracked.keeps_parts;
    if (tracked.keeps_context) {
        kept.detail.context = context_of(delivery, message);
    }
    if (tracked.keeps_parts) {
        kept.detail.parts = parts_of(message);
    }
    if (tracked.body_after) {
        const auto* staged = std::get_if<staged_body>(&*tracked.body_after);
        kept.body_after = staged != nullptr
                              ? take_staged(*staged)
                              : std::make_shared<const std::string>(std::get<std::string>(*tracked.body_after));
        kept.detail.size_after = kept.body_after->size();
        kept.size = kept.body_after->size();
    }
    kept.size += tracked.keeps_parts ? kept.detail.summary.size : 0;
    data_.ended.emplace(delivery.id, std::move(kept));
}

commit_answer reference_transaction::apply_one(const reschedule_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    delivery->state = reference_state::later;
    delivery->due_unix_ms = one.due_unix_ms;
    delivery->attempts = one.state;
    delivery->code = one.record.code;
    delivery->text = one.record.text;
    delivery->crash_count = 0;
    delivery->history.push_back(one.record);
    return {};
}

commit_answer reference_transaction::apply_one(const release_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    delivery->state = one.due_unix_ms == 0 ? reference_state::ready : reference_state::later;
    delivery->due_unix_ms = one.due_unix_ms == 0 ? delivery->due_unix_ms : one.due_unix_ms;
    woken_.insert(delivery->port);
    return {};
}

commit_answer reference_transaction::apply_one(const suspend_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    delivery->state = one.is_resumable ? reference_state::suspended : reference_state::not_resumable;
    delivery->attempts = one.state;
    delivery->code = one.code;
    delivery->text = one.text;
    delivery->history.push_back(one.record);
    woken_.insert(delivery->port);  // one that does not hold back its order lets the next go
    return {};
}

commit_answer reference_transaction::apply_one(const checkpoint_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    delivery->attempts.resume_state = one.resume_state;
    delivery->attempts.resume_scope = one.resume_scope;
    return {};
}

commit_answer reference_transaction::apply_one(const renew_operation& one) {
    reference_delivery* delivery = held(one.token);
    if (delivery == nullptr) {
        return lost();
    }
    delivery->lease_end_ms = now_ms_ + reference_store::lease_ms;
    return {};
}

commit_answer reference_transaction::apply_one(const port_state_operation& one) {
    data_.ports[{one.is_group, one.port}] = {one.port, one.state, one.declared, one.is_group};
    return {};
}

commit_answer reference_transaction::apply_one(const resume_operation& one) {
    const auto found = data_.deliveries.find(one.delivery);
    if (found == data_.deliveries.end()) {
        return refuse(commit_status::not_found, "there is no such delivery");
    }
    reference_delivery& delivery = found->second;
    if (delivery.state != reference_state::suspended && delivery.state != reference_state::later &&
        delivery.state != reference_state::held) {
        return refuse(commit_status::not_found, "the delivery is neither suspended nor waiting for a retry");
    }
    delivery.state = reference_state::later;
    delivery.due_unix_ms = one.due_unix_ms;
    delivery.attempts.attempt = 0;
    delivery.attempts.is_on_backup = delivery.attempts.is_on_backup && !delivery.attempts.resume_state.empty();
    delivery.crash_count = 0;
    delivery.held_for.clear();
    delivery.was_resumed = true;
    if (one.overlay) {
        delivery.overlay = one.overlay;
        delivery.unique_id = make_uuid();
    }
    woken_.insert(delivery.port);
    return {};
}

commit_answer reference_transaction::apply_one(const terminate_operation& one) {
    const auto found = data_.deliveries.find(one.delivery);
    if (found == data_.deliveries.end()) {
        return refuse(commit_status::not_found, "there is no such delivery");
    }
    if (found->second.state == reference_state::active) {
        return refuse(commit_status::not_found, "the delivery is being sent right now");
    }
    end(found->second, one.tracked ? &*one.tracked : nullptr, delivery_state::terminated, system_clock().unix_ms());
    return {};
}

commit_answer reference_transaction::apply_one(const release_held_operation& one) {
    commit_answer answer;
    for (auto& [id, delivery] : data_.deliveries) {
        if (answer.count < one.count_max && delivery.state == reference_state::held && delivery.held_for == one.group) {
            delivery.state = reference_state::later;  // a claim sees whether it is due
            delivery.held_for.clear();
            woken_.insert(delivery.port);
            ++answer.count;
        }
    }
    return answer;
}

commit_answer reference_transaction::apply_one(const suspend_waiting_operation& one) {
    commit_answer answer;
    for (auto& [id, delivery] : data_.deliveries) {
        const bool is_meant = one.port.empty()
                                  ? delivery.state == reference_state::held && delivery.held_for == one.group
                                  : delivery.state <= reference_state::later && delivery.port == one.port;
        if (is_meant && answer.count < one.count_max) {
            delivery.state = reference_state::suspended;
            delivery.held_for.clear();
            delivery.was_resumed = false;
            delivery.code = one.code;
            delivery.text = one.text;
            ++answer.count;
        }
    }
    return answer;
}

// ---- Claims ----

namespace {

// What a host that died, or sleeps, had in flight.
void end_leases(reference_data& data, std::int64_t now_ms, std::int64_t now_unix_ms) {
    for (auto& [id, one] : data.deliveries) {
        if (one.state == reference_state::active && one.lease_end_ms <= now_ms) {
            one.state = reference_state::ready;
            if (++one.crash_count == 2) {
                one.state = reference_state::later;
                one.due_unix_ms = now_unix_ms + second_crash_wait_ms;
            }
            ++one.attempts.total_attempts;
            one.history.push_back({one.attempts.total_attempts, now_unix_ms, now_unix_ms, "", "crashed", "host.died",
                                   "the host ended while this was being sent; it may have arrived"});
        }
    }
}

bool holds_back(const reference_delivery& one, const port_claim& wanted) {
    return one.state == reference_state::active ||
           (one.state == reference_state::suspended && wanted.stops_on_failure) ||
           (one.state == reference_state::later && one.attempts.total_attempts > 0);
}

// Those with an order key go by it, also where the port is not ordered any more.
std::vector<reference_delivery*> due_of(reference_data& data, const port_claim& wanted, std::int64_t now_unix_ms) {
    std::vector<reference_delivery*> due;
    std::set<std::string> blocked_keys;
    std::set<std::string> waited_for;          // keys of which one without an attempt waits for its time
    for (auto& [id, one] : data.deliveries) {  // in order of publication
        if (one.port != wanted.port) {
            continue;
        }
        if (one.state == reference_state::later && one.due_unix_ms <= now_unix_ms) {
            one.state = reference_state::ready;
        }
        if (wanted.is_ordered && one.state <= reference_state::active && !one.order_key) {
            one.order_key = "";  // published before the port was ordered
        }
        const bool is_ready = one.state == reference_state::ready;
        if (!one.order_key) {
            if (is_ready && (!wanted.only_on_backup || one.attempts.is_on_backup)) {
                due.push_back(&one);
            }
        } else if (holds_back(one, wanted)) {
            blocked_keys.insert(*one.order_key);
        } else if (one.state == reference_state::later) {
            waited_for.insert(*one.order_key);
        } else if (is_ready && !wanted.only_on_backup && waited_for.count(*one.order_key) == 0) {
            due.push_back(&one);
        }
    }
    std::erase_if(due, [&](const reference_delivery* one) {  // one of each key, the first
        return one->order_key && !blocked_keys.insert(*one->order_key).second;
    });
    return due;
}

std::vector<reference_delivery*> choose(reference_data& data, const port_claim& wanted, std::int64_t now_unix_ms) {
    std::vector<reference_delivery*> due = due_of(data, wanted, now_unix_ms);
    std::vector<reference_delivery*> chosen;
    std::uint32_t& given = data.given_counts[wanted.port];
    while (!due.empty() && chosen.size() < wanted.count_max) {
        const bool is_for_oldest = ++given % oldest_share == 0 || wanted.is_ordered || wanted.only_on_backup;
        const auto next =
            is_for_oldest ? due.begin() : std::min_element(due.begin(), due.end(), [](const auto* a, const auto* b) {
                return a->priority < b->priority;
            });
        chosen.push_back(*next);
        due.erase(next);
    }
    return chosen;
}

claimed_delivery give(const reference_data& data, const reference_delivery& one) {
    const reference_message& message = data.messages.at(one.sequence);
    claimed_delivery claim;
    claim.token = {one.id, one.epoch};
    claim.port = one.port;
    claim.message_id = message.published.message_id;
    claim.unique_id = one.unique_id;
    claim.published_unix_ms = message.published.published_unix_ms;
    claim.sequence = one.sequence;
    claim.crash_count = one.crash_count;
    claim.was_resumed = one.was_resumed;
    claim.state = one.attempts;
    claim.context = context_of(one, message);
    claim.parts = parts_of(message);
    for (const shared_bytes& body : message.bodies) {
        claim.inline_bodies.push_back(body->size() <= inline_body_size_max ? std::optional(*body) : std::nullopt);
    }
    return claim;
}

}  // namespace

std::vector<claimed_delivery> take_reference(reference_data& data, const std::vector<port_claim>& wanted, int host,
                                             std::int64_t now_ms, std::int64_t now_unix_ms) {
    end_leases(data, now_ms, now_unix_ms);
    std::vector<claimed_delivery> given;
    for (const port_claim& port : wanted) {
        for (reference_delivery* one : choose(data, port, now_unix_ms)) {
            one->state = reference_state::active;
            one->host = host;
            ++one->epoch;
            one->lease_end_ms = now_ms + reference_store::lease_ms;
            given.push_back(give(data, *one));
        }
    }
    const auto suspect =
        std::find_if(given.begin(), given.end(), [](const claimed_delivery& one) { return one.crash_count > 0; });
    if (suspect == given.end()) {
        return given;
    }
    for (const claimed_delivery& one : given) {
        if (one.token.delivery != suspect->token.delivery) {
            data.deliveries.at(one.token.delivery).state = reference_state::ready;
        }
    }
    return {std::move(*suspect)};
}

}  // namespace hawser::engine::test
