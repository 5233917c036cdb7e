#include "host_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

namespace hawser::crash {
namespace {

constexpr std::int64_t answer_wait_max_ms = 30'000;
constexpr std::int64_t stop_wait_max_ms = 60'000;
constexpr auto poll_interval = std::chrono::milliseconds(1);

std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw std::runtime_error(std::string("no pipe to the host process: ") + std::strerror(errno));
    }
    return ends;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> environment_of(std::uint32_t run, std::uint32_t seed) {
    std::vector<std::string> all;
    for (char** one = environ; *one != nullptr; ++one) {
        all.emplace_back(*one);
    }
    all.push_back("HAWSER_CRASH_RUN=" + std::to_string(run));
    all.push_back("HAWSER_CRASH_SEED=" + std::to_string(seed));
    return all;
}

}  // namespace

host_process::host_process(const host_settings& settings, std::uint32_t run) {
    spawn(settings, run);
    if (read_line(answer_wait_max_ms) != "ready") {
        const int status = kill();
        throw std::runtime_error("the host of run " + std::to_string(run) + " did not start (status " +
                                 std::to_string(status) + "): see " + settings.log_file);
    }
}

host_process::~host_process() {
    kill();
    ::close(commands_);
    ::close(answers_);
}

void host_process::spawn(const host_settings& settings, std::uint32_t run) {
    const std::array<int, 2> in = make_pipe();
    const std::array<int, 2> out = make_pipe();
    std::vector<std::string> words{CRASH_HOST, settings.bindings};
    if (settings.has_faults) {
        words.insert(words.end(), {"--faults", std::to_string(settings.seed + run)});
    }
    std::vector<std::string> environment = environment_of(run, settings.seed);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, settings.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);  // the test ignores SIGPIPE; a host does as it does
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    const int failure = ::posix_spawn(&process_, CRASH_HOST, &actions, &attributes, pointers_to(words).data(),
                                      pointers_to(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(in[0]);
    ::close(out[1]);
    commands_ = in[1];
    answers_ = out[0];
    if (failure != 0) {
        process_ = -1;
        throw std::runtime_error(std::string("cannot start ") + CRASH_HOST + ": " + std::strerror(failure));
    }
}

std::optional<std::string> host_process::read_line(std::int64_t wait_max_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_max_ms);
    while (true) {
        if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        pollfd watched{answers_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&watched, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("the host process does not answer");
        }
        std::array<char, 256> buffer{};
        const ssize_t size = ::read(answers_, buffer.data(), buffer.size());
        if (size <= 0) {
            return std::nullopt;
        }
        unread_.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

std::optional<std::string> host_process::ask(const std::string& command) {
    const std::string line = command + '\n';
    if (::write(commands_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        return std::nullopt;  // EPIPE: it has ended
    }
    return read_line(answer_wait_max_ms);
}

bool host_process::inject(const test::fault& one) {
    const std::optional<std::string> answer =
        ask("fail " + std::to_string(static_cast<int>(one.operation)) + ' ' + std::to_string(one.code) + ' ' +
            (one.file_suffix.empty() ? "*" : one.file_suffix) + ' ' + std::to_string(static_cast<int>(one.kind)) + ' ' +
            std::to_string(one.probability));
    if (answer && *answer != "failing") {
        throw std::runtime_error("the host process does not take a fault: " + *answer);
    }
    return answer.has_value();
}

std::optional<std::uint64_t> host_process::clear_faults() {
    const std::optional<std::string> answer = ask("clear");
    if (!answer) {
        return std::nullopt;
    }
    constexpr std::string_view prefix = "struck ";
    if (answer->compare(0, prefix.size(), prefix) != 0) {
        throw std::runtime_error("the host process does not clear its faults: " + *answer);
    }
    return std::stoull(answer->substr(prefix.size()));
}

std::optional<int> host_process::wait(std::int64_t wait_max_ms) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_max_ms);
    while (!ended_) {
        int status = 0;
        if (::waitpid(process_, &status, WNOHANG) == process_) {
            ended_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        } else if (std::chrono::steady_clock::now() >= deadline) {
            return std::nullopt;
        } else {
            std::this_thread::sleep_for(poll_interval);
        }
    }
    return ended_;
}

int host_process::kill() {
    if (process_ <= 0) {
        return 0;
    }
    if (!wait(0)) {
        ::kill(process_, SIGKILL);
    }
    while (!wait(stop_wait_max_ms)) {
    }
    return *ended_;
}

int host_process::stop() {
    constexpr std::string_view command = "stop\n";
    if (::write(commands_, command.data(), command.size()) != static_cast<ssize_t>(command.size())) {
        return kill();
    }
    if (const std::optional<int> status = wait(stop_wait_max_ms)) {
        return *status;
    }
    throw std::runtime_error("the host process does not stop within " + std::to_string(stop_wait_max_ms / 1000) + " s");
}

}  // namespace hawser::crash
