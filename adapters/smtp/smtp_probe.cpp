#include "smtp_probe.hpp"

#include "probe_report.hpp"
#include "wall_clock.hpp"

namespace hawser::smtp {
namespace {

// What the server shows that was not trusted. Nothing goes over such a connection but EHLO.
asio::awaitable<void> show_distrusted(asio::io_context& io, smtp_endpoint server, smtp_timeouts timeouts,
                                      smtp_services services, findings& found) {
    server.authenticates = false;
    smtp_session session(io, server, timeouts, {std::make_shared<tls_context>(tls_policy{}), nullptr}, services);
    session.connection().inspect_only();
    co_await session.open({});
    report_chain(session.connection().sent_chain(), unix_ms_now() / 1000, found);
}

}  // namespace

asio::awaitable<void> probe_servers(asio::io_context& io, smtp_endpoint endpoint, smtp_timeouts timeouts,
                                    tls_contexts tls, smtp_services services, findings& found) {
    for (std::size_t index = 0; index <= endpoint.fallbacks.size(); ++index) {
        const smtp_endpoint server = endpoint.at(index);
        found.fact("server", server.label() + (index == 0 ? "" : " (one of FallbackHosts)"));
        smtp_session session(io, server, timeouts, tls, services);
        std::optional<outcome> refused = co_await session.open({});
        const bool is_distrusted = refused && refused->code == "smtp.tls";
        report_session({server, session.facts(), session.extensions(), session.connection().sent_chain(), refused},
                       unix_ms_now() / 1000, found);
        if (is_distrusted) {
            co_await show_distrusted(io, server, timeouts, services, found);
        }
        try {
            co_await session.quit();
        } catch (const wire_failure&) {
            // It was to be closed anyway.
        }
    }
}

}  // namespace hawser::smtp
