// For tests: while it lives, the process can have so many further threads and no more, whoever asks for them. It makes
// their stacks large and the room for them small, which binds every user; a limit on processes does not bind root.
#pragma once

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <stdexcept>

namespace hawser::engine::test {

class thread_shortage {
public:
    explicit thread_shortage(unsigned count) {
        pthread_attr_t attributes;
        ::pthread_attr_init(&attributes);
        bool is_done = ::pthread_getattr_default_np(&attributes) == 0 &&
                       ::pthread_attr_getstacksize(&attributes, &stack_size_before_) == 0 &&
                       ::getrlimit(RLIMIT_AS, &limit_before_) == 0;
        ::pthread_attr_destroy(&attributes);
        rlimit limit = limit_before_;
        limit.rlim_cur = address_space() + count * stack_size + stack_size / 2;
        is_done = is_done && ::setrlimit(RLIMIT_AS, &limit) == 0 && set_default(stack_size);
        if (!is_done) {
            throw std::runtime_error("the threads of this process cannot be limited");
        }
    }
    thread_shortage(const thread_shortage&) = delete;
    thread_shortage& operator=(const thread_shortage&) = delete;
    ~thread_shortage() {
        set_default(stack_size_before_);
        ::setrlimit(RLIMIT_AS, &limit_before_);
    }

private:
    static constexpr std::size_t stack_size = std::size_t{1} << 30U;  // larger than the stacks that are kept for reuse

    static std::size_t address_space() {
        std::size_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    }
    static bool set_default(std::size_t size) {
        pthread_attr_t attributes;
        ::pthread_attr_init(&attributes);
        const bool is_set =
            ::pthread_attr_setstacksize(&attributes, size) == 0 && ::pthread_setattr_default_np(&attributes) == 0;
        ::pthread_attr_destroy(&attributes);
        return is_set;
    }

    std::size_t stack_size_before_ = 0;
    rlimit limit_before_{};
};

}  // namespace hawser::engine::test
