// A few threads for what may block or take long (GSSAPI, key derivation), so that the I/O thread never does: at most
// thread_count calls at once, the others wait. run() is for coroutines on the I/O thread; the pool outlives them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "wait_breaker.hpp"
#include "worker_threads.hpp"

namespace hawser::smtp {

class blocking_timeout : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class blocking_pool {
public:
    static constexpr unsigned thread_count = 2;

    explicit blocking_pool(boost::asio::io_context& io) : io_(io) {}

    // The function owns what it uses: where the wait is given up (blocking_timeout) or broken off, it still runs to its
    // end. Rethrows what it throws.
    template <typename Function>
    boost::asio::awaitable<std::invoke_result_t<Function>> run(Function function, int timeout_s,
                                                               wait_breaker& breaker) {
        const auto pending = std::make_shared<call<std::invoke_result_t<Function>>>(io_);
        pending->wake.expires_after(std::chrono::seconds(timeout_s));
        start(pending, std::move(function));
        co_await breaker.wait(pending->wake);
        if (pending->thrown) {
            std::rethrow_exception(pending->thrown);
        }
        if (!pending->value) {
            throw blocking_timeout("it took longer than " + std::to_string(timeout_s) + " s");
        }
        co_return std::move(*pending->value);
    }

private:
    template <typename Result>
    struct call {
        explicit call(boost::asio::io_context& io) : wake(io) {}
        boost::asio::steady_timer wake;
        std::optional<Result> value;
        std::exception_ptr thrown;
    };

    template <typename Result, typename Function>
    void start(std::shared_ptr<call<Result>> pending, Function function) {
        if (!threads_) {  // no thread before there is something to do
            threads_ = std::make_unique<worker_threads>(thread_count);
        }
        threads_->give([&io = io_, pending, function = std::move(function)]() mutable {
            std::optional<Result> value;
            std::exception_ptr thrown;
            try {
                value.emplace(function());
            } catch (...) {
                thrown = std::current_exception();
            }
            boost::asio::post(io, [pending = std::move(pending), value = std::move(value), thrown]() mutable {
                pending->value = std::move(value);
                pending->thrown = thrown;
                pending->wake.expires_at(std::chrono::steady_clock::time_point::min());
            });
        });
    }

    boost::asio::io_context& io_;
    std::unique_ptr<worker_threads> threads_;  // at the end what runs is waited for, what waits is dropped
};

}  // namespace hawser::smtp
