#include "smtp_trouble.hpp"

#include <algorithm>
#include <charconv>

#include "text.hpp"

namespace hawser::smtp {
namespace {

outcome make(verdict what, std::string code, std::string text) {
    outcome made;
    made.verdict = what;
    made.code = std::move(code);
    made.text = std::move(text);
    return made;
}

outcome from_reply(verdict what, std::string code, const std::string& prefix, const smtp_reply& reply) {
    outcome made = make(what, std::move(code), prefix + ": \"" + reply.text() + '"');
    made.reply_code = reply.code;
    made.enhanced_status = reply.enhanced_status();
    return made;
}

std::string lowered(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += lower(c);
    }
    return out;
}

bool has_any(const std::string& text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(),
                       [&text](std::string_view word) { return text.find(word) != std::string::npos; });
}

// "in 300 seconds", "try again in 5 minutes", "retry in 00:04:59" says less: 0.
std::chrono::seconds wait_that_text_says(const std::string& text) {
    constexpr std::chrono::seconds wait_max{3600};
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_digit(text[at]) || (at > 0 && text[at - 1] != ' ')) {
            continue;
        }
        std::size_t end = at;
        std::int64_t number = 0;
        while (end < text.size() && is_digit(text[end]) && end < at + 6) {
            number = number * 10 + (text[end++] - '0');
        }
        const std::string_view unit =
            std::string_view(text).substr(std::min(end + (text[end] == ' ' ? 1U : 0U), text.size()));
        const bool is_minutes = unit.substr(0, 3) == "min";
        if (is_minutes || unit.substr(0, 3) == "sec" || unit.substr(0, 2) == "s " || unit == "s") {
            return std::min(wait_max, std::chrono::seconds(is_minutes ? number * 60 : number));
        }
    }
    return std::chrono::seconds(0);
}

// From the text, which begins with them: "550 5.1.1 No such user".
void restore_codes(recipient_result& one) {
    const std::size_t end = std::min(one.text.find(' '), one.text.size());
    unsigned code = 0;
    const auto [read, failed] = std::from_chars(one.text.data(), one.text.data() + end, code);
    if (failed == std::errc{} && read == one.text.data() + end) {
        one.reply_code = code;
        one.enhanced_status = smtp_reply{code, {one.text.substr(std::min(end + 1, one.text.size()))}}.enhanced_status();
    }
}

}  // namespace

bool another_server_may_help(const outcome& refused) {
    return refused.code == "smtp.connection" || refused.code == "smtp.tls" || refused.code == "smtp.server-busy" ||
           refused.code == "smtp.server-refused";
}

outcome joined_trouble(const outcome& first, const outcome& then) {
    outcome joined = then.verdict == verdict::retry || first.verdict != verdict::retry ? then : first;
    joined.text = first.text + "; then " + then.text;
    return joined;
}

bool is_too_many_connections(const outcome& refused) {
    return refused.verdict == verdict::retry &&
           busy_kind_of({refused.reply_code, {refused.text}}) == busy_kind::connection_count;
}

busy_kind busy_kind_of(const smtp_reply& reply) {
    if (!reply.is_transient()) {
        return busy_kind::other;
    }
    const std::string status = reply.enhanced_status();
    const std::string text = lowered(reply.text());
    if (has_any(text, {"greylist", "graylist", "grey list", "gray list", "grey-list", "postgrey"})) {
        return busy_kind::greylisting;
    }
    if (reply.code == 432 || has_any(text, {"concurrent connection", "too many connections", "too many concurrent"})) {
        return busy_kind::connection_count;
    }
    if (status == "4.7.0" || status == "4.7.28" ||
        has_any(text, {"rate limit", "too many messages", "throttl", "too fast", "slow down"})) {
        return busy_kind::rate;
    }
    return busy_kind::other;
}

std::chrono::seconds wait_before_retry(const smtp_reply& reply) {
    if (!reply.is_transient()) {
        return std::chrono::seconds(0);
    }
    if (const std::chrono::seconds said = wait_that_text_says(lowered(reply.text())); said.count() > 0) {
        return said;
    }
    switch (busy_kind_of(reply)) {
    case busy_kind::greylisting: return std::chrono::minutes(5);  // the usual delay of Postgrey and its like
    case busy_kind::rate: return std::chrono::minutes(1);
    case busy_kind::connection_count: return std::chrono::seconds(30);
    case busy_kind::other: break;
    }
    return std::chrono::seconds(0);
}

outcome delayed(outcome result, std::chrono::seconds wait, std::int64_t now_unix_ms) {
    if (wait.count() > 0 && (result.verdict == verdict::retry || result.verdict == verdict::partial)) {
        result.not_before_unix_ms = now_unix_ms + std::chrono::milliseconds(wait).count();
    }
    return result;
}

outcome connection_trouble(const std::string& server, const std::string& what) {
    outcome made = make(verdict::retry, "smtp.connection", server + ": " + what);
    made.is_endpoint_down = true;
    return made;
}

outcome final_reply_trouble(const std::string& server, const std::string& what) {
    outcome made = make(verdict::retry, "smtp.no-final-reply",
                        server + ": " + what + " after the whole message had been sent; it may have been accepted");
    made.is_maybe_duplicate = true;
    return made;
}

outcome tls_trouble(const std::string& server, const std::string& what) {
    outcome made = make(verdict::retry, "smtp.tls", server + ": " + what + "; nothing was sent in clear text");
    made.is_endpoint_down = true;
    return made;
}

outcome server_refusal(const std::string& server, const std::string& step, const smtp_reply& reply) {
    const bool is_permanent = reply.is_permanent();
    outcome made = from_reply(is_permanent ? verdict::rejected : verdict::retry,
                              is_permanent ? "smtp.server-refused" : "smtp.server-busy",
                              server + " answered the " + step + " with", reply);
    made.is_endpoint_down = true;
    return made;
}

// 535 is the operator's to mend: retrying a wrong password locks accounts. 454 and other 4xx are the server's bad
// moment, but for 4.7.12: the account has to be moved to a new mechanism first (RFC 4954 section 4.7).
outcome authentication_refusal(const std::string& server, const std::string& user, const std::string& mechanism,
                               const smtp_reply& reply, const std::string& reason) {
    const bool is_final = reply.is_permanent() || !reply.is_transient() || reply.enhanced_status() == "4.7.12";
    std::string text = server + " did not accept the user \"" + shown(user) + "\" by " + mechanism;
    text += reason.empty() ? "" : " (" + reason + ')';
    if (is_final) {
        text += mechanism.ends_with("OAUTH2") || mechanism == "OAUTHBEARER"
                    ? ": check Username, Scope, and what the client may do with this mailbox"
                    : ": check Username and Password, or fix another Mechanism that the server offers";
    }
    outcome made = from_reply(is_final ? verdict::rejected : verdict::retry, "smtp.authentication-failed",
                              text + "; it said", reply);
    made.is_endpoint_down = true;
    return made;
}

outcome token_trouble(const std::string& server, const std::string& token_endpoint, const token_answer& answer) {
    const bool is_refused = answer.what == token_answer::kind::refused;
    outcome made = make(is_refused ? verdict::rejected : verdict::retry,
                        is_refused ? "smtp.token-refused" : "smtp.token-unavailable",
                        server + ": no access token from " + shown(token_endpoint) + ": " + answer.problem);
    made.is_endpoint_down = true;
    return made;
}

outcome authentication_broken_off(const std::string& server, const std::string& user, const std::string& mechanism,
                                  const std::string& why) {
    outcome made =
        make(verdict::rejected, "smtp.authentication-failed",
             server + ": authentication of \"" + shown(user) + "\" by " + mechanism + " was broken off: " + why);
    made.is_endpoint_down = true;
    return made;
}

outcome authentication_unavailable(const std::string& server, const std::string& user, const std::string& mechanism,
                                   const std::string& why) {
    outcome made = make(verdict::retry, "smtp.authentication-unavailable",
                        server + ": authentication of \"" + shown(user) + "\" by " + mechanism + ": " + why);
    made.is_endpoint_down = true;
    return made;
}

outcome authentication_not_possible(const std::string& server, const std::string& why) {
    outcome made = make(verdict::rejected, "smtp.authentication-not-possible", server + ": " + why);
    made.is_endpoint_down = true;
    return made;
}

outcome message_refusal(const std::string& server, const std::string& step, const smtp_reply& reply) {
    outcome made = from_reply(reply.is_permanent() ? verdict::rejected : verdict::retry,
                              reply.is_permanent() ? "smtp.message-refused" : "smtp.message-deferred",
                              server + " answered " + step + " with", reply);
    const busy_kind busy = busy_kind_of(reply);
    made.is_endpoint_down = reply.code == 421 || busy == busy_kind::rate || busy == busy_kind::connection_count;
    return made;
}

outcome extension_missing(const std::string& server, const std::string& extension, const std::string& what,
                          const std::string& enhanced_status) {
    outcome made = make(verdict::rejected, "smtp.extension-missing",
                        server + " does not offer " + extension + ", which " + shown(what) + " needs");
    made.enhanced_status = enhanced_status;
    return made;
}

outcome message_too_large(const std::string& server, std::uint64_t size, std::uint64_t size_max) {
    outcome made = make(verdict::rejected, "smtp.too-large",
                        server + " takes messages of at most " + std::to_string(size_max) + " bytes; this one has " +
                            std::to_string(size));
    made.enhanced_status = "5.3.4";  // RFC 3463: message too big for system
    return made;
}

outcome requiretls_not_possible(const std::string& server) {
    outcome made = make(verdict::rejected, "smtp.requiretls-not-offered",
                        server +
                            " does not offer REQUIRETLS over an encrypted connection, and RequireTLS is true: it "
                            "could hand the message on in clear text");
    made.enhanced_status = "5.7.30";  // RFC 8689 section 7.2
    return made;
}

outcome not_begun(const std::string& server) {
    outcome made = make(verdict::retry, "smtp.not-begun",
                        server + ": no connection was free before the port's service window ended; nothing was tried");
    made.is_not_begun = true;
    return made;
}

outcome body_trouble(const std::string& why) {
    return make(verdict::retry, "smtp.body",
                "the message could not be read to its end, so the connection was broken off: " + why);
}

outcome audit_trouble(const std::string& why) {
    return make(verdict::retry, "smtp.audit",
                "the audit archive does not take what would be sent, so the server was given nothing: " + why);
}

// One line a settled recipient: "D address<TAB>what was said" (delivered), or "F …" (refused for good).
recipient_ledger::recipient_ledger(const std::vector<std::string>& recipients, std::string_view resume_state,
                                   refusals earlier) {
    for (const std::string& address : recipients) {
        index_[address] = results_.size();
        results_.push_back({address, verdict::retry, 0, "", ""});
    }
    while (!resume_state.empty()) {
        const std::size_t end = std::min(resume_state.find('\n'), resume_state.size());
        const std::string_view line = resume_state.substr(0, end);
        resume_state.remove_prefix(std::min(end + 1, resume_state.size()));
        if (line.size() < 3 || (line[0] == 'F' && earlier == refusals::are_forgotten)) {
            continue;
        }
        const std::size_t address_end = std::min(line.find('\t', 2), line.size());
        const auto found = index_.find(std::string(line.substr(2, address_end - 2)));
        if (found != index_.end()) {  // an address that was edited away since is forgotten
            recipient_result& one = results_[found->second];
            one.verdict = line[0] == 'D' ? verdict::delivered : verdict::rejected;
            one.text = line.substr(std::min(address_end + 1, line.size()));
            restore_codes(one);
        }
    }
}

std::vector<std::string> recipient_ledger::open() const {
    std::vector<std::string> left;
    for (const recipient_result& one : results_) {
        if (one.verdict == verdict::retry) {
            left.push_back(one.address);
        }
    }
    return left;
}

void recipient_ledger::refuse(const std::string& address, const smtp_reply& reply) {
    recipient_result& one = results_[index_.at(address)];
    one.verdict = reply.is_permanent() ? verdict::rejected : verdict::retry;
    wait_ = std::max(wait_, smtp::wait_before_retry(reply));
    one.reply_code = reply.code;
    one.enhanced_status = reply.enhanced_status();
    one.text = reply.text();
}

void recipient_ledger::accept(const std::string& address, const smtp_reply& reply) {
    recipient_result& one = results_[index_.at(address)];
    one.verdict = verdict::delivered;
    one.reply_code = reply.code;
    one.enhanced_status = reply.enhanced_status();
    one.text = reply.text();
}

std::string recipient_ledger::resume_state() const {
    std::string state;
    for (const recipient_result& one : results_) {
        if (one.verdict != verdict::retry) {
            state += (one.verdict == verdict::delivered ? "D " : "F ") + one.address + '\t' + one.text + '\n';
        }
    }
    return state;
}

// An outcome's text is all that a message's history keeps of it, and the engine cuts it after 1024 bytes: whatever is
// left out is counted. Those whom somebody has to do something about come first.
std::string recipient_ledger::account() const {
    constexpr std::size_t size_max = 850;
    std::string text;
    const auto add = [&](verdict what, const std::string& heading, const auto& words_of) {
        std::size_t listed = 0;
        for (const recipient_result& one : results_) {
            const std::string words = one.verdict == what ? words_of(one) : "";
            if (!words.empty() && text.size() + words.size() <= size_max) {
                text += (listed == 0 ? "; " + heading + ": " : ", ") + words;
                ++listed;
            }
        }
        if (const std::size_t left = count(what) - listed; left > 0) {
            text +=
                (listed == 0 ? "; " + heading + ": " : " and ") + std::to_string(left) + (listed == 0 ? "" : " more");
        }
    };
    const auto with_reply = [](const recipient_result& one) {
        return '<' + shown(one.address) + (one.text.empty() ? ">" : ">: \"" + shown(one.text) + '"');
    };
    add(verdict::rejected, "refused", with_reply);
    add(verdict::retry, "put off", with_reply);
    add(verdict::delivered,
        std::to_string(count(verdict::delivered)) + (count(verdict::delivered) == 1 ? " has it" : " have it"),
        [](const recipient_result& one) { return '<' + shown(one.address) + '>'; });
    return text;
}

std::size_t recipient_ledger::count(verdict what) const {
    return static_cast<std::size_t>(std::count_if(results_.begin(), results_.end(),
                                                  [what](const recipient_result& one) { return one.verdict == what; }));
}

outcome recipient_ledger::add_to(outcome failed) const {
    failed.recipients = results_;
    failed.resume_state = resume_state();
    const bool has_settled = !failed.resume_state.empty();
    if (has_settled) {
        failed.text += account();
    }
    if (has_settled && failed.verdict == verdict::rejected) {
        for (recipient_result& one : failed.recipients) {
            one.verdict = one.verdict == verdict::retry ? verdict::rejected : one.verdict;
        }
        failed.verdict = verdict::partial;
    }
    return failed;
}

outcome recipient_ledger::settle(const std::string& server) const {
    const std::size_t total = results_.size();
    const std::string recipients = total == 1 ? " recipient" : " recipients";
    outcome made;
    made.recipients = results_;
    if (count(verdict::delivered) == total) {
        made.verdict = verdict::delivered;
        made.code = "smtp.delivered";
        made.text =
            server + " accepted it for " + std::to_string(total) + recipients + ": \"" + results_.back().text + '"';
        made.reply_code = results_.back().reply_code;
        return made;
    }
    made.resume_state = resume_state();
    made.verdict = count(verdict::retry) == total      ? verdict::retry
                   : count(verdict::rejected) == total ? verdict::rejected
                                                       : verdict::partial;
    // What the whole is called by: a refusal, which only a person can mend, before what time may mend.
    const verdict worst = count(verdict::rejected) > 0 ? verdict::rejected : verdict::retry;
    const recipient_result& first = *std::find_if(
        results_.begin(), results_.end(), [worst](const recipient_result& one) { return one.verdict == worst; });
    made.reply_code = first.reply_code;
    made.enhanced_status = first.enhanced_status;
    made.code = worst == verdict::rejected ? "smtp.recipient-refused" : "smtp.recipient-deferred";
    made.text = server + " did not accept it for " + std::to_string(total - count(verdict::delivered)) + " of " +
                std::to_string(total) + recipients + account();
    return made;
}

}  // namespace hawser::smtp
