// run: the host in the foreground. SIGHUP and clients have it reload, SIGTERM and SIGINT end it.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "hawser/log.hpp"
#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/output.hpp"
#include "host/service_notify.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

constexpr std::int64_t run_lock_wait_ms = 10'000;  // a client that works on the box gives it up by then

// A host has a connection for each message in flight and each client: as many descriptors as the administrator allows.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        sigaddset(&set, signal);
    }
    return set;
}

// The service manager wants to know when a reload began, on its own clock.
void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    constexpr std::int64_t us_per_s = 1'000'000;
    constexpr std::int64_t ns_per_us = 1'000;
    notify_service_manager("RELOADING=1\nMONOTONIC_USEC=" +
                           std::to_string(now.tv_sec * us_per_s + now.tv_nsec / ns_per_us));
}

reload_answer reload_host(hawser::host& host, const arguments& given, const reload_options& options) {
    notify_reloading();
    load_result loaded;
    try {
        loaded = load(given.bindings, load_options_of(given));
    } catch (const std::exception& failure) {
        problem unreadable;
        unreadable.file = given.bindings;
        unreadable.text = failure.what();
        loaded.problems = {unreadable};
    }
    reload_answer answer = host.reload(std::move(loaded), options);
    notify_service_manager("READY=1");
    return answer;
}

// Reloads on a thread of its own, so that none keeps the host from stopping; one that is asked for meanwhile follows
// the one under way, because the file may have changed once more.
class background_reloads {
public:
    explicit background_reloads(hawser::host& host) : host_(host) {}
    background_reloads(const background_reloads&) = delete;
    background_reloads& operator=(const background_reloads&) = delete;
    ~background_reloads() { wait(); }

    void ask() {
        const std::lock_guard lock(mutex_);
        is_wanted_ = true;
        if (!is_running_) {
            wait();
            thread_ = std::thread([this] { run(); });
            is_running_ = true;
        }
    }
    void wait() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (std::exchange(is_wanted_, false)) {
            lock.unlock();
            host_.reload(reload_options{});
            lock.lock();
        }
        is_running_ = false;
    }
    hawser::host& host_;
    std::mutex mutex_;
    bool is_wanted_ = false;
    bool is_running_ = false;
    std::thread thread_;
};

// Until a signal ends the host; gives which.
int wait_for_stop(const sigset_t& signals, background_reloads& reloads) {
    while (true) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal != SIGHUP) {
            return signal;
        }
        log_event("reloading", {{{"signal", "SIGHUP"}, {}, {}}});
        try {
            reloads.ask();
        } catch (const std::system_error& failure) {  // no thread for it: the host goes on with what it has
            log_event("the reload could not be begun; ask for it again", {{{"error", failure.what()}, {}, {}}});
        }
    }
}

}  // namespace

int run(const arguments& given) {
    // Blocked before the first thread starts, so that every thread inherits it and only sigwait below sees them.
    const sigset_t signals = awaited_signals();
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    raise_descriptor_limit();
    const auto started = std::chrono::steady_clock::now();
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    opened<hawser::host> host =
        open_host(*loaded, {.lock_wait_ms = run_lock_wait_ms,
                            .serves_clients = true,
                            .on_reload = [&given](hawser::host& running, const reload_options& options) {
                                return reload_host(running, given, options);
                            }});
    if (!host.value) {
        return report_failure(given, host.code, host.text, exit_code_of_access(host.code));
    }
    host.value->start();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    log_event("ready", {{{"host", loaded->summary().host_name},
                         {"box", loaded->message_box_path()},
                         {"took_ms", std::to_string(took.count())}}});
    notify_service_manager("READY=1\nMAINPID=" + std::to_string(::getpid()));

    background_reloads reloads(*host.value);
    const int signal = wait_for_stop(signals, reloads);
    log_event("stopping", {{{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}, {}, {}}});
    notify_service_manager("STOPPING=1");
    ::pthread_sigmask(SIG_UNBLOCK, &signals,
                      nullptr);  // a second signal ends the process at once; the box loses nothing
    host.value->stop();
    reloads.wait();
    host.value.reset();
    log_event("stopped");
    return exit_code::done;
}

}  // namespace hawser::command
