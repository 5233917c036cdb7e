// The first SIGINT, SIGTERM or SIGHUP of a client verb ends its wait (what was accepted stays accepted); the second
// ends the process. Installed once, by main's thread; is_interrupted() may be asked from any thread.
#pragma once

#include <csignal>

namespace hawser::command {

inline volatile std::sig_atomic_t interrupt_flag = 0;

inline bool is_interrupted() noexcept { return interrupt_flag != 0; }

inline void watch_interrupts() noexcept {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupt_flag = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaction(signal, &action, nullptr);
    }
}

}  // namespace hawser::command
