#include "wait_breaker.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <list>
#include <string>

#include "blocking_pool.hpp"
#include "name_lookups.hpp"
#include "oauth_request.hpp"
#include "oauth_tokens.hpp"
#include "system_faults.hpp"

using namespace hawser::smtp;
namespace asio = boost::asio;

namespace {

constexpr int long_time_s = 60;
using clock_type = std::chrono::steady_clock;

// Runs a coroutine by itself, and keeps how it ended: "", or what it threw.
class background {
public:
    background(asio::io_context& io, asio::awaitable<void> work) {
        asio::co_spawn(io, std::move(work), [this](std::exception_ptr thrown) {
            has_ended = true;
            try {
                if (thrown) {
                    std::rethrow_exception(thrown);
                }
            } catch (const wire_failure& failed) {
                failure = failed.what();
            }
        });
    }
    bool has_ended = false;
    std::string failure;
};

bool is_soon(clock_type::time_point begun) { return clock_type::now() - begun < std::chrono::seconds(20); }

// A token endpoint that answers when the test says so.
struct slow_endpoint {
    explicit slow_endpoint(asio::io_context& io) : answers(io, clock_type::time_point::max()) {}
    asio::awaitable<token_answer> ask(wait_breaker& breaker) {
        ++request_count;
        co_await breaker.wait(answers);
        if (!problem.empty()) {
            throw std::runtime_error(problem);
        }
        token_answer given;
        given.what = token_answer::kind::granted;
        given.access_token = secret_text("token");
        given.lifetime_s = 3600;
        co_return given;
    }
    asio::steady_timer answers;
    int request_count = 0;
    std::string problem;
};

struct tokens_fixture {
    asio::awaitable<void> want(wait_breaker& breaker, oauth_token& given) {
        oauth_grant grant;
        token_tls tls;
        given = co_await tokens.token(std::move(grant), false, std::move(tls), breaker);
    }

    asio::io_context io;
    slow_endpoint endpoint{io};
    std::list<background> renewals;
    oauth_tokens tokens{
        io, [this](asio::awaitable<void> renewal) { renewals.emplace_back(io, std::move(renewal)); },
        [this](const oauth_grant&, bool, token_tls, wait_breaker& breaker) { return endpoint.ask(breaker); }};
};

asio::awaitable<void> wait_for(wait_breaker& breaker, asio::steady_timer& timer) { co_await breaker.wait(timer); }

}  // namespace

TEST_CASE("a wait that is broken off ends at once, and says why; so does every later one") {
    asio::io_context io;
    asio::steady_timer timer(io, clock_type::time_point::max());
    wait_breaker breaker;
    const background waiting(io, wait_for(breaker, timer));
    io.poll();
    CHECK_FALSE(waiting.has_ended);
    breaker.break_off("the host cancelled");
    io.run();
    CHECK(waiting.failure == "the host cancelled");
    io.restart();
    const background late(io, wait_for(breaker, timer));
    io.run();
    CHECK(late.failure == "the host cancelled");
}

TEST_CASE("a look-up that hangs holds up nobody who gives up") {
    asio::io_context io;
    name_lookups lookups(io);
    wait_breaker breaker;
    const auto look_up = [&]() -> asio::awaitable<void> {
        co_await lookups.find(system_faults::hanging_name, 25, long_time_s, breaker);
    };
    const auto begun = clock_type::now();
    {
        const system_faults::hanging_lookups hanging;
        const background waiting(io, look_up());
        io.poll();
        system_faults::hanging_lookups::wait_for_one();
        breaker.break_off("the host cancelled");
        io.run();
        CHECK(waiting.failure == "the host cancelled");
    }
    lookups.stop();
    CHECK(is_soon(begun));
}

TEST_CASE("work on another thread goes on to its end when nobody waits for it any longer") {
    asio::io_context io;
    std::promise<void> begun;
    std::promise<void> lets_go;
    bool is_done = false;
    {
        blocking_pool pool(io);
        wait_breaker breaker;
        const auto work = [&]() -> asio::awaitable<void> {
            co_await pool.run(
                [&] {
                    begun.set_value();
                    lets_go.get_future().wait();
                    return is_done = true;
                },
                long_time_s, breaker);
        };
        const background waiting(io, work());
        io.poll();
        begun.get_future().wait();
        breaker.break_off("the host cancelled");
        io.run();
        CHECK(waiting.failure == "the host cancelled");
        lets_go.set_value();
    }
    CHECK(is_done);
}

TEST_CASE("who gives up waiting for a token takes it from nobody else, even if he was the first to ask") {
    tokens_fixture test;
    wait_breaker first;
    wait_breaker second;
    oauth_token nothing;
    oauth_token given;
    const background cancelled(test.io, test.want(first, nothing));
    const background other(test.io, test.want(second, given));
    test.io.poll();
    first.break_off("the host cancelled");
    test.io.poll();
    CHECK(cancelled.failure == "the host cancelled");
    CHECK_FALSE(other.has_ended);
    test.endpoint.answers.cancel();
    test.io.run();
    CHECK(other.has_ended);
    CHECK(given.text.view() == "token");
    CHECK(test.endpoint.request_count == 1);
}

TEST_CASE("a request for a token that throws is the answer to all that wait, and the next one asks again") {
    tokens_fixture test;
    wait_breaker breaker;
    oauth_token given;
    test.endpoint.problem = "no memory";
    const background first(test.io, test.want(breaker, given));
    test.io.poll();
    test.endpoint.answers.cancel();
    test.io.run();
    CHECK(given.text.is_empty());
    CHECK(given.failed.problem == "no memory");
    test.io.restart();
    test.endpoint.problem.clear();
    const background second(test.io, test.want(breaker, given));
    test.io.poll();
    test.endpoint.answers.cancel();
    test.io.run();
    CHECK(given.text.view() == "token");
}

TEST_CASE("at the end no request for a token is waited for") {
    tokens_fixture test;
    wait_breaker breaker;
    oauth_token given;
    const background waiting(test.io, test.want(breaker, given));
    test.io.poll();
    test.tokens.stop();
    test.io.run();
    CHECK(waiting.has_ended);
    CHECK(given.failed.problem == "the adapter stops");
}

TEST_CASE("a request for a token gives up at once, even while its endpoint's name is looked up") {
    asio::io_context io;
    blocking_pool pool(io);
    wait_breaker breaker;
    oauth_grant grant;
    grant.token_endpoint = std::string("https://") + system_faults::hanging_name + "/token";
    token_answer answer;
    const auto ask = [&]() -> asio::awaitable<void> {
        answer = co_await request_token(io, pool, nullptr, grant, false, long_time_s, breaker);
    };
    const auto begun = clock_type::now();
    {
        const system_faults::hanging_lookups hanging;
        const background waiting(io, ask());
        io.poll();
        system_faults::hanging_lookups::wait_for_one();
        breaker.break_off("the adapter stops");
        io.run();
        CHECK(waiting.has_ended);
    }
    CHECK(answer.problem == "the adapter stops");
    CHECK(is_soon(begun));
}
