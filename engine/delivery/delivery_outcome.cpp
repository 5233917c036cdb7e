#include "delivery/delivery_outcome.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t outcome_text_size_max = 1024;

void copy_resume_state(const hawser_outcome& from, delivery_outcome& outcome) {
    if (from.resume_state.size <= resume_state_size_max) {
        outcome.resume_state = from_abi(from.resume_state);
        return;
    }
    outcome.has_lost_state = true;
    outcome.text += " (its resume state of " + std::to_string(from.resume_state.size) +
                    " bytes is over the limit, so it is not known any more which recipients have the message)";
}

delivery_outcome misbehaving(const hawser_outcome& from, const std::string& what) {
    delivery_outcome outcome;
    outcome.verdict = verdict::retry;
    outcome.code = "plugin.misbehaving";
    outcome.text = "plugin misbehaving: " + what;
    copy_resume_state(from, outcome);
    return outcome;
}

bool is_recipient_verdict(std::uint32_t value) { return value >= HAWSER_DELIVERED && value <= HAWSER_REJECTED; }

}  // namespace

std::string_view name_of(verdict what) noexcept {
    switch (what) {
    case verdict::delivered: return "delivered";
    case verdict::retry: return "retry";
    case verdict::failed: return "failed";
    case verdict::partial: return "partial";
    }
    return "failed";
}

delivery_outcome internal_failure(const std::string& what, const std::exception& failure) {
    delivery_outcome outcome;
    outcome.code = "delivery.internal";
    outcome.text = what + ": " + failure.what();
    return outcome;
}

delivery_outcome copy_outcome(const hawser_outcome& from) {
    if (from.verdict < HAWSER_DELIVERED || from.verdict > HAWSER_PARTIAL) {
        return misbehaving(from, "it completed with the unknown verdict " + std::to_string(from.verdict));
    }
    if (from.recipient_count > recipient_result_count_max) {
        return misbehaving(from, "its list of recipients is over the limit");
    }
    delivery_outcome outcome;
    outcome.verdict = static_cast<verdict>(from.verdict);
    outcome.is_endpoint_down = (from.flags & HAWSER_ENDPOINT_DOWN) != 0;
    outcome.is_maybe_duplicate = (from.flags & HAWSER_MAYBE_DUPLICATE) != 0;
    outcome.is_not_begun = outcome.verdict == verdict::retry && (from.flags & HAWSER_NOT_BEGUN) != 0;
    outcome.not_before_unix_ms = from.not_before_unix_ms;
    outcome.reply_code = from.reply_code;
    outcome.code = printable(from_abi(from.code), 64);
    outcome.enhanced_status = printable(from_abi(from.enhanced_status), 16);
    outcome.text = printable(from_abi(from.text), outcome_text_size_max);
    copy_resume_state(from, outcome);
    for (std::uint64_t i = 0; i < from.recipient_count; ++i) {
        const hawser_recipient_result& one = from.recipients[i];
        if (!is_recipient_verdict(one.verdict)) {
            return misbehaving(from, "it gave a recipient the unknown verdict " + std::to_string(one.verdict));
        }
        outcome.recipients.push_back({printable(from_abi(one.address), 320), static_cast<verdict>(one.verdict),
                                      one.reply_code, printable(from_abi(one.enhanced_status), 16),
                                      printable(from_abi(one.text), 512)});
    }
    if (outcome.verdict == verdict::partial && outcome.recipients.empty()) {
        return misbehaving(from, "it answered partial without results by recipient");
    }
    return outcome;
}

}  // namespace hawser::engine
