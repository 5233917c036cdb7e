// Two programs measured side by side: rounds of one and the other alternate within one run, so that whatever else the
// machine does meets both. The figure of each is its median round, the ratio is the median of the rounds' ratios; a
// table at the end has them all beside what they must be.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "bench_support.hpp"

namespace hawser::bench {

struct target {
    enum class bound : std::uint8_t { none = 1, at_least, at_most };
    bound kind = bound::none;
    double ratio = 0;
};

class comparison_table {
public:
    void add(std::string figure, double ours, double baseline, double ratio, target wanted) {
        rows_.push_back({std::move(figure), ours, baseline, ratio, wanted});
    }
    // false: a target was missed.
    bool print() const {
        bool is_all_met = true;
        std::printf("\n%-58s %12s %12s %7s %8s\n", "figure", "ours", "baseline", "ratio", "target");
        for (const row& one : rows_) {
            const bool is_met = one.is_met();
            is_all_met = is_all_met && is_met;
            std::printf("%-58s %12.1f %12.1f %7.2f %s\n", one.figure.c_str(), one.ours, one.baseline, one.ratio,
                        one.verdict().c_str());
        }
        return is_all_met;
    }

private:
    struct row {
        std::string figure;
        double ours;
        double baseline;
        double ratio;
        target wanted;

        bool is_met() const {
            return wanted.kind == target::bound::none ||
                   (wanted.kind == target::bound::at_least ? ratio >= wanted.ratio : ratio <= wanted.ratio);
        }
        std::string verdict() const {
            if (wanted.kind == target::bound::none) {
                return "       -";
            }
            char text[48];
            std::snprintf(text, sizeof text, " %s %4.2f  %s",
                          wanted.kind == target::bound::at_least ? ">=" : "<=", wanted.ratio,
                          is_met() ? "met" : "NOT MET");
            return text;
        }
    };
    std::vector<row> rows_;
};

// One iteration of the benchmark is one round of both; each returns its rate.
template <typename Ours, typename Baseline>
void compare_rates(benchmark::State& state, comparison_table& table, const std::string& figure, target wanted,
                   Ours ours, Baseline baseline) {
    std::vector<double> our_rates;
    std::vector<double> baseline_rates;
    std::vector<double> ratios;
    ours();  // warm: files grown, caches filled, threads started
    baseline();
    for (auto _ : state) {
        our_rates.push_back(ours());
        baseline_rates.push_back(baseline());
        ratios.push_back(our_rates.back() / baseline_rates.back());
    }
    const double ratio = quantile(ratios, 0.5);
    state.counters["ours"] = quantile(our_rates, 0.5);
    state.counters["baseline"] = quantile(baseline_rates, 0.5);
    state.counters["ratio"] = ratio;
    table.add(figure, quantile(our_rates, 0.5), quantile(baseline_rates, 0.5), ratio, wanted);
}

}  // namespace hawser::bench
