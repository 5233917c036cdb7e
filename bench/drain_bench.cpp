// Whether a backlog costs anything but disk: a host that starts with 1,000,000 queued messages beside one with 10,000.
// The messages are submitted with no delivery going on (how quick, and how long the WAL got); then `hawser run` takes
// them to smtp-sink. Printed: how long the box takes to open, how long `hawser run` takes until it says "ready", the
// rate of each tenth of the drain, and the memory of the host: all of it at its highest (VmHWM), and what is not mapped
// from files (RssAnon). The two backlogs' ratio at the end is that of the whole drains, the small one's the median of
// several before and after. Needs Debian's postfix package.
//
//     TMPDIR=FOLDER drain_bench [--messages N] [--bytes N] [--small N]      exit code 1: a target was missed
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>

#include "bench_host.hpp"
#include "bench_support.hpp"
#include "messagebox/message_box.hpp"
#include "smtp_sink.hpp"

using namespace hawser::bench;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t outstanding_max = 2000;
constexpr int small_rounds = 3;  // before the large one, and as many after
constexpr std::uint64_t slices = 10;
constexpr double rate_difference_max = 0.2;
constexpr long resident_kib_max = 64 * 1024;
constexpr double ready_seconds_max = 2.0;

struct drain_result {
    double fill_seconds = 0;
    double wal_mib_max = 0;
    double box_mib = 0;
    double open_seconds = 0;
    double ready_seconds = 0;
    double rate = 0;
    std::vector<double> slice_rates;
    double drain_wal_mib_max = 0;
    long resident_kib = 0;
    long anonymous_kib = 0;
};

double size_mib(const std::string& path) {
    std::error_code absent;
    const auto size = fs::file_size(path, absent);
    return absent ? 0 : static_cast<double>(size) / (1024 * 1024);
}

void write_bindings(const std::string& path, int port) {
    std::ofstream(path) << R"({"host": {"name": "Drain", "messageBox": {"path": "box.db"}}, "plugins": ["smtp"],
      "sendHandlers": {"SMTP": {"SMTPHost": "127.0.0.1:)"
                        << port << R"(", "TLS": "none", "From": "bus@example.test",
       "MaxMessagesPerConnection": 1000000, "MaxConnections": 16}},
      "sendPorts": [{"name": "Out", "maxInFlight": 256,
       "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test"}}]})";
}

void fill(const std::string& bindings, const std::string& box, std::uint64_t count, std::size_t size,
          drain_result& result) {
    const auto loaded = load_or_exit(bindings);
    const auto host = value_or_exit(hawser::open_host(*loaded, {.delivers = false}));
    hawser::submission message;
    message.port = "Out";
    message.parts.push_back({.bytes = std::string(size, 'x')});
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t outstanding = 0;
    const auto start = clock_type::now();
    for (std::uint64_t i = 0; i < count; ++i) {
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return outstanding < outstanding_max; });
            ++outstanding;
        }
        host->submit_async(message, [&](const hawser::submit_answer& answer) {
            if (answer.code != hawser::answer_code::accepted) {
                std::fprintf(stderr, "not accepted: %s\n", answer.text.c_str());
                std::exit(1);
            }
            const std::lock_guard guard(mutex);
            --outstanding;
            changed.notify_one();
        });
        if (i % 1000 == 0) {
            result.wal_mib_max = std::max(result.wal_mib_max, size_mib(box + "-wal"));
        }
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return outstanding == 0; });
    result.fill_seconds = seconds_since(start);
    lock.unlock();
    host->stop();
}

double open_seconds(const std::string& box) {
    const auto start = clock_type::now();
    const auto opened = hawser::engine::open_sqlite_message_box(box, 0);
    if (!opened) {
        std::exit(1);
    }
    return seconds_since(start);
}

void wait_until_ready(const std::string& log_path) {
    while (true) {
        std::ifstream log(log_path);
        for (std::string line; std::getline(log, line);) {
            if (line.find("ready") != std::string::npos) {
                return;
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

std::uint64_t left_in(hawser::bus& host) {
    std::uint64_t left = 0;
    for (const hawser::port_summary& one : host.ports()) {
        left += one.queued + one.retrying + one.active + one.suspended;
    }
    return left;
}

// Counting goes over what is left, on the processors that the host needs: a large rest is counted seldom, and a small
// one as often as its end has to be known to a twentieth.
void drain(const std::string& bindings, const std::string& box, std::uint64_t count, drain_result& result) {
    const std::string log_path = bindings + ".log";
    const auto started = clock_type::now();
    const pid_t child = start({HAWSER_COMMAND, "run", bindings}, log_path);
    wait_until_ready(log_path);
    result.ready_seconds = seconds_since(started);
    const auto loaded = load_or_exit(bindings);
    const auto client = value_or_exit(hawser::connect(*loaded));
    const std::string process = std::to_string(child);
    const std::uint64_t first = left_in(*client);
    const auto begin = clock_type::now();
    std::uint64_t slice_left = first;
    auto slice_begin = begin;
    for (std::uint64_t left = first; left > 0;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(left > 50'000 ? 1000 : 50));
        left = left_in(*client);
        result.anonymous_kib = std::max(result.anonymous_kib, memory_kib(process, "RssAnon"));
        result.drain_wal_mib_max = std::max(result.drain_wal_mib_max, size_mib(box + "-wal"));
        if (slice_left - left >= count / slices || left == 0) {
            result.slice_rates.push_back(static_cast<double>(slice_left - left) / seconds_since(slice_begin));
            slice_left = left;
            slice_begin = clock_type::now();
        }
    }
    result.rate = static_cast<double>(first) / seconds_since(begin);
    result.resident_kib = memory_kib(process, "VmHWM");
    stop(child);
}

drain_result run(int port, std::uint64_t count, std::size_t size) {
    const temporary_folder folder;
    const std::string bindings = folder.file("bindings.json");
    const std::string box = folder.file("box.db");
    write_bindings(bindings, port);
    drain_result result;
    fill(bindings, box, count, size, result);
    result.box_mib = size_mib(box);
    result.open_seconds = open_seconds(box);
    drain(bindings, box, count, result);
    std::printf(
        "%8llu queued: filled at %6.0f/s (WAL <= %.0f MiB, box %.0f MiB); box opened in %.3f s, hawser ready in "
        "%.3f s; drained at %6.0f/s (WAL <= %.0f MiB); VmHWM %.1f MiB, RssAnon <= %.1f MiB\n",
        static_cast<unsigned long long>(count), static_cast<double>(count) / result.fill_seconds, result.wal_mib_max,
        result.box_mib, result.open_seconds, result.ready_seconds, result.rate, result.drain_wal_mib_max,
        static_cast<double>(result.resident_kib) / 1024, static_cast<double>(result.anonymous_kib) / 1024);
    std::fflush(stdout);
    return result;
}

bool print_line(const char* figure, double value, const char* unit, const char* wanted, bool is_met) {
    std::printf("%-52s %10.2f %-8s %-12s %s\n", figure, value, unit, wanted, is_met ? "met" : "NOT MET");
    return is_met;
}

}  // namespace

int main(int argument_count, char** arguments) {
    std::uint64_t count = 1'000'000;
    std::uint64_t small_count = 10'000;
    std::size_t size = 1024;
    for (int i = 1; i + 1 < argument_count; i += 2) {
        const std::string option = arguments[i];
        const std::uint64_t value = std::strtoull(arguments[i + 1], nullptr, 10);
        if (value == 0 || (option != "--messages" && option != "--bytes" && option != "--small")) {
            std::fprintf(stderr, "usage: drain_bench [--messages N] [--bytes N] [--small N]\n");
            return 64;
        }
        (option == "--messages" ? count : option == "--small" ? small_count : size) = value;
    }
    print_machine();
    std::printf("hawser %s; bodies of %zu bytes in %s\n", hawser::version(), size, fs::temp_directory_path().c_str());
    const smtp_sink sink;
    std::vector<double> small_rates;
    for (int i = 0; i < small_rounds; ++i) {
        small_rates.push_back(run(sink.port(), small_count, size).rate);
    }
    const drain_result large = run(sink.port(), count, size);
    for (int i = 0; i < small_rounds; ++i) {
        small_rates.push_back(run(sink.port(), small_count, size).rate);
    }
    std::printf("\nrates of the tenths of the drain:");
    for (const double rate : large.slice_rates) {
        std::printf(" %.0f", rate);
    }
    const double ratio = large.rate / quantile(small_rates, 0.5);
    std::printf("\n\n");
    bool is_met = print_line("rate, the large backlog : the small one", ratio, "", "0.80 .. 1.20",
                             ratio >= 1 - rate_difference_max && ratio <= 1 + rate_difference_max);
    is_met = print_line("resident memory at its highest", static_cast<double>(large.resident_kib) / 1024, "MiB", "< 64",
                        large.resident_kib < resident_kib_max) &&
             is_met;
    is_met = print_line("ready with the large backlog", large.ready_seconds, "s", "< 2",
                        large.ready_seconds < ready_seconds_max) &&
             is_met;
    return is_met ? 0 : 1;
}
