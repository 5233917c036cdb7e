// The message box beside bare SQLite, in the same run: 4 KiB bodies, WAL, synchronous=FULL.
//
//   publish/P    P blocking publishers; an operation = a message durable with its delivery, and answered
//   claim/P      P blocking callers; an operation = one delivery claimed, with its context and body in hand
//   cycle/P      P blocking publishers; an operation = one message published, claimed and completed, each of the three
//                durable before the next: three hand-offs to the writer, three commits (shared with the others')
//   deep/P       P publishers with 256 submissions under way in all; an operation = a cycle as above, claims by the set
//   latency      one publisher on an idle box, one message after the other
//
// The baseline of publish, claim and cycle is a bare SQLite program with the same hand-offs (bare_writer): an insert,
// an update, a delete by key. That of deep is one thread without hand-offs that inserts, updates and deletes rows in
// batches, each batch a transaction, at the best of the batch sizes below; none is larger than what is under way here.
// That of latency is one thread that inserts a row and commits it.
//
//     TMPDIR=FOLDER messagebox_bench [Google Benchmark's options]        exit code 1: a target was missed
#include <chrono>
#include <functional>

#include "bare_sqlite.hpp"
#include "comparison.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;
using namespace hawser::bench;

namespace {

constexpr std::size_t body_size = 4096;
constexpr std::int64_t outstanding_count = 256;
constexpr std::size_t batch_sizes[] = {16, 50, 100, 256};
constexpr auto round_time = std::chrono::milliseconds(200);
constexpr int round_count = 15;
constexpr std::int64_t prepared_claims = 1600;  // of a round of claims
constexpr int latency_samples_a_round = 40;

constexpr target not_less_than_half{target::bound::at_least, 0.5};
constexpr target not_less_than_70_percent{target::bound::at_least, 0.7};
constexpr target not_more_than_twice{target::bound::at_most, 2.0};

const std::string body(body_size, 'x');
comparison_table table;

publication message_to_port() { return make_publication({.ports = {"A"}, .body = body}); }

// The message box with the baseline's blocking calls.
class box_writer_side {
public:
    std::int64_t publish(const std::string&) {
        commit_and_wait(publish_operation{message_to_port()});
        return 0;
    }
    claim_token claim(std::int64_t) {
        answer_gate answered;
        claim_token token;
        box_->claim({{"A", 1, false}}, now(), [&](result<std::vector<claimed_delivery>> given) {
            if (!given || given->size() != 1) {
                std::abort();
            }
            token = given->front().token;
            answered.open();
        });
        answered.pass();
        return token;
    }
    void complete(claim_token token) { commit_and_wait(complete_operation{token, {}}); }
    message_box& box() { return *box_; }

private:
    void commit_and_wait(operation one) {
        answer_gate answered;
        box_->commit(batch_of(std::move(one)), [&](const commit_answer& answer) {
            if (answer.status != commit_status::done) {
                std::abort();
            }
            answered.open();
        });
        answered.pass();
    }

    box_folder folder_;
    std::unique_ptr<message_box> box_ = folder_.open();
};

// Runs `work(i)` on so many threads until the time is over; operations a second.
double rate_of(int thread_count, const std::function<void()>& work) {
    std::atomic<std::int64_t> count{0};
    const auto start = clock_type::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
        threads.emplace_back([&] {
            while (clock_type::now() - start < round_time) {
                work();
                ++count;
            }
        });
    }
    for (std::thread& one : threads) {
        one.join();
    }
    return static_cast<double>(count) / seconds_since(start);
}

template <typename Side>
void cycle_once(Side& side) {
    side.complete(side.claim(side.publish(body)));
}

template <typename Side>
double cycle_rate(Side& side, int publishers) {
    return rate_of(publishers, [&] { cycle_once(side); });
}

// What was published in a round is claimed and completed before the next, off the clock.
template <typename Side>
double publish_rate(Side& side, int publishers) {
    std::mutex mutex;
    std::vector<std::int64_t> published;
    const double rate = rate_of(publishers, [&] {
        const std::int64_t id = side.publish(body);
        const std::lock_guard lock(mutex);
        published.push_back(id);
    });
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 64; ++i) {
        threads.emplace_back([&] {
            for (std::size_t at = next++; at < published.size(); at = next++) {
                side.complete(side.claim(published[at]));
            }
        });
    }
    for (std::thread& one : threads) {
        one.join();
    }
    return rate;
}

// Publishes and completes off the clock.
template <typename Side>
double claim_rate(Side& side, int callers) {
    using token_type = decltype(side.claim(0));
    std::vector<std::int64_t> published(prepared_claims);
    std::vector<token_type> claimed(prepared_claims);
    const auto on_threads = [](int thread_count, const std::function<void(std::size_t)>& work) {
        std::atomic<std::size_t> next{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&] {
                for (std::size_t at = next++; at < prepared_claims; at = next++) {
                    work(at);
                }
            });
        }
        for (std::thread& one : threads) {
            one.join();
        }
    };
    on_threads(64, [&](std::size_t at) { published[at] = side.publish(body); });
    const auto start = clock_type::now();
    on_threads(callers, [&](std::size_t at) { claimed[at] = side.claim(published[at]); });
    const double rate = static_cast<double>(prepared_claims) / seconds_since(start);
    on_threads(64, [&](std::size_t at) { side.complete(claimed[at]); });
    return rate;
}

// ---- 256 submissions under way -------------------------------------------------------------------------------------

// Publishers keep 256 submissions under way, all together, until the time is over; a set is claimed whenever there is
// something to claim and no claim under way, and each delivery of it is completed. Claims and completions are asked for
// in the answers, as a delivery engine with nothing else to do would.
class deep_round {
public:
    explicit deep_round(message_box& box) : box_(box) {}

    double run(int publishers) {
        const auto start = clock_type::now();
        std::vector<std::thread> threads;
        for (int i = 0; i < publishers; ++i) {
            threads.emplace_back([&] { publish_until(start + round_time); });
        }
        for (std::thread& one : threads) {
            one.join();
        }
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return outstanding_ == 0; });
        return static_cast<double>(completed_) / seconds_since(start);
    }

private:
    void publish_until(clock_type::time_point end) {
        while (clock_type::now() < end) {
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return outstanding_ < outstanding_count; });
                ++outstanding_;
            }
            box_.commit(batch_of(publish_operation{message_to_port()}), [this](const commit_answer&) { published(); });
        }
    }
    // These three on the writer thread.
    void published() {
        ++ready_;
        claim_next();
    }
    void claim_next() {
        if (is_claiming_ || ready_ == 0) {
            return;
        }
        is_claiming_ = true;
        box_.claim({{"A", static_cast<std::uint32_t>(ready_), false}}, now(),
                   [this](result<std::vector<claimed_delivery>> given) { claimed(std::move(given)); });
    }
    void claimed(result<std::vector<claimed_delivery>> given) {
        is_claiming_ = false;
        if (!given) {
            std::abort();
        }
        ready_ -= static_cast<std::int64_t>(given->size());
        for (const claimed_delivery& one : *given) {
            box_.commit(batch_of(complete_operation{one.token, {}}), [this](const commit_answer&) { completed(); });
        }
        claim_next();
    }
    void completed() {
        const std::lock_guard lock(mutex_);
        ++completed_;
        --outstanding_;
        changed_.notify_one();
    }

    message_box& box_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::int64_t outstanding_ = 0;
    std::int64_t completed_ = 0;
    std::int64_t ready_ = 0;  // of the writer thread, as is_claiming_ is
    bool is_claiming_ = false;
};

class bare_batches {
public:
    double rate() { return rate_at(best_size()); }

private:
    double rate_at(std::size_t batch_size) {
        const auto start = clock_type::now();
        std::int64_t count = 0;
        while (clock_type::now() - start < round_time) {
            for (const auto step : {bare_table::step::insert, bare_table::step::update, bare_table::step::remove}) {
                bare_.begin();
                for (std::size_t i = 1; i <= batch_size; ++i) {
                    bare_.apply(step, id_ + static_cast<std::int64_t>(i), body);
                }
                bare_.commit();
            }
            id_ += static_cast<std::int64_t>(batch_size);
            count += static_cast<std::int64_t>(batch_size);
        }
        return static_cast<double>(count) / seconds_since(start);
    }
    std::size_t best_size() {
        if (best_size_ == 0) {
            double best = 0;
            for (const std::size_t size : batch_sizes) {
                const double rate = quantile({rate_at(size), rate_at(size), rate_at(size)}, 0.5);
                std::printf("bare SQLite, batches of %3zu: %8.0f cycles/s\n", size, rate);
                best_size_ = rate > best ? size : best_size_;
                best = std::max(best, rate);
            }
        }
        return best_size_;
    }

    bare_table bare_;
    std::int64_t id_ = 0;
    std::size_t best_size_ = 0;
};

// ---- The benchmarks ------------------------------------------------------------------------------------------------

std::string with_threads(const char* name, int count) {
    return std::string(name) + ", " + std::to_string(count) + (count == 1 ? " thread" : " threads");
}

void publish(benchmark::State& state) {
    box_writer_side ours;
    bare_writer bare;
    const auto threads = static_cast<int>(state.range(0));
    compare_rates(
        state, table, with_threads("publish, messages/s", threads), {}, [&] { return publish_rate(ours, threads); },
        [&] { return publish_rate(bare, threads); });
}

void claim(benchmark::State& state) {
    box_writer_side ours;
    bare_writer bare;
    const auto threads = static_cast<int>(state.range(0));
    compare_rates(
        state, table, with_threads("claim, deliveries/s", threads), {}, [&] { return claim_rate(ours, threads); },
        [&] { return claim_rate(bare, threads); });
}

void cycle(benchmark::State& state) {
    box_writer_side ours;
    bare_writer bare;
    const auto threads = static_cast<int>(state.range(0));
    compare_rates(
        state, table, with_threads("full cycle, blocking, cycles/s", threads), not_less_than_70_percent,
        [&] { return cycle_rate(ours, threads); }, [&] { return cycle_rate(bare, threads); });
}

void deep(benchmark::State& state) {
    box_writer_side ours;
    bare_batches bare;
    const auto threads = static_cast<int>(state.range(0));
    compare_rates(
        state, table, with_threads("full cycle, 256 under way, cycles/s", threads), not_less_than_half,
        [&] { return deep_round(ours.box()).run(threads); }, [&] { return bare.rate(); });
}

// Taken in turns, a publication and a bare commit; microseconds.
void latency(benchmark::State& state) {
    box_writer_side ours;
    bare_table bare;
    std::vector<double> our_times;
    std::vector<double> bare_times;
    std::int64_t id = 0;
    for (auto _ : state) {
        for (int i = 0; i < latency_samples_a_round; ++i) {
            auto start = clock_type::now();
            ours.publish(body);
            our_times.push_back(1e6 * seconds_since(start));
            start = clock_type::now();
            bare.begin();
            bare.apply(bare_table::step::insert, ++id, body);
            bare.commit();
            bare_times.push_back(1e6 * seconds_since(start));
        }
    }
    for (const auto& [name, part] : {std::pair{"p50", 0.5}, std::pair{"p99", 0.99}}) {
        const double our_time = quantile(our_times, part);
        const double bare_time = quantile(bare_times, part);
        state.counters[std::string(name) + "_us"] = our_time;
        table.add(std::string("publish on an idle box, ") + name + ", us", our_time, bare_time, our_time / bare_time,
                  not_more_than_twice);
    }
}

BENCHMARK(latency)->Iterations(25)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(cycle)->Arg(1)->Arg(4)->Arg(16)->Iterations(round_count)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(deep)->Arg(1)->Arg(4)->Arg(16)->Iterations(round_count)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(publish)->Arg(1)->Arg(4)->Arg(16)->Iterations(7)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(claim)->Arg(1)->Arg(4)->Arg(16)->Iterations(7)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argument_count, char** arguments) {
    benchmark::Initialize(&argument_count, arguments);
    if (benchmark::ReportUnrecognizedArguments(argument_count, arguments)) {
        return 64;
    }
    print_machine();
    std::printf("SQLite %s; %zu-byte bodies in %s\n", sqlite3_libversion(), body_size,
                std::filesystem::temp_directory_path().c_str());
    benchmark::RunSpecifiedBenchmarks();
    return table.print() ? 0 : 1;
}
