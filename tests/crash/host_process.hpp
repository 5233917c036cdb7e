// The host program as a child process: started, told to fail its file operations, killed, or stopped.
//
// Used by one thread. The destructor kills what still runs. Failure: std::runtime_error where the child does not answer
// in time or cannot be started.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "support/fault_vfs.hpp"

namespace hawser::crash {

struct host_settings {
    std::string bindings;
    std::string log_file;  // its standard error is appended
    std::uint32_t seed = 0;
    bool has_faults = false;
};

class host_process {
public:
    host_process(const host_settings& settings, std::uint32_t run);  // returns when it is ready
    host_process(const host_process&) = delete;
    host_process& operator=(const host_process&) = delete;
    ~host_process();

    // False where the process has ended before it could obey.
    bool inject(const test::fault& one);
    std::optional<std::uint64_t> clear_faults();  // how many operations have failed since its start

    // How it ended: the exit code, or 128 + the signal. Nullopt: it has not.
    std::optional<int> wait(std::int64_t wait_max_ms);
    int kill();  // SIGKILL, unless it has ended by itself before
    int stop();  // cleanly

private:
    void spawn(const host_settings& settings, std::uint32_t run);
    std::optional<std::string> ask(const std::string& command);
    std::optional<std::string> read_line(std::int64_t wait_max_ms);

    pid_t process_ = -1;
    int commands_ = -1;
    int answers_ = -1;
    std::string unread_;
    std::optional<int> ended_;
};

inline constexpr int killed_status = 128 + 9;

}  // namespace hawser::crash
