#include "pipeline/body_pump.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <new>

#include "pipeline/spool.hpp"
#include "pipeline/worker_pool.hpp"

using namespace hawser::engine;

namespace {

std::atomic<bool> is_memory_short{false};  // then no piece of a body fits

}  // namespace

void* operator new(std::size_t size) {
    void* memory = is_memory_short && size >= pump_read_size ? nullptr : std::malloc(size);
    return memory == nullptr ? throw std::bad_alloc() : memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

// Gives `size` bytes and then its end, or a failure; counts what was read of it.
class counted_source final : public stream_source {
public:
    counted_source(std::size_t size, std::atomic<std::size_t>& taken, bool fails)
        : left_(size), taken_(taken), fails_(fails) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        if (left_ == 0 && fails_) {
            throw stream_failure(HAWSER_FAILED, "broken on purpose");
        }
        const std::size_t size = std::min(capacity, left_);
        std::fill_n(static_cast<char*>(buffer), size, 'x');
        left_ -= size;
        taken_ += size;
        return size;
    }

private:
    std::size_t left_;
    std::atomic<std::size_t>& taken_;
    bool fails_;
};

struct fixture {
    std::shared_ptr<body_pump> make(std::size_t size, bool fails = false) {
        auto pump = std::make_shared<body_pump>(
            workers, body_stream(make_stream(std::make_unique<counted_source>(size, taken, fails))));
        std::promise<void> filled;
        workers.post([&] { pump->start({}, [&filled] { filled.set_value(); }); });
        filled.get_future().wait();
        return pump;
    }
    std::atomic<std::size_t> taken{0};
    worker_pool workers{2};
};

}  // namespace

TEST_CASE("the first 128 KiB are there before transmit, and no more than the ring holds") {
    fixture f;
    const auto pump = f.make(10 * 1024 * 1024);
    CHECK(f.taken >= pump_prefill_size);
    CHECK(f.taken <= pump_ring_size + pump_read_size);
    pump->close();
}

TEST_CASE("a large body passes whole through the ring, waking the reader") {
    fixture f;
    const auto pump = f.make(5 * 1024 * 1024 + 17);
    std::string buffer(10000, '\0');
    std::string error;
    std::size_t total = 0;
    while (const std::int64_t size = pump->read_waiting(buffer.data(), buffer.size(), error)) {
        REQUIRE(size > 0);
        total += static_cast<std::size_t>(size);
    }
    CHECK(total == 5 * 1024 * 1024 + 17);
    CHECK(pump->size() == static_cast<std::int64_t>(total));
}

TEST_CASE("a body that fails is failed for the reader only after the bytes before it, and never at its end") {
    fixture f;
    const auto pump = f.make(1000, true);
    CHECK(pump->failure()->text == "broken on purpose");
    std::string buffer(4000, '\0');
    std::string error;
    CHECK(pump->read(buffer.data(), buffer.size(), error) == 1000);
    CHECK(pump->read(buffer.data(), buffer.size(), error) == HAWSER_FAILED);
    CHECK(error == "broken on purpose");
}

TEST_CASE("a closed pump gives nothing more") {
    fixture f;
    const auto pump = f.make(10 * 1024 * 1024);
    pump->close();
    std::string error;
    char byte = 0;
    CHECK(pump->read(&byte, 1, error) == HAWSER_CANCELLED);
}

TEST_CASE("a spooled body is the same, small or large, and its failure shows before anything is given") {
    std::atomic<std::size_t> taken{0};
    for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, spool_memory_size_max, std::size_t{1000003}}) {
        body_stream spooled =
            spool_body(body_stream(make_stream(std::make_unique<counted_source>(size, taken, false))), "/tmp");
        CHECK(spooled.size_hint() == static_cast<std::int64_t>(size));
        std::string buffer(4096, '\0');
        std::size_t total = 0;
        while (const std::size_t read = spooled.read(buffer.data(), buffer.size())) {
            total += read;
        }
        CHECK(total == size);
    }
    CHECK_THROWS_AS(spool_body(body_stream(make_stream(std::make_unique<counted_source>(10, taken, true))), "/tmp"),
                    stream_failure);
    CHECK_THROWS_AS(spool_body(body_stream(make_stream(std::make_unique<counted_source>(1000000, taken, false))),
                               "/no/such/folder"),
                    stream_failure);
}

TEST_CASE("a body that there is no memory for fails, to be tried again, before the adapter has it and after") {
    fixture f;
    const auto pump = std::make_shared<body_pump>(
        f.workers, body_stream(make_stream(std::make_unique<counted_source>(10'000'000, f.taken, false))));
    SUBCASE("before") {
        is_memory_short = true;
        std::promise<void> filled;
        f.workers.post([&] { pump->start({}, [&filled] { filled.set_value(); }); });
        CHECK(filled.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    }
    SUBCASE("after") {
        std::promise<void> filled;
        f.workers.post([&] { pump->start({}, [&filled] { filled.set_value(); }); });
        filled.get_future().wait();
        is_memory_short = true;
    }
    char bytes[1000];
    std::string error;
    std::int64_t size = 0;
    while ((size = pump->read_waiting(bytes, sizeof bytes, error)) > 0) {
    }
    is_memory_short = false;
    CHECK(size == HAWSER_TRY_LATER);
    REQUIRE(pump->failure());
    CHECK(pump->failure()->status == HAWSER_TRY_LATER);
    pump->close();
}

TEST_CASE(
    "what the stream reads from stays until the read under way has ended, though the body is not wanted any more") {
    struct waiting_source final : stream_source {  // once the ring was full
        waiting_source(std::promise<void>& entered, std::shared_future<void> leave)
            : entered_(entered), leave_(std::move(leave)) {}
        std::size_t read(void*, std::size_t capacity) override {
            given_ += capacity;
            if (given_ > pump_ring_size) {
                entered_.set_value();
                leave_.wait();
                return 0;
            }
            return capacity;
        }
        std::size_t given_ = 0;
        std::promise<void>& entered_;
        std::shared_future<void> leave_;
    };
    std::promise<void> entered;
    std::promise<void> leave;
    worker_pool workers{1};
    auto owner = std::make_shared<int>(0);
    const std::weak_ptr<int> still = owner;
    auto pump = std::make_shared<body_pump>(
        workers, body_stream(make_stream(std::make_unique<waiting_source>(entered, leave.get_future().share()))));
    std::promise<void> filled;
    workers.post([&] { pump->start(owner, [&filled] { filled.set_value(); }); });
    filled.get_future().wait();
    std::string bytes(pump_ring_size, '\0');
    std::string error;
    CHECK(pump->read(bytes.data(), bytes.size(), error) == static_cast<std::int64_t>(bytes.size()));
    entered.get_future().wait();
    owner.reset();
    pump->close();
    pump.reset();
    CHECK_FALSE(still.expired());
    leave.set_value();
    workers.stop();
    CHECK(still.expired());
}
