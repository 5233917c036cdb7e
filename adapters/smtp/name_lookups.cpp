#include "name_lookups.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace hawser::smtp {
namespace {

constexpr unsigned thread_count = 4;

struct lookup {
    explicit lookup(boost::asio::io_context& io) : wake(io) {}
    boost::asio::steady_timer wake;
    bool is_done = false;
    boost::system::error_code failed;
    name_lookups::addresses_type found;
};

}  // namespace

boost::asio::awaitable<name_lookups::addresses_type> name_lookups::find(std::string host, std::uint16_t port,
                                                                        int timeout_s, wait_breaker& breaker) {
    boost::system::error_code is_name;
    const boost::asio::ip::address literal = boost::asio::ip::make_address(host, is_name);
    if (!is_name) {
        co_return addresses_type::create(boost::asio::ip::tcp::endpoint(literal, port), host, std::to_string(port));
    }
    if (!threads_) {
        threads_ = std::make_unique<worker_threads>(thread_count);
    }
    const auto pending = std::make_shared<lookup>(io_);
    pending->wake.expires_after(std::chrono::seconds(timeout_s));
    threads_->give([this, pending, host, port]() mutable {
        boost::system::error_code failed;
        boost::asio::ip::tcp::resolver resolver(io_);
        addresses_type found =
            resolver.resolve(host, std::to_string(port), boost::asio::ip::resolver_base::numeric_service, failed);
        boost::asio::post(io_, [pending = std::move(pending), failed, found = std::move(found)] {
            pending->is_done = true;
            pending->failed = failed;
            pending->found = found;
            pending->wake.expires_at(std::chrono::steady_clock::time_point::min());
        });
    });
    co_await breaker.wait(pending->wake);
    if (!pending->is_done) {
        throw wire_failure("its name could not be looked up in time");
    }
    if (pending->failed) {
        throw wire_failure("its name cannot be looked up: " + pending->failed.message());
    }
    co_return std::move(pending->found);
}

void name_lookups::stop() {
    if (threads_) {
        threads_->stop();
    }
}

}  // namespace hawser::smtp
