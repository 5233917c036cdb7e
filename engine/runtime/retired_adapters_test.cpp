#include "runtime/retired_adapters.hpp"

#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>

using namespace hawser::engine;

namespace {

struct adapter_calls {
    std::atomic<int> stops{0};
    std::atomic<int> destructions{0};
    std::thread::id destroyed_on;
};

std::shared_ptr<adapter_instance> make_adapter(adapter_calls& calls) {
    static const hawser_descriptor descriptor = [] {
        hawser_descriptor made{};
        made.id = to_abi("test");
        return made;
    }();
    static const hawser_send_adapter table = [] {
        hawser_send_adapter made{};
        made.stop = [](void* self) { ++static_cast<adapter_calls*>(self)->stops; };
        made.destroy = [](void* self) {
            auto* const told = static_cast<adapter_calls*>(self);
            told->destroyed_on = std::this_thread::get_id();
            ++told->destructions;
        };
        return made;
    }();
    return std::make_shared<adapter_instance>(descriptor, nullptr, nullptr, hawser_instance{&table, &calls});
}

// While there is one, no thread can be made: none has room for its stack.
class no_further_thread {
public:
    no_further_thread() {
        ::pthread_getattr_default_np(&before_);
        pthread_attr_t huge;
        ::pthread_getattr_default_np(&huge);
        ::pthread_attr_setstacksize(&huge, std::size_t{1} << 60U);
        REQUIRE(::pthread_setattr_default_np(&huge) == 0);
        ::pthread_attr_destroy(&huge);
    }
    no_further_thread(const no_further_thread&) = delete;
    no_further_thread& operator=(const no_further_thread&) = delete;
    ~no_further_thread() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }

private:
    pthread_attr_t before_{};
};

}  // namespace

TEST_CASE("an adapter that nobody uses any more is stopped and destroyed, but not by whoever let go of it") {
    adapter_calls calls;
    {
        retired_adapters retired;
        auto used = retired.watch(make_adapter(calls));
        const auto also_used = used;
        used.reset();
        CHECK(calls.destructions == 0);
    }
    CHECK(calls.stops == 1);
    CHECK(calls.destructions == 1);
    CHECK(calls.destroyed_on != std::this_thread::get_id());
}

TEST_CASE("letting go of an adapter makes no thread, which might not be had") {
    adapter_calls calls;
    retired_adapters retired;
    auto used = retired.watch(make_adapter(calls));
    {
        const no_further_thread so;
        used.reset();
    }
    retired.finish();
    CHECK(calls.stops == 1);
    CHECK(calls.destructions == 1);
}

TEST_CASE("who is let go of after the end is destroyed at once, and was stopped by the host") {
    adapter_calls calls;
    retired_adapters retired;
    auto used = retired.watch(make_adapter(calls));
    retired.finish();
    used.reset();
    CHECK(calls.stops == 0);
    CHECK(calls.destructions == 1);
}
