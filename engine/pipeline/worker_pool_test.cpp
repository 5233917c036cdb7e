#include "pipeline/worker_pool.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>

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
