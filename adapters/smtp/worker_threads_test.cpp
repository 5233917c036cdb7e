#include "worker_threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "system_faults.hpp"

using namespace hawser::smtp;

TEST_CASE("the threads that could be made do the work; where there is none that is said") {
    for (const int left : {1, 2}) {
        const system_faults::threads_left few(left);
        worker_threads threads(4);
        std::promise<void> done;
        threads.give([&done] { done.set_value(); });
        done.get_future().wait();
    }
    const system_faults::threads_left none(0);
    CHECK_THROWS_AS(worker_threads(4), std::system_error);
}

TEST_CASE("a job that throws is over, and the next one runs") {
    worker_threads threads(1);
    threads.give([] { throw std::runtime_error("a job's failure"); });
    threads.give([] { throw 7; });
    std::promise<void> done;
    threads.give([&done] { done.set_value(); });
    done.get_future().wait();
}

TEST_CASE("at the end what runs is waited for, and nothing is left") {
    const auto held = std::make_shared<int>(0);
    std::atomic<bool> is_over{false};
    {
        worker_threads threads(1);
        std::promise<void> begun;
        std::promise<void> may_end;
        threads.give([&, end = may_end.get_future()]() mutable {
            begun.set_value();
            end.wait();
            is_over = true;
        });
        threads.give([held] {});
        begun.get_future().wait();
        may_end.set_value();
    }
    CHECK(is_over);
    CHECK(held.use_count() == 1);
}
