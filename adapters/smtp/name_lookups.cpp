#include "name_lookups.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "smtp_connection.hpp"

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
                                                                        int timeout_s) {
    boost::system::error_code is_name;
    const boost::asio::ip::address literal = boost::asio::ip::make_address(host, is_name);
    if (!is_name) {
        co_return addresses_type::create(boost::asio::ip::tcp::endpoint(literal, port), host, std::to_string(port));
    }
    if (!threads_) {
        threads_ = std::make_unique<boost::asio::thread_pool>(thread_count);
    }
    const auto pending = std::make_shared<lookup>(io_);
    pending->wake.expires_after(std::chrono::seconds(timeout_s));
    boost::asio::post(*threads_, [this, pending, host, port] {
        boost::system::error_code failed;
        boost::asio::ip::tcp::resolver resolver(io_);
        addresses_type found =
            resolver.resolve(host, std::to_string(port), boost::asio::ip::resolver_base::numeric_service, failed);
        boost::asio::post(io_, [pending, failed, found = std::move(found)] {
            pending->is_done = true;
            pending->failed = failed;
            pending->found = found;
            pending->wake.expires_at(std::chrono::steady_clock::time_point::min());
        });
    });
    boost::system::error_code woken;
    co_await pending->wake.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
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
        threads_->join();
    }
}

}  // namespace hawser::smtp
