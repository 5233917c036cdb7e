// What it costs to route one message among 10, 1,000 and 100,000 subscriptions, for messages that take turns, so that
// no single answer stays in the processor's caches:
//   equality   BTS.ReceivePortName == its own && Invoice.Amount > its own; one subscription takes each message
//   shared     the same with one receive port for all: ten of the amounts are below each message's
//   exists     a property of its own; one subscription takes each message
//   no_match   as equality, with messages of a receive port that nobody asks for
// Beside them is what testing every filter costs, and what making the index does. The table at the end has the ratios
// 100,000 : 10 of the processor time of a match.
//
//     routing_bench [Google Benchmark's options]
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "routing/subscriptions.hpp"

using namespace hawser::engine;

namespace {

constexpr std::int64_t few = 10;
constexpr std::int64_t some = 1000;
constexpr std::int64_t many = 100'000;
constexpr std::int64_t message_count = 512;
constexpr std::size_t shared_matches = 10;

enum class routing_kind { equality = 1, shared, exists, no_match };

std::vector<subscription> subscriptions_of(routing_kind kind, std::int64_t count) {
    std::vector<subscription> all;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::string number = std::to_string(i);
        filter_groups filter;
        if (kind == routing_kind::exists) {
            filter = {{{"Partner.P" + number, "exists", ""}}};
        } else {
            const std::string port = kind == routing_kind::shared ? "Invoices" : "Invoices" + number;
            filter = {{{"BTS.ReceivePortName", "==", port}, {"Invoice.Amount", ">", number}}};
        }
        all.push_back({{"SendPort" + number}, std::move(filter)});
    }
    return all;
}

// A message as it comes out of a receive pipeline: twelve promoted properties, most of them no filter's concern.
message_context context_of(routing_kind kind, const std::string& number) {
    const bool is_shared = kind == routing_kind::shared;
    const std::string port = is_shared ? "Invoices" : kind == routing_kind::no_match ? "Nobody" : "Invoices" + number;
    const std::pair<std::string, std::string> promoted[] = {
        {"BTS.InboundTransportLocation", "/srv/in/*.xml"},
        {"BTS.InboundTransportType", "FILE"},
        {"BTS.InterchangeID", "9c5a0a1e-5c3f-4b0c-8d7e-0f3a6f2f7f11"},
        {"BTS.MessageID", "1b0f5f0e-2a8b-4a9e-9f65-5f1f8e8f9a10"},
        {"BTS.MessageType", "http://schemas.contoso.example/invoice#Invoice"},
        {"BTS.ReceiveLocationName", "InvoicesFolder"},
        {"BTS.ReceivePortName", port},
        {"FILE.ReceivedFileName", "/srv/in/invoice-" + number + ".xml"},
        {"Invoice.Amount", std::to_string(is_shared ? static_cast<std::int64_t>(shared_matches) : many)},
        {"Invoice.Currency", "EUR"},
        {"Invoice.Number", "INV-" + number},
        {kind == routing_kind::exists ? "Partner.P" + number : "Partner.Name", "Contoso"}};
    message_context context;
    for (const auto& [name, value] : promoted) {
        if (!context.set(name, {.value = value, .is_promoted = true})) {
            std::abort();
        }
    }
    return context;
}

// As many for each count, spread over its subscriptions.
std::vector<message_context> messages_of(routing_kind kind, std::int64_t count) {
    std::vector<message_context> messages;
    for (std::int64_t i = 0; i < message_count; ++i) {
        constexpr std::int64_t prime = 7919;
        messages.push_back(context_of(kind, std::to_string(i * prime % count)));
    }
    return messages;
}

std::size_t expected_ports(routing_kind kind) {
    return kind == routing_kind::no_match ? 0 : kind == routing_kind::shared ? shared_matches : 1;
}

template <typename Count>
void route(benchmark::State& state, routing_kind kind, Count count_ports) {
    const std::vector<message_context> messages = messages_of(kind, state.range(0));
    std::size_t next = 0;
    for (auto _ : state) {
        if (count_ports(messages[next]) != expected_ports(kind)) {
            state.SkipWithError("routed to the wrong number of ports");
            break;
        }
        next = (next + 1) % messages.size();
    }
    state.SetItemsProcessed(state.iterations());
}

void indexed(benchmark::State& state, routing_kind kind) {
    const subscriptions all(subscriptions_of(kind, state.range(0)));
    route(state, kind, [&](const message_context& message) { return all.match(message).size(); });
}

void every_filter(benchmark::State& state, routing_kind kind) {
    const std::vector<subscription> all = subscriptions_of(kind, state.range(0));
    route(state, kind, [&](const message_context& message) {
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](const subscription& one) { return matches(one.filter, message); }));
    });
}

void build_index(benchmark::State& state) {
    const std::vector<subscription> all = subscriptions_of(routing_kind::equality, state.range(0));
    for (auto _ : state) {
        const subscriptions built(all);
        benchmark::DoNotOptimize(&built);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(indexed, equality, routing_kind::equality)->Arg(few)->Arg(some)->Arg(many);
BENCHMARK_CAPTURE(indexed, shared, routing_kind::shared)->Arg(few)->Arg(some)->Arg(many);
BENCHMARK_CAPTURE(indexed, exists, routing_kind::exists)->Arg(few)->Arg(some)->Arg(many);
BENCHMARK_CAPTURE(indexed, no_match, routing_kind::no_match)->Arg(few)->Arg(some)->Arg(many);
BENCHMARK_CAPTURE(every_filter, equality, routing_kind::equality)->Arg(few)->Arg(some)->Arg(many);
BENCHMARK(build_index)->Arg(few)->Arg(some)->Arg(many)->Unit(benchmark::kMillisecond);

// Prints what Google Benchmark prints, and keeps the times for the ratios.
class ratio_reporter final : public benchmark::ConsoleReporter {
public:
    ratio_reporter() : ConsoleReporter(OO_Tabular) {}
    void ReportRuns(const std::vector<Run>& reports) override {
        for (const Run& one : reports) {
            if (one.error_occurred) {
                has_failed_ = true;
            } else if (one.run_type == Run::RT_Iteration) {
                times_ns_[one.run_name.function_name][one.run_name.args] =
                    one.cpu_accumulated_time / static_cast<double>(one.iterations) * nanoseconds_per_second;
            }
        }
        ConsoleReporter::ReportRuns(reports);
    }
    bool has_failed() const { return has_failed_; }
    void print_ratios() const {
        std::printf("\n%-24s %12s %12s %12s %14s\n", "one match, ns", "10", "1,000", "100,000", "100,000 : 10");
        for (const auto& [name, times] : times_ns_) {
            if (name != "build_index" && times.size() == 3) {
                const double least = times.at(std::to_string(few));
                const double most = times.at(std::to_string(many));
                std::printf("%-24s %12.0f %12.0f %12.0f %14.2f\n", name.c_str(), least, times.at(std::to_string(some)),
                            most, most / least);
            }
        }
    }

private:
    static constexpr double nanoseconds_per_second = 1e9;
    std::map<std::string, std::map<std::string, double>> times_ns_;  // by benchmark, then by count
    bool has_failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return EXIT_FAILURE;
    }
    ratio_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    reporter.print_ratios();
    return reporter.has_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
