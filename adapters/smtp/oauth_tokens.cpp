#include "oauth_tokens.hpp"

#include <algorithm>

namespace hawser::smtp {
namespace {

namespace asio = boost::asio;

constexpr std::size_t entry_count_max = 256;       // dynamic ports may bring many; the one not used for longest goes
constexpr std::chrono::seconds expiry_margin{10};  // a token this close to its end may be refused on arrival

bool is_good(const secret_text& token, oauth_tokens::clock::time_point until) {
    return !token.is_empty() && oauth_tokens::clock::now() < until;
}

}  // namespace

std::shared_ptr<oauth_tokens::entry> oauth_tokens::entry_of(const oauth_grant& grant) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const auto& one) { return one->grant == grant; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
    } else {
        entries_.push_front(std::make_shared<entry>());
        entries_.front()->grant = grant;
        if (entries_.size() > entry_count_max) {
            entries_.pop_back();  // who waits for it holds it
        }
    }
    return entries_.front();
}

// A renewal that is under way: whatever ends it, nobody waits any longer.
class oauth_tokens::renewal {
public:
    explicit renewal(std::shared_ptr<entry> one) : one_(std::move(one)) { one_->is_renewing = true; }
    ~renewal() {
        one_->is_renewing = false;
        one_->waiting.set_off();
    }
    renewal(const renewal&) = delete;
    renewal& operator=(const renewal&) = delete;
    entry& of() noexcept { return *one_; }

private:
    std::shared_ptr<entry> one_;
};

asio::awaitable<oauth_token> oauth_tokens::token(oauth_grant grant, bool allows_clear_text, token_tls tls,
                                                 wait_breaker& breaker) {
    const std::shared_ptr<entry> one = entry_of(grant);
    oauth_token given;
    if (is_good(one->token, one->renew_at) || (one->is_renewing && is_good(one->token, one->expires))) {
        given.text = one->token;
        co_return given;
    }
    given.is_new = true;
    if (!one->is_renewing) {
        spawn_(renew(std::make_unique<renewal>(one), allows_clear_text, std::move(tls)));
    }
    if (one->is_renewing) {  // it may have ended at once
        co_await wait(one, breaker);
    }
    const bool is_granted = one->last.what == token_answer::kind::granted && !one->token.is_empty();
    if (is_granted || is_good(one->token, one->expires)) {  // where the renewal failed the old one may still be good
        given.text = one->token;
    } else {
        given.failed = one->last;
    }
    co_return given;
}

asio::awaitable<void> oauth_tokens::wait(std::shared_ptr<entry> one, wait_breaker& breaker) {
    asio::steady_timer timer(io_, clock::time_point::max());
    const timer_set::membership here(one->waiting, timer);
    co_await breaker.wait(timer);
}

asio::awaitable<void> oauth_tokens::renew(std::unique_ptr<renewal> begun, bool allows_clear_text, token_tls tls) {
    entry& one = begun->of();
    try {
        token_answer answer = co_await ask(one, allows_clear_text, std::move(tls));
        take(one, std::move(answer));
    } catch (const std::exception& failed) {  // whatever it is, it is the answer to all that wait
        token_answer answer;
        answer.problem = failed.what();
        one.last = std::move(answer);
    }
}

asio::awaitable<token_answer> oauth_tokens::ask(entry& one, bool allows_clear_text, token_tls tls) {
    oauth_grant grant = one.grant;
    const bool is_rotated = !one.refresh_token.is_empty();
    if (is_rotated) {
        grant.refresh_token = one.refresh_token;
    }
    token_answer answer = co_await request_(grant, allows_clear_text, std::move(tls), requests_);
    if (is_rotated && answer.what == token_answer::kind::refused) {
        one.refresh_token = {};  // next time the configured one
        answer.what = token_answer::kind::try_later;
    }
    co_return answer;
}

void oauth_tokens::take(entry& one, token_answer answer) {
    if (answer.what == token_answer::kind::granted) {
        const clock::time_point now = clock::now();
        const std::chrono::seconds lifetime(answer.lifetime_s);
        one.token = std::move(answer.access_token);
        one.expires = now + lifetime - std::min(expiry_margin, lifetime / 2);
        one.renew_at = now + std::max(lifetime / 2, lifetime - std::chrono::minutes(5));
        if (!answer.refresh_token.is_empty()) {
            one.refresh_token = std::move(answer.refresh_token);
        }
    }
    answer.access_token = {};
    answer.refresh_token = {};
    one.last = std::move(answer);
}

void oauth_tokens::forget(const oauth_grant& grant, const secret_text& token) {
    for (const auto& one : entries_) {
        if (one->grant == grant && one->token == token) {
            one->token = {};
        }
    }
}

void oauth_tokens::stop() { requests_.break_off("the adapter stops"); }

}  // namespace hawser::smtp
