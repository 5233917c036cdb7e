#include "transaction_audit.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace hawser::smtp {
namespace {

namespace asio = boost::asio;
using json = nlohmann::ordered_json;

constexpr std::size_t dialogue_size_max = 4UL * 1024 * 1024;  // a server must not fill the archive with its replies

constexpr std::size_t line_overhead = 64;  // its time and speaker in JSON

// An answer of the archive, given on any thread, and the coroutine that waits for it.
struct archive_answer {
    explicit archive_answer(asio::io_context& its_io) : io(its_io), wake(its_io) {}
    asio::io_context& io;
    asio::steady_timer wake;
    bool is_given = false;
    std::string why_not;

    static void give(void* user, hawser_status status, hawser_string text) noexcept {
        const std::unique_ptr<std::shared_ptr<archive_answer>> owner(
            static_cast<std::shared_ptr<archive_answer>*>(user));
        asio::io_context& its_io = (*owner)->io;
        std::string why_not;
        if (status < 0) {
            why_not = text.size == 0 ? "no reason was given" : std::string(text.data, text.size);
        }
        // The last owner goes on the I/O thread: the timer's context may end once the waiting coroutine has.
        asio::post(its_io, [answer = std::move(*owner), why_not = std::move(why_not)]() mutable {
            answer->why_not = std::move(why_not);
            answer->is_given = true;
            answer->wake.expires_at(asio::steady_timer::time_point::min());
        });
    }
};

asio::awaitable<std::string> wait_for(std::shared_ptr<archive_answer> answer) {
    while (!answer->is_given) {
        answer->wake.expires_at(asio::steady_timer::time_point::max());
        boost::system::error_code woken;
        co_await answer->wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
    co_return answer->why_not;
}

json lines_of(const std::vector<wire_line>& lines) {
    json all = json::array();
    for (const wire_line& line : lines) {
        all.push_back(
            {{"unixMs", line.unix_ms}, {"by", std::string(1, static_cast<char>(line.speaker))}, {"text", line.text}});
    }
    return all;
}

json tls_of(const session_facts& session) {
    if (!session.tls) {
        return nullptr;
    }
    json tls{{"version", session.tls->version}, {"cipher", session.tls->cipher}, {"resumed", session.tls->is_resumed}};
    if (const auto& peer = session.tls->peer) {
        tls["certificate"] = {{"sha256", peer->sha256}, {"subject", peer->subject}, {"issuer", peer->issuer}};
    }
    return tls;
}

json session_of(const session_facts& session) {
    json out{{"server", session.server}, {"address", session.address}, {"tls", tls_of(session)}};
    out["authentication"] = nullptr;
    if (!session.mechanism.empty()) {
        out["authentication"] = {{"mechanism", session.mechanism}, {"user", session.user}};
    }
    out["dialogue"] = lines_of(session.opening);
    return out;
}

}  // namespace

void transaction_audit::begin(const delivery& one, const std::string& sender,
                              const std::vector<std::string>& recipients) {
    record_ = audit_record(one);
    sender_ = sender;
    recipients_ = recipients;
    dialogue_.clear();
    dialogue_size_ = 0;
    left_out_count_ = 0;
    is_handed_over_ = false;
}

void transaction_audit::hear(const wire_line& line) {
    const std::size_t size = line.text.size() + line_overhead;
    if (dialogue_size_ + size > dialogue_size_max) {
        ++left_out_count_;
        return;
    }
    dialogue_size_ += size;
    dialogue_.push_back(line);
}

void transaction_audit::content(std::string_view bytes) {
    if (record_) {
        record_.content(bytes);
    }
}

std::string transaction_audit::facts(json out) {
    if (!is_handed_over_) {
        out["session"] = session_of(session_);
        out["envelope"] = {{"sender", sender_}, {"recipients", recipients_}};
    }
    out["dialogue"] = lines_of(dialogue_);
    if (left_out_count_ > 0) {
        out["dialogueLinesLeftOut"] = left_out_count_;
    }
    dialogue_.clear();
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

asio::awaitable<std::string> transaction_audit::hand_over(std::string transfer, std::vector<std::string> accepted) {
    if (!record_) {
        co_return "";
    }
    const std::string given = facts({{"transfer", transfer}, {"accepted", accepted}});
    is_handed_over_ = true;
    const auto answer = std::make_shared<archive_answer>(io_);
    record_.hand_over(given, &archive_answer::give, new std::shared_ptr<archive_answer>(answer));
    co_return co_await wait_for(answer);
}

asio::awaitable<std::string> transaction_audit::finish(std::string code, std::string text) {
    if (!record_) {
        co_return "";
    }
    const std::string given = facts({{"outcome", code}, {"text", text}});
    const auto answer = std::make_shared<archive_answer>(io_);
    record_.finish(given, &archive_answer::give, new std::shared_ptr<archive_answer>(answer));
    co_return co_await wait_for(answer);
}

}  // namespace hawser::smtp
