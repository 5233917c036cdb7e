#include "pipeline/worker_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <system_error>

#include "base/thread_shortage.hpp"

using namespace hawser::engine;

TEST_CASE("a job that is posted while the pool stops is run or dropped, and never kept for nobody") {
    for (int round = 0; round < 300; ++round) {
        const auto held = std::make_shared<int>(0);  // by every job that is still there
        worker_pool workers(2);
        std::atomic<bool> is_over{false};
        std::thread poster([&] {
            while (!is_over) {
                workers.post([held] {});
            }
        });
        workers.stop();
        is_over = true;
        poster.join();
        REQUIRE(held.use_count() == 1);
    }
}

TEST_CASE("a pool works with the threads that can be made, and there is none without any") {
    std::optional<test::thread_shortage> shortage(1);
    std::promise<void> is_run;
    {
        worker_pool workers(3);
        workers.post([&] { is_run.set_value(); });
        is_run.get_future().get();
        const auto held = std::make_shared<int>(0);
        workers.stop();
        workers.post([held] {});
        CHECK(held.use_count() == 1);
    }
    shortage.emplace(0);
    CHECK_THROWS_WITH_AS(worker_pool(3), doctest::Contains("a thread could not be made"), std::system_error);
}
