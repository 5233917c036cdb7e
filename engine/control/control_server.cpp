#include "control/control_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "control/control_calls.hpp"
#include "control/control_protocol.hpp"
#include "control/control_socket.hpp"

namespace hawser::engine {

using control::error_frame;

class control_server::state {
public:
    state(hawser::bus& target, std::string path) : target_(target), path_(std::move(path)) {}

    void start() {
        wake_ = descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!wake_.is_open()) {
            throw std::runtime_error(std::string("cannot make an eventfd: ") + std::strerror(errno));
        }
        result<descriptor> made = control::listen_on(path_);
        if (!made) {
            throw std::runtime_error(made.error().text);
        }
        listener_ = std::move(*made);
        is_stopping_ = false;
        acceptor_ = std::thread([this] { accept_clients(); });
    }

    void stop() {
        if (!acceptor_.joinable()) {
            return;
        }
        is_stopping_ = true;
        wake();
        acceptor_.join();
        listener_.reset();
        for (client& one : clients_) {
            ::shutdown(one.socket.get(), SHUT_RD);   // ends its read; the answer under way can still be written
        }
        for (client& one : clients_) {
            one.thread.join();
        }
        clients_.clear();
        control::remove_socket(path_);
    }

private:
    struct client {
        descriptor socket;
        std::thread thread;
        std::atomic<bool> is_done{false};
    };

    void wake() noexcept {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);   // full means awake already
    }

    void accept_clients() {
        constexpr int exhausted_wait_ms = 200;
        bool is_exhausted = false;   // no descriptors left: the listener stays readable, and polling it would spin
        while (!is_stopping_) {
            std::array<pollfd, 2> watched{pollfd{wake_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
            ::poll(watched.data(), is_exhausted ? 1 : 2, is_exhausted ? exhausted_wait_ms : -1);
            std::uint64_t count = 0;
            [[maybe_unused]] const ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
            forget_finished();
            is_exhausted = false;
            if (!is_stopping_ && (watched[1].revents & POLLIN) != 0) {
                is_exhausted = !accept_one();
            }
        }
    }

    void forget_finished() {
        clients_.remove_if([](client& one) {
            if (!one.is_done) {
                return false;
            }
            one.thread.join();
            return true;
        });
    }

    bool accept_one() {
        descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!socket.is_open()) {
            return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
        }
        const result<uid_t> peer = control::peer_user(socket.get());
        if (!peer || (*peer != 0 && *peer != ::geteuid())) {
            log::warning("client refused", {{"user", peer ? std::to_string(*peer) : "unknown"}, {"socket", path_}});
            control::write_frame(
                socket.get(),
                error_frame("host.refused", "this host belongs to another user: run the command as that user"));
            return true;
        }
        if (clients_.size() >= static_cast<std::size_t>(clients_max)) {
            control::write_frame(
                socket.get(),
                error_frame("host.busy", "too many clients (" + std::to_string(clients_max) + "): try again"));
            return true;
        }
        client& added = clients_.emplace_back();
        added.socket = std::move(socket);
        try {
            added.thread = std::thread([this, &added] { serve(added); });
        } catch (const std::system_error& failure) {
            log::warning("client refused", {{"reason", failure.what()}});
            clients_.pop_back();
        }
        return true;
    }

    void serve(client& one) {
        try {
            while (serve_request(one.socket.get())) {
            }
        } catch (const std::exception& failure) {   // no memory: this client goes, the host stays
            log::warning("client dropped", {{"reason", failure.what()}});
        }
        ::shutdown(one.socket.get(), SHUT_RDWR);
        one.is_done = true;
        wake();
    }

    // Answers one request; false when the connection has ended.
    bool serve_request(int socket) {
        control::frame request;
        switch (control::read_frame(socket, control::request_size_max, control::idle_wait_ms, request)) {
        case control::frame_status::done: break;
        case control::frame_status::too_large:
            control::write_frame(
                socket, error_frame("protocol.too-large", "the request is too large (at most " +
                                                              std::to_string(control::request_size_max) +
                                                              " bytes of names and properties, and " +
                                                              std::to_string(control::descriptors_max) + " parts)"));
            return false;
        default: return false;
        }
        if (is_stopping_) {
            control::write_frame(socket,
                                 error_frame("host.stopping", "the host is stopping: nothing was done; try again"));
            return false;
        }
        const control::call_context context{
            .send_progress =
                [socket](std::uint64_t bytes) {
                    return control::write_frame(socket, "{\"v\":1,\"progress\":" + std::to_string(bytes) + "}");
                },
            .is_abandoned = [this, socket] { return is_stopping_ || is_closed(socket); }};
        return control::write_frame(socket, control::carry_out(target_, std::move(request), context));
    }

    static bool is_closed(int socket) {
        pollfd watched{socket, POLLRDHUP, 0};
        return ::poll(&watched, 1, 0) > 0;
    }

    hawser::bus& target_;
    const std::string path_;
    descriptor wake_;
    descriptor listener_;
    std::thread acceptor_;
    std::atomic<bool> is_stopping_{false};
    std::list<client> clients_;   // the acceptor's, until it has ended
};

control_server::control_server(hawser::bus& target, std::string socket_path)
    : state_(std::make_unique<state>(target, std::move(socket_path))) {}

control_server::~control_server() { stop(); }

void control_server::start() { state_->start(); }

void control_server::stop() { state_->stop(); }

}  // namespace hawser::engine
