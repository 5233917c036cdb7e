#include "smtp_client.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <istream>
#include <stdexcept>
#include <thread>

#include "hawser/test_kit.hpp"
#include "system_faults.hpp"

using namespace hawser::smtp;
namespace asio = boost::asio;
namespace kit = hawser::test_kit;
using hawser::verdict;

namespace {

// Takes every message, over one connection after the other. Its answer to the first message waits for the test.
class friendly_server {
public:
    friendly_server() : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), thread_([this] { serve_all(); }) {}
    ~friendly_server() {
        is_over_ = true;
        boost::system::error_code ignored;
        asio::ip::tcp::socket last(io_);
        last.connect(acceptor_.local_endpoint(), ignored);
        last.close(ignored);
        thread_.join();
    }
    friendly_server(const friendly_server&) = delete;
    friendly_server& operator=(const friendly_server&) = delete;

    std::string name() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    std::promise<void> has_content;   // of the first message
    std::promise<void> may_answer;    // it
    std::promise<void> has_answered;  // it
    int connection_count() const { return connection_count_; }

private:
    void serve_all() {
        while (!is_over_) {
            asio::ip::tcp::socket socket(io_);
            acceptor_.accept(socket);
            ++connection_count_;
            try {
                serve(socket);
            } catch (const boost::system::system_error&) {
                // The client has gone.
            }
        }
    }
    void serve(asio::ip::tcp::socket& socket) {
        asio::streambuf received;
        say(socket, "220 ready");
        while (true) {
            const std::string line = next(socket, received, "\r\n");
            if (line.starts_with("DATA")) {
                say(socket, "354 go");
                next(socket, received, "\r\n.\r\n");
                answer_content(socket);
            } else {
                say(socket, line.starts_with("QUIT") ? "221 bye" : "250 ok");
            }
        }
    }
    void answer_content(asio::ip::tcp::socket& socket) {
        if (++message_count_ > 1) {
            say(socket, "250 taken");
            return;
        }
        has_content.set_value();
        may_answer.get_future().wait();
        say(socket, "250 taken");
        has_answered.set_value();
    }
    static void say(asio::ip::tcp::socket& socket, const std::string& line) {
        asio::write(socket, asio::buffer(line + "\r\n"));
    }
    static std::string next(asio::ip::tcp::socket& socket, asio::streambuf& received, const char* end) {
        const std::size_t size = asio::read_until(socket, received, end);
        std::string text(size, '\0');
        std::istream(&received).read(text.data(), static_cast<std::streamsize>(size));
        return text;
    }

    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::atomic<bool> is_over_{false};
    std::atomic<int> connection_count_{0};
    int message_count_ = 0;
    std::thread thread_;
};

// A message to one recipient, for `server`.
struct mail {
    mail(kit::host& owner, const std::string& server) : delivery(owner, message), owner_(owner) {
        message.set(HAWSER_IS_MIME_ENCODED, "true");
        message.set("SMTP.TLS", "none");
        message.set("SMTP.SMTPHost", server);
        message.set("SMTP.EnvelopeSender", "bus@example.test");
        message.set("SMTP.EnvelopeRecipients", "a@example.test\n");
    }
    std::shared_ptr<smtp_transmission> make(smtp_client& client) {
        return std::make_shared<smtp_transmission>(client.io(),
                                                   hawser::delivery(delivery.abi(), hawser::host(owner_.abi())));
    }
    void send(smtp_client& client) {
        const auto one = make(client);
        one->watch_cancel();
        client.send(one, {});
    }
    hawser::outcome result() {
        auto outcome = delivery.wait_for_outcome();
        REQUIRE(outcome);
        return *outcome;
    }

    kit::message message{"Content-Type: text/plain\r\n\r\nHello\r\n"};
    kit::delivery delivery;

private:
    kit::host& owner_;
};

smtp_limits one_connection() {
    smtp_limits limits;
    limits.connections_max = 1;
    return limits;
}

void ignore(const std::string&) {}

}  // namespace

TEST_CASE("a cancel ends the wait for a name that hangs") {
    kit::host host;
    mail first(host, system_faults::hanging_name);
    smtp_client client({}, one_connection(), ignore);
    const system_faults::hanging_lookups hanging;
    first.send(client);
    system_faults::hanging_lookups::wait_for_one();
    first.delivery.cancel();
    const hawser::outcome outcome = first.result();
    CHECK(outcome.verdict == verdict::retry);
    CHECK(outcome.text.find("the host cancelled the delivery") != std::string::npos);
}

TEST_CASE("who is told of a cancel hears of one that came before, too") {
    kit::host host;
    mail first(host, "127.0.0.1");
    smtp_client client({}, one_connection(), ignore);
    const auto one = first.make(client);
    one->watch_cancel();
    first.delivery.cancel();
    int told_count = 0;
    one->set_interrupt([&told_count] { ++told_count; });
    CHECK(told_count == 1);
    one->complete({});
}

TEST_CASE("a cancel that comes late does not hit the next message of the connection") {
    kit::host host;
    friendly_server server;
    mail first(host, server.name());
    mail second(host, server.name());
    smtp_client client({}, one_connection(), ignore);
    first.send(client);
    second.send(client);
    server.has_content.get_future().wait();
    // The answer has come when the I/O thread looks at its sockets again; the cancel is posted behind it, and ahead of
    // what the answer leads to.
    asio::post(client.io(), [&] {
        server.may_answer.set_value();
        server.has_answered.get_future().wait();
        asio::post(client.io(), [&first] { first.delivery.cancel(); });
    });
    CHECK(first.result().verdict == verdict::delivered);
    CHECK(second.result().verdict == verdict::delivered);
    CHECK(server.connection_count() == 1);
}

TEST_CASE("what leaves a connection's coroutine completes the message, and the next one has its turn") {
    kit::host host;
    friendly_server server;
    server.may_answer.set_value();
    mail first(host, "name.example.test");
    mail second(host, "name.example.test");
    std::promise<std::string> reported;
    smtp_client client({}, one_connection(), [&reported, is_first = true](const std::string& text) mutable {
        if (std::exchange(is_first, false)) {
            reported.set_value(text);
        }
    });
    const system_faults::threads_left none(0);  // for look-ups
    first.send(client);
    second.send(client);
    for (mail* one : {&first, &second}) {
        CHECK(one->result().verdict == verdict::retry);
        CHECK(one->result().code == "smtp.connection");
    }
    CHECK_FALSE(reported.get_future().get().empty());
}

TEST_CASE("a handler that throws ends neither the I/O thread nor the process") {
    std::promise<std::string> reported;
    smtp_client client({}, one_connection(), [&reported](const std::string& text) { reported.set_value(text); });
    asio::post(client.io(), [] { throw std::runtime_error("a handler's failure"); });
    CHECK(reported.get_future().get() == "a handler's failure");
    std::promise<void> next;
    asio::post(client.io(), [&next] { next.set_value(); });
    next.get_future().wait();
}

TEST_CASE("a transmission that goes uncompleted lets go of its delivery before anything else") {
    kit::host host;
    mail first(host, "127.0.0.1");
    smtp_client client({}, one_connection(), ignore);
    auto one = first.make(client);
    one->watch_cancel();
    one.reset();
    CHECK(first.result().verdict == verdict::retry);
    first.delivery.cancel();
    CHECK(host.violations().empty());
}
