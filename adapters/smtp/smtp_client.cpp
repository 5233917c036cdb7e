#include "smtp_client.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <list>
#include <mutex>
#include <numeric>
#include <thread>

#include "oauth_request.hpp"
#include "run_handlers.hpp"
#include "smtp_probe.hpp"
#include "smtp_session.hpp"
#include "waiting_line.hpp"
#include "wall_clock.hpp"

namespace hawser::smtp {
namespace {

constexpr std::chrono::seconds avoided_time{60};  // a server that did not serve us is tried after the others
constexpr std::chrono::seconds reduced_connections_time{60};

using clock = std::chrono::steady_clock;

struct queued_transmission {
    std::shared_ptr<smtp_transmission> one;
    tls_contexts tls;
    std::shared_ptr<asio::steady_timer> too_late;  // while it waits: ends that
};

using transmission_turn = waiting_line<queued_transmission>::turn;
using first_turn = std::optional<transmission_turn>;  // of a new connection, until that has taken it

// One of the connections that a server may have; given back when this goes.
struct connection_count_lowerer {
    void operator()(int* count) const noexcept { --*count; }
};
using connection_slot = std::unique_ptr<int, connection_count_lowerer>;

// A connection that waits for something to do.
struct idle_connection {
    explicit idle_connection(asio::io_context& io) : wake(io) {}
    asio::steady_timer wake;
    std::optional<transmission_turn> given;
};

// The connections to one server with one set of credentials, and what waits for them.
struct server_pool {
    smtp_endpoint endpoint;
    waiting_line<queued_transmission> line;
    std::list<idle_connection*> idle;
    int connection_count = 0;
    std::vector<clock::time_point> down_until;  // of the server itself, then of its fallbacks
    clock::time_point next_start;               // by MaxMessagesPerMinute
    int connections_max = 0;                    // what the server said is too many, less one
    clock::time_point reduced_until;            // until then
};

}  // namespace

struct smtp_client::implementation {
    implementation(smtp_timeouts its_timeouts, smtp_limits its_limits, report_function its_report)
        : timeouts(its_timeouts),
          limits(its_limits),
          report(std::move(its_report)),
          work(asio::make_work_guard(io)),
          thread([this] { run_handlers(io, [this](const char* what) { report(what); }); }) {}

    // The one way to start a coroutine: an exception that leaves it is reported, never lost.
    template <typename Coroutine>
    void spawn(Coroutine coroutine) {
        asio::co_spawn(io, std::move(coroutine), [this](std::exception_ptr thrown) {
            if (thrown) {
                try {
                    std::rethrow_exception(thrown);
                } catch (const std::exception& failed) {
                    report(failed.what());
                }
            }
        });
    }

    void enqueue(queued_transmission queued) {
        const std::shared_ptr<smtp_transmission> one = queued.one;
        server_pool* server = nullptr;
        try {
            server = &pool_of(one->endpoint());
            queued.too_late = limit_wait(*server, one);
            server->line.add(one->port(), std::move(queued));
        } catch (const std::exception& failed) {
            break_off(*one, failed.what());
            return;
        }
        dispatch(*server);
    }

    // Something that must not happen has, and the message is tried again later.
    void break_off(smtp_transmission& one, const std::string& what) {
        report(what);
        outcome result = connection_trouble(one.endpoint().label(), "the delivery was broken off: " + what);
        result.is_maybe_duplicate = one.has_begun_body();
        one.complete(one.recipients().add_to(std::move(result)));
    }

    // Nobody waits for a connection any longer when the host cancels, or when it is too late to begin.
    std::shared_ptr<asio::steady_timer> limit_wait(server_pool& server, const std::weak_ptr<smtp_transmission>& weak) {
        const std::shared_ptr<smtp_transmission> one = weak.lock();
        one->set_interrupt(
            [this, &server, weak] { asio::post(io, [this, &server, weak] { give_up_waiting(server, weak.lock()); }); });
        if (one->begin_before_unix_ms() == 0) {
            return nullptr;
        }
        const std::int64_t left_ms = std::max<std::int64_t>(0, one->begin_before_unix_ms() - unix_ms_now());
        auto timer = std::make_shared<asio::steady_timer>(io, std::chrono::milliseconds(left_ms));
        timer->async_wait([this, &server, weak](boost::system::error_code taken) {
            if (!taken) {
                give_up_waiting(server, weak.lock());
            }
        });
        return timer;
    }

    static void give_up_waiting(server_pool& server, const std::shared_ptr<smtp_transmission>& one) {
        const auto waiting = server.line.remove([&one](const queued_transmission& other) { return other.one == one; });
        if (waiting) {
            const std::string label = server.endpoint.label();
            one->complete(one->recipients().add_to(one->is_cancelled() ? stopped(label) : not_begun(label)));
        }
    }

    static outcome stopped(const std::string& label) {
        return connection_trouble(label, "the host stopped before the message was sent");
    }

    // Gives what waits and may go the connections that are idle or may be opened.
    void dispatch(server_pool& server) {
        while (!server.idle.empty() || server.connection_count < connections_max(server)) {
            std::optional<transmission_turn> next = server.line.take(connections_max(server), clock::now());
            if (!next) {
                return;
            }
            if (server.idle.empty()) {
                begin_connection(server, std::make_shared<first_turn>(std::move(next)));
            } else {
                idle_connection& idle = *server.idle.front();
                server.idle.pop_front();
                idle.given = std::move(next);
                idle.wake.expires_at(clock::time_point::min());
            }
        }
    }

    void begin_connection(server_pool& server, const std::shared_ptr<first_turn>& first) {
        connection_slot slot(&++server.connection_count);
        try {
            spawn(serve(server, std::move(slot), first));
        } catch (const std::exception& failed) {
            if (!*first) {  // it is served
                throw;
            }
            server.line.end(**first, clock::now());
            break_off(*(*first)->item.one, failed.what());
        }
    }

    int connections_max(const server_pool& server) const {
        return clock::now() < server.reduced_until ? std::min(server.connections_max, limits.connections_max)
                                                   : limits.connections_max;
    }

    server_pool& pool_of(const smtp_endpoint& endpoint) {
        for (const auto& server : servers) {
            if (server->endpoint == endpoint) {
                return *server;
            }
        }
        servers.push_back(std::make_unique<server_pool>());
        servers.back()->endpoint = endpoint;
        servers.back()->down_until.resize(1 + endpoint.fallbacks.size());
        return *servers.back();
    }

    // One connection's life: message after message, until nothing came for a while.
    asio::awaitable<void> serve(server_pool& server, connection_slot slot, std::shared_ptr<first_turn> first) {
        std::shared_ptr<smtp_session> session;
        std::optional<transmission_turn> next = std::exchange(*first, std::nullopt);
        int message_count = 0;
        clock::time_point opened;
        const auto is_worn_out = [&](int count) {
            return count >= limits.messages_max ||
                   clock::now() - opened > std::chrono::seconds(limits.connection_age_max_s);
        };
        while (next) {
            transmission_turn current = std::move(*next);
            next.reset();
            current.item.too_late.reset();
            const bool has_begun = session && session->has_begun_next();
            if (session && !has_begun && (is_worn_out(message_count) || !session->is_alive())) {
                co_await end_session(session);
            }
            const bool was_open = session != nullptr;
            std::optional<transmission_turn> following;  // its envelope goes behind the content of the current one
            const bool is_served = co_await serve_one(server, session, current.item, [&]() -> smtp_transmission* {
                if (was_open && !is_worn_out(message_count + 1) && limits.messages_per_minute_max == 0) {
                    following = server.line.take_along(current, connections_max(server), clock::now());
                }
                return following ? following->item.one.get() : nullptr;
            });
            if (!is_served) {
                current.item.too_late = limit_wait(server, current.item.one);
                server.line.put_back(std::move(current));
                break;
            }
            message_count = was_open && session ? message_count + 1 : 1;
            opened = was_open && session ? opened : clock::now();
            next = next_turn(server, current, std::move(following));
            if (!next) {
                next = co_await wait_idle(server, session != nullptr);
            }
        }
        slot.reset();
        dispatch(server);
        co_await end_session(session);
    }

    // What a connection carries after `ended`; nullopt: nothing that may go now.
    std::optional<transmission_turn> next_turn(server_pool& server, const transmission_turn& ended,
                                               std::optional<transmission_turn> following) {
        const clock::time_point now = clock::now();
        server.line.end(ended, now);
        if (following) {
            server.line.begin(*following, now);
        } else {
            following = server.line.take(connections_max(server), now);
        }
        dispatch(server);  // of its port more may go now
        return following;
    }

    // MaxMessagesPerMinute, evenly spaced over all connections; a cancellation ends the wait.
    asio::awaitable<void> wait_for_turn(server_pool& server, smtp_transmission& one) {
        if (limits.messages_per_minute_max == 0) {
            co_return;
        }
        const auto timer = std::make_shared<asio::steady_timer>(io);
        const clock::time_point start = std::max(server.next_start, clock::now());
        server.next_start = start + std::chrono::microseconds(60'000'000 / limits.messages_per_minute_max);
        timer->expires_at(start);
        if (one.begin_before_unix_ms() != 0) {
            const auto left = std::chrono::milliseconds(one.begin_before_unix_ms() - unix_ms_now());
            timer->expires_at(std::min(start, clock::now() + left));
        }
        one.set_interrupt([this, timer] { asio::post(io, [timer] { timer->expires_at(clock::time_point::min()); }); });
        boost::system::error_code woken;
        if (!one.is_cancelled()) {
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
        }
    }

    asio::awaitable<std::optional<transmission_turn>> wait_idle(server_pool& server, bool has_session) {
        if (!has_session || is_stopping) {
            co_return std::nullopt;
        }
        idle_connection idle(io);
        idle.wake.expires_after(std::chrono::seconds(timeouts.idle));
        server.idle.push_back(&idle);
        boost::system::error_code woken;
        co_await idle.wake.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        server.idle.remove(&idle);
        co_return std::move(idle.given);
    }

    asio::awaitable<void> end_session(std::shared_ptr<smtp_session>& session) {
        if (session) {
            const std::shared_ptr<smtp_session> ending = std::move(session);
            session.reset();
            try {
                co_await ending->quit();
            } catch (const std::exception&) {
                // It was to be closed anyway.
            }
        }
    }

    // As carry(). Whatever leaves that, the message is completed and the connection goes on with a fresh session.
    asio::awaitable<bool> serve_one(server_pool& server, std::shared_ptr<smtp_session>& session,
                                    queued_transmission& queued, smtp_session::next_transmission next) {
        try {
            co_await wait_for_turn(server, *queued.one);
            co_return co_await carry(server, session, queued, std::move(next));
        } catch (const std::exception& failed) {
            session.reset();
            break_off(*queued.one, failed.what());
        }
        co_return true;
    }

    // A pooled connection may have died unnoticed: as long as nothing of the body has left, once more on a fresh one.
    // False: the server takes no further connection, and the message waits for one of the others.
    asio::awaitable<bool> carry(server_pool& server, std::shared_ptr<smtp_session>& session,
                                queued_transmission& queued, smtp_session::next_transmission next) {
        outcome result;
        for (int turn = 0; turn < 2; ++turn) {
            const bool was_open = session != nullptr;
            std::optional<outcome> done = co_await try_once(server, session, queued, was_open && turn == 0, next);
            if (done) {
                result = std::move(*done);
                break;
            }
        }
        if (session && !session->is_usable()) {
            session.reset();
        }
        if (result.code == "smtp.server-busy") {
            const std::chrono::seconds wait =
                wait_before_retry({result.reply_code, {result.enhanced_status + ' ' + result.text}});
            result = delayed(std::move(result), wait, unix_ms_now());
        }
        if (is_too_many_connections(result)) {
            server.connections_max = std::max(1, server.connection_count - 1);
            server.reduced_until = clock::now() + reduced_connections_time;
            if (!session && !queued.one->has_begun_body() && server.connection_count > 1) {
                co_return false;
            }
        }
        queued.one->complete(result.recipients.empty() ? queued.one->recipients().add_to(std::move(result)) : result);
        co_return true;
    }

    // nullopt: the pooled connection was dead before anything happened.
    asio::awaitable<std::optional<outcome>> try_once(server_pool& server, std::shared_ptr<smtp_session>& session,
                                                     queued_transmission& queued, bool may_be_stale,
                                                     const smtp_session::next_transmission& next) {
        smtp_transmission& one = *queued.one;
        if (one.is_cancelled()) {
            if (session && session->has_begun_next()) {  // the server waits for a content that will not come
                session.reset();
            }
            co_return stopped(server.endpoint.label());
        }
        const bool is_under_way = session && session->has_begun_next();
        if (!is_under_way && one.begin_before_unix_ms() != 0 && one.begin_before_unix_ms() <= unix_ms_now()) {
            co_return not_begun(server.endpoint.label());
        }
        if (!session) {
            const std::optional<outcome> refused = co_await open_any(server, session, queued);
            if (refused) {
                co_return refused;
            }
        } else {
            watch(queued.one, session);
        }
        const std::string label = session->label();
        std::string trouble;
        std::optional<outcome> result;
        try {
            co_return co_await session->transmit(one, next);
        } catch (const wire_failure& failed) {
            trouble = failed.what();
        } catch (const failure& failed) {
            result = body_trouble(failed.what());
        }
        session.reset();  // the connection is broken off: no final dot was sent
        if (result) {
            co_return result;
        }
        if (may_be_stale && !one.has_begun_body()) {
            co_return std::nullopt;
        }
        co_return connection_trouble(label, trouble);
    }

    // The server, or where it does not serve us one of its fallbacks; those that did not a moment ago come last.
    // nullopt: there is a session.
    asio::awaitable<std::optional<outcome>> open_any(server_pool& server, std::shared_ptr<smtp_session>& session,
                                                     const queued_transmission& queued) {
        std::vector<std::size_t> order(server.down_until.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_partition(order.begin(), order.end(),
                              [&](std::size_t index) { return server.down_until[index] <= clock::now(); });
        std::optional<outcome> all;
        for (const std::size_t index : order) {
            const smtp_endpoint endpoint = server.endpoint.at(index);
            auto fresh = std::make_shared<smtp_session>(io, endpoint, timeouts, queued.tls, services());
            watch(queued.one, fresh);
            std::optional<outcome> refused = co_await fresh->open(queued.one->tracer());
            if (!refused) {
                session = std::move(fresh);
                server.down_until[index] = {};
                co_return std::nullopt;
            }
            const bool tries_others = !queued.one->is_cancelled() && another_server_may_help(*refused);
            all = all ? joined_trouble(*all, *refused) : std::move(*refused);
            if (!tries_others) {
                break;
            }
            server.down_until[index] = clock::now() + avoided_time;
        }
        co_return all;
    }

    // A cancel that comes when the message has been completed is of no concern to the one that is carried next.
    void watch(const std::shared_ptr<smtp_transmission>& one, const std::shared_ptr<smtp_session>& session) {
        one->set_interrupt([this, weak_one = std::weak_ptr(one), weak_session = std::weak_ptr(session)] {
            asio::post(io, [weak_one, weak_session] {
                const auto watched = weak_one.lock();
                const auto alive = weak_session.lock();
                if (alive && watched && !watched->is_completed()) {
                    alive->cancel("the host cancelled the delivery");
                }
            });
        });
    }

    smtp_services services() { return {blocking, tokens, lookups}; }

    void stop() {
        asio::post(io, [this] {
            is_stopping = true;
            tokens.stop();
            for (const auto& server : servers) {
                for (idle_connection* idle : server->idle) {
                    idle->wake.expires_at(clock::time_point::min());
                }
            }
            work.reset();  // the thread ends when the last connection has
        });
        thread.join();
        lookups.stop();
    }

    smtp_timeouts timeouts;
    smtp_limits limits;
    report_function report;
    asio::io_context io{1};
    blocking_pool blocking{io};
    oauth_tokens tokens{io, [this](asio::awaitable<void> renewal) { spawn(std::move(renewal)); },
                        [this](const oauth_grant& grant, bool allows_clear_text, token_tls tls, wait_breaker& breaker) {
                            return request_token(io, blocking, std::move(tls), grant, allows_clear_text,
                                                 timeouts.connect, breaker);
                        }};
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::list<std::unique_ptr<server_pool>> servers;
    name_lookups lookups{io};
    bool is_stopping = false;
    std::thread thread;  // last: it uses all the others
};

smtp_client::smtp_client(smtp_timeouts timeouts, smtp_limits limits, report_function report)
    : implementation_(std::make_unique<implementation>(timeouts, limits, std::move(report))) {}

smtp_client::~smtp_client() { implementation_->stop(); }

boost::asio::io_context& smtp_client::io() noexcept { return implementation_->io; }

void smtp_client::send(std::shared_ptr<smtp_transmission> one, tls_contexts tls) {
    asio::post(implementation_->io, [this, one = std::move(one), tls = std::move(tls)]() mutable {
        implementation_->enqueue({std::move(one), std::move(tls)});
    });
}

void smtp_client::probe(const smtp_endpoint& endpoint, tls_contexts tls, findings& found) {
    asio::co_spawn(implementation_->io,
                   probe_servers(implementation_->io, endpoint, implementation_->timeouts, std::move(tls),
                                 implementation_->services(), found),
                   asio::use_future)
        .get();
}

}  // namespace hawser::smtp
