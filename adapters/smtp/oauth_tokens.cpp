#include "oauth_tokens.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

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

asio::awaitable<oauth_token> oauth_tokens::token(oauth_grant grant, bool allows_clear_text, token_tls tls) {
    const std::shared_ptr<entry> one = entry_of(grant);
    oauth_token given;
    if (is_good(one->token, one->renew_at) || (one->is_renewing && is_good(one->token, one->expires))) {
        given.text = one->token;
        co_return given;
    }
    given.is_new = true;
    if (one->is_renewing) {
        co_await wait(one);
    } else {
        co_await renew(one, allows_clear_text, std::move(tls));
    }
    const bool is_granted = one->last.what == token_answer::kind::granted && !one->token.is_empty();
    if (is_granted || is_good(one->token, one->expires)) {  // where the renewal failed the old one may still be good
        given.text = one->token;
    } else {
        given.failed = one->last;
    }
    co_return given;
}

asio::awaitable<void> oauth_tokens::wait(std::shared_ptr<entry> one) {
    asio::steady_timer timer(io_);
    timer.expires_at(clock::time_point::max());
    one->waiting.push_back(&timer);
    boost::system::error_code woken;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    one->waiting.remove(&timer);
}

asio::awaitable<void> oauth_tokens::renew(std::shared_ptr<entry> one, bool allows_clear_text, token_tls tls) {
    one->is_renewing = true;
    oauth_grant grant = one->grant;
    const bool is_rotated = !one->refresh_token.is_empty();
    if (is_rotated) {
        grant.refresh_token = one->refresh_token;
    }
    token_answer answer;
    try {
        answer = co_await request_(grant, allows_clear_text, std::move(tls));
    } catch (const std::exception& failed) {  // whatever it is, nobody may wait for ever
        answer.problem = failed.what();
    }
    if (is_rotated && answer.what == token_answer::kind::refused) {
        one->refresh_token = {};  // next time the configured one
        answer.what = token_answer::kind::try_later;
    }
    take(*one, std::move(answer));
    one->is_renewing = false;
    for (asio::steady_timer* waiting : one->waiting) {
        waiting->cancel();
    }
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

}  // namespace hawser::smtp
