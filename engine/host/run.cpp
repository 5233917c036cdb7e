#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>

#include "hawser/log.hpp"
#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/output.hpp"
#include "host/service_notify.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

constexpr std::int64_t run_lock_wait_ms = 10'000;   // a client that works on the box gives it up by then

// A host has a connection for each message in flight and each client: as many descriptors as the administrator allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

int run(const arguments& given) {
    // Blocked before the first thread starts, so that every thread inherits it and only sigwait below sees them.
    const sigset_t signals = stop_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    raise_descriptor_limit();
    const auto started = std::chrono::steady_clock::now();
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    opened<hawser::host> host = open_host(*loaded, {.lock_wait_ms = run_lock_wait_ms, .serves_clients = true});
    if (!host.value) {
        return report_failure(given, host.code, host.text, exit_code_of_access(host.code));
    }
    host.value->start();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    log_event("ready", {{{"host", loaded->summary().host_name},
                         {"box", loaded->message_box_path()},
                         {"took_ms", std::to_string(took.count())}}});
    notify_service_manager("READY=1\nMAINPID=" + std::to_string(::getpid()));

    int signal = 0;
    ::sigwait(&signals, &signal);
    log_event("stopping", {{{"signal", signal == SIGTERM  ? "SIGTERM"
                                       : signal == SIGINT ? "SIGINT"
                                                          : "SIGHUP"},
                            {},
                            {}}});
    notify_service_manager("STOPPING=1");
    ::pthread_sigmask(SIG_UNBLOCK, &signals,
                      nullptr);   // a second signal ends the process at once; the box loses nothing
    host.value->stop();
    host.value.reset();
    log_event("stopped");
    return exit_code::done;
}

}  // namespace hawser::command
