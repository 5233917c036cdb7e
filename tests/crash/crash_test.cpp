// Kills a host under load again and again, and says whether the message box held what it promises:
//
//     crash_test [--kills N] [--seed S] [--faults] [--keep]        exit code 0 only where every promise held
//
// --faults lets the host's disk fail at random as well; --keep leaves the folder with box, journals and log, as a
// failure does. See README.md here.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "campaign.hpp"

namespace hawser::crash {
namespace {

constexpr std::size_t violations_shown_max = 20;

std::optional<std::uint32_t> number_of(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

struct arguments {
    campaign_options options;
    bool keeps_folder = false;
};

std::optional<arguments> read_arguments(int count, char** words) {
    arguments given;
    given.options.seed = std::random_device()();
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const bool has_number = (word == "--kills" || word == "--seed") && i + 1 < count;
        if (has_number) {
            const std::optional<std::uint32_t> number = number_of(words[++i]);
            if (!number) {
                return std::nullopt;
            }
            (word == "--kills" ? given.options.kills : given.options.seed) = *number;
        } else if (word == "--faults") {
            given.options.has_faults = true;
        } else if (word == "--keep") {
            given.keeps_folder = true;
        } else {
            return std::nullopt;
        }
    }
    return given;
}

void print(const campaign_options& options, const campaign_result& result) {
    const campaign_counts& counts = result.counts;
    const judgement& found = result.found;
    const std::pair<const char*, std::uint64_t> rows[] = {
        {"seed", options.seed},
        {"runs of the host", counts.runs},
        {"  ready after ms, on average", counts.start_ms_sum / std::max<std::uint64_t>(1, counts.runs)},
        {"  ready after ms, at most", counts.start_ms_max},
        {"kills", counts.kills},
        {"ends by a failed sync", counts.fault_ends},
        {"faults injected, at least", counts.faults_injected},
        {"submissions", counts.submissions},
        {"acknowledged", counts.acknowledged},
        {"  were there already", counts.known_repeats},
        {"answers: refused", counts.refused},
        {"answers: cut off by a crash", counts.uncertain},
        {"submissions given up", counts.given_up},
        {"journal lines cut by a kill", counts.cut_lines},
        {"deliveries", found.delivered},
        {"suspended for good, whole", counts.kept},
        {"suspended after three crashes", counts.crashes_suspended},
        {"retries", found.retries},
        {"repeats", found.repeats},
        {"  in flight at a crash", found.repeats_in_flight},
        {"  of one crash, at most", found.repeats_of_one_crash_max},
        {"order violations", found.order_violations},
        {"lost", found.lost},
        {"unknown", found.unknown},
    };
    for (const auto& [name, value] : rows) {
        fmt::print("{:<32}{:>12}\n", name, value);
    }
    for (std::size_t i = 0; i < found.violations.size() && i < violations_shown_max; ++i) {
        fmt::print("VIOLATION: {}\n", found.violations[i]);
    }
    fmt::print("{}\n", found.holds() ? "Every promise held." : fmt::format("{} violations.", found.violations.size()));
}

int run(arguments given) {
    std::string pattern = (std::filesystem::temp_directory_path() / "hawser-crash-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        fmt::print(stderr, "cannot make a folder like {}\n", pattern);
        return EXIT_FAILURE;
    }
    given.options.folder = pattern;
    fmt::print("crash_test --kills {} --seed {}{} in {}\n", given.options.kills, given.options.seed,
               given.options.has_faults ? " --faults" : "", pattern);
    std::fflush(stdout);
    bool holds = false;
    try {
        const campaign_result result = run_campaign(given.options);
        print(given.options, result);
        holds = result.found.holds();
    } catch (const std::exception& failure) {
        fmt::print("FAILED (seed {}): {}\n", given.options.seed, failure.what());
    }
    if (holds && !given.keeps_folder) {
        std::filesystem::remove_all(pattern);
    } else {
        fmt::print("The box, the journals and the host's log are in {}\n", pattern);
    }
    return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace hawser::crash

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);  // a host that has been killed is no reason to die
    const auto given = hawser::crash::read_arguments(count, words);
    if (!given) {
        fmt::print(stderr, "usage: crash_test [--kills N] [--seed S] [--faults] [--keep]\n");
        return 64;
    }
    return hawser::crash::run(*given);
}
