// Child processes of the benchmarks, and the one most of them need: Debian's smtp-sink (package postfix), which takes
// every message and keeps none. One thread. Failure: exit code 1 with what is missing.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace hawser::bench {

inline int free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(listener);
    return ntohs(address.sin_port);
}

inline bool is_listening(int port) {
    const int one = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool connected = ::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(one);
    return connected;
}

// `log_path` takes the child's standard error, `output` its standard output; "" and -1 = it goes where ours does.
inline pid_t start(const std::vector<std::string>& words, const std::string& log_path = {}, int output = -1) {
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        if (!log_path.empty()) {
            ::dup2(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDERR_FILENO);
        }
        if (output >= 0) {
            ::dup2(output, STDOUT_FILENO);
        }
        ::execvp(arguments[0], arguments.data());
        std::perror(arguments[0]);
        ::_exit(127);
    }
    return child;
}

inline void stop(pid_t child) {
    ::kill(child, SIGTERM);
    ::waitpid(child, nullptr, 0);
}

class smtp_sink {
public:
    smtp_sink() {
        ::setenv("PATH", (std::string(std::getenv("PATH")) + ":/usr/sbin").c_str(), 1);
        child_ = start({"smtp-sink", "-u", "postfix", "127.0.0.1:" + std::to_string(port_), "1000"});
        while (!is_listening(port_)) {
            if (::waitpid(child_, nullptr, WNOHANG) == child_) {
                std::fprintf(stderr, "smtp-sink failed: is the postfix package installed?\n");
                std::exit(1);
            }
            std::this_thread::yield();
        }
    }
    smtp_sink(const smtp_sink&) = delete;
    smtp_sink& operator=(const smtp_sink&) = delete;
    ~smtp_sink() { stop(child_); }
    int port() const noexcept { return port_; }
    double processor_us() const {  // that it has used
        clockid_t clock{};
        timespec used{};
        if (::clock_getcpuclockid(child_, &clock) == 0) {
            ::clock_gettime(clock, &used);
        }
        return 1e6 * static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e3;
    }

private:
    int port_ = free_port();
    pid_t child_ = -1;
};

// A line of /proc/<process>/status, in KiB; 0 = the process or the line is not there.
inline long memory_kib(const std::string& process, const std::string& name) {
    std::ifstream status("/proc/" + process + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(name + ":", 0) == 0) {
            return std::atol(line.c_str() + name.size() + 1);
        }
    }
    return 0;
}

}  // namespace hawser::bench
