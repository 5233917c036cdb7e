#include "runtime/held_releaser.hpp"

#include <doctest/doctest.h>

#include <future>
#include <map>
#include <system_error>

#include "base/thread_shortage.hpp"

using namespace hawser::engine;

TEST_CASE("each group is released to its end, a piece of each in turn") {
    std::mutex mutex;
    std::map<std::string, int> left{{"A", 3}, {"B", 2}};
    std::string order;
    std::promise<void> is_done;
    held_releaser releaser([&](const std::string& group) {
        const std::lock_guard lock(mutex);
        order += group;
        const bool is_last = --left[group] == 0;
        if (left["A"] <= 0 && left["B"] <= 0) {
            is_done.set_value();
        }
        return is_last ? release_progress::done : release_progress::more;
    });
    {
        const std::lock_guard both_are_asked_for_before_the_first_piece(mutex);
        releaser.release("A");
        releaser.release("B");
    }
    is_done.get_future().wait();
    releaser.stop();
    CHECK(order == "ABABA");
}

TEST_CASE("a piece that was refused is asked for again, and a stop does not wait for that") {
    std::promise<void> is_again;
    int count = 0;
    held_releaser releaser([&](const std::string&) {
        if (++count == 2) {
            is_again.set_value();
        }
        return release_progress::refused;
    });
    releaser.release("A");
    is_again.get_future().wait();
    releaser.stop();
    releaser.release("A");  // nothing comes of it
    CHECK(count == 2);
}

TEST_CASE("a releaser that has nothing to do any more can be asked again") {
    std::promise<void> done[2];
    int count = 0;
    held_releaser releaser([&](const std::string&) {
        done[count++].set_value();
        return release_progress::done;
    });
    releaser.release("A");
    done[0].get_future().wait();
    releaser.release("A");
    done[1].get_future().wait();
    releaser.stop();
    CHECK(count == 2);
}

TEST_CASE("a release that could not begin is begun by the next") {
    std::promise<void> is_released;
    held_releaser releaser([&](const std::string&) {
        is_released.set_value();
        return release_progress::done;
    });
    {
        const test::thread_shortage shortage(0);
        CHECK_THROWS_AS(releaser.release("A"), std::system_error);
    }
    releaser.release("A");
    CHECK(is_released.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
}
