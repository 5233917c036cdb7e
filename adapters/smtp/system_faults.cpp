#include "system_faults.hpp"

#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>

namespace hawser::smtp::system_faults {
namespace {

constexpr int no_limit = -1;
std::atomic<int> thread_count_left{no_limit};
std::mutex mutex;
std::condition_variable changed;
bool is_hanging = false;
int hanging_count = 0;

bool may_make_thread() {
    int left = thread_count_left;
    while (left > 0 && !thread_count_left.compare_exchange_weak(left, left - 1)) {
    }
    return left != 0;
}

void hang() {
    std::unique_lock lock(mutex);
    ++hanging_count;
    changed.notify_all();
    changed.wait(lock, [] { return !is_hanging; });
    --hanging_count;
}

template <typename Function>
Function* next(const char* name, Function*) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

threads_left::threads_left(int count) { thread_count_left = count; }
threads_left::~threads_left() { thread_count_left = no_limit; }

hanging_lookups::hanging_lookups() {
    const std::lock_guard lock(mutex);
    is_hanging = true;
}

hanging_lookups::~hanging_lookups() {
    const std::lock_guard lock(mutex);
    is_hanging = false;
    changed.notify_all();
}

void hanging_lookups::wait_for_one() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [] { return hanging_count > 0; });
}

}  // namespace hawser::smtp::system_faults

namespace faults = hawser::smtp::system_faults;

extern "C" {

[[gnu::visibility("default")]] int pthread_create(pthread_t* made, const pthread_attr_t* attributes,
                                                  void* (*run)(void*), void* argument) noexcept {
    return faults::may_make_thread() ? faults::next("pthread_create", &pthread_create)(made, attributes, run, argument)
                                     : EAGAIN;
}

[[gnu::visibility("default")]] int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                                               addrinfo** found) {
    if (name != nullptr && std::string_view(name) == faults::hanging_name) {
        faults::hang();
        return EAI_AGAIN;
    }
    return faults::next("getaddrinfo", &getaddrinfo)(name, service, hints, found);
}

}  // extern "C"
