// What became of a transmission, as data. A plain value. Texts are for an operator: say what failed, where, what to do;
// quote what the far side said.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "hawser/sdk/text.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class verdict : std::uint32_t {
    delivered = HAWSER_DELIVERED,
    retry = HAWSER_RETRY,         // may succeed later
    rejected = HAWSER_REJECTED,   // will never succeed
    partial = HAWSER_PARTIAL      // recipients differ: delivered ones are final
};

struct recipient_result {
    std::string address;
    sdk_1::verdict verdict = verdict::delivered;   // not partial
    std::uint32_t reply_code = 0;
    std::string enhanced_status, text;
};

struct outcome {
    sdk_1::verdict verdict = verdict::retry;
    bool is_endpoint_down = false;         // hold the endpoint's other messages back too
    bool is_maybe_duplicate = false;       // it may have been accepted although no answer came
    std::uint32_t reply_code = 0;          // the protocol's, 0 = none
    std::int64_t not_before_unix_ms = 0;   // with a retry: its earliest time; 0 = the port's interval decides
    std::string code;                      // stable, for programs: "smtp.recipient-refused"
    std::string enhanced_status;           // RFC 3463
    std::string text;
    std::vector<recipient_result> recipients;
    std::string resume_state;              // opaque, at most 1 MiB; handed back on the next attempt

    static outcome delivered(std::string text = {}) { return make(verdict::delivered, {}, std::move(text)); }
    static outcome retry(std::string code, std::string text) { return make(verdict::retry, std::move(code), std::move(text)); }
    static outcome rejected(std::string code, std::string text) {
        return make(verdict::rejected, std::move(code), std::move(text));
    }

private:
    static outcome make(sdk_1::verdict what, std::string code, std::string text);
};

inline outcome outcome::make(sdk_1::verdict what, std::string code, std::string text) {
    outcome made;
    made.verdict = what;
    made.code = std::move(code);
    made.text = std::move(text);
    return made;
}

}  // namespace sdk_1
}  // namespace hawser
