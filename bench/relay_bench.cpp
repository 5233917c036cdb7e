// Durable relay: messages submitted in process, published with fsync, delivered over SMTP into smtp-sink, beside
// smtp-source (not durable) into the same sink in the same run; with --postfix also beside a Postfix that is tuned for
// it, which takes the messages from smtp-source, keeps them durably on the same disk, and relays them to the same sink.
// Needs Debian's postfix package, and root for --postfix.
//
//     relay_bench [--postfix] [--rounds N] [MESSAGES [BYTES [CONNECTIONS]]]        default 10000 4096 16, eleven rounds
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench_host.hpp"
#include "bench_support.hpp"
#include "smtp_sink.hpp"

using namespace hawser::bench;

namespace {

constexpr std::size_t outstanding_max = 256;

// Microseconds of processor time that this process has used, or its children that have ended; unlike the rate they
// hardly depend on what else the machine does.
double processor_us(int whose) {
    rusage used{};
    ::getrusage(whose, &used);
    const auto us_of = [](const timeval& time) { return 1e6 * double(time.tv_sec) + double(time.tv_usec); };
    return us_of(used.ru_utime) + us_of(used.ru_stime);
}

double run_smtp_source(int port, int count, int size, int connections) {
    const auto begin = clock_type::now();
    const pid_t source = start({"smtp-source", "-d", "-s", std::to_string(connections), "-m", std::to_string(count),
                                "-l", std::to_string(size), "-f", "bus@example.test", "-t", "ap@example.test",
                                "127.0.0.1:" + std::to_string(port)});
    int status = 0;
    ::waitpid(source, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        std::fprintf(stderr, "smtp-source failed: is the postfix package installed?\n");
        std::exit(1);
    }
    return count / seconds_since(begin);
}

struct relay_result {
    double rate = 0;
    std::vector<double> publish_ms;
};

relay_result run_hawser(int port, int count, int size, int connections) {
    const temporary_folder folder;
    const std::string path = folder.file("bindings.json");
    std::ofstream(path) << R"({"host": {"name": "Bench", "messageBox": {"path": "box.db"}}, "plugins": ["smtp"],
      "sendHandlers": {"SMTP":
      {"SMTPHost": "127.0.0.1:)"
                        << port << R"(", "TLS": "none", "From": "bus@example.test", "MaxMessagesPerConnection": 1000000,
       "MaxConnections": )"
                        << connections << R"(}}, "sendPorts": [{"name": "Out", "maxInFlight": 1024,
      "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test"}}]})";
    const auto loaded = load_or_exit(path);
    const auto host = value_or_exit(hawser::open_host(*loaded, {}));
    host->start();
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t outstanding = 0;
    relay_result result;
    hawser::submission message;
    message.port = "Out";
    message.parts.resize(1);
    message.parts[0].content_type = "text/plain";
    // Lines about as long as smtp-source's, because the sink's work goes by lines.
    while (static_cast<int>(message.parts[0].bytes.size()) < size) {
        message.parts[0].bytes += "The quick brown fox jumps over the lazy dog, durably, and is signed for.\r\n";
    }
    const auto begin = clock_type::now();
    for (int i = 0; i < count; ++i) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return outstanding < outstanding_max; });
        ++outstanding;
        lock.unlock();
        host->submit_async(message, [&, started = clock_type::now()](const hawser::submit_answer& answer) {
            const std::lock_guard guard(mutex);
            result.publish_ms.push_back(1000 * seconds_since(started));
            --outstanding;
            if (answer.code != hawser::answer_code::accepted) {
                std::fprintf(stderr, "not accepted: %s\n", answer.text.c_str());
            }
            changed.notify_all();
        });
    }
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return outstanding == 0; });
    }
    host->drain();
    result.rate = count / seconds_since(begin);
    host->stop();
    return result;
}

// A Postfix as relay to `sink_port`, by tests/support/private_postfix.py: "port N", "queue FOLDER".
class postfix_relay {
public:
    explicit postfix_relay(int sink_port) {
        int ends[2] = {-1, -1};
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            std::exit(1);
        }
        child_ = start({"/usr/bin/python3", PRIVATE_POSTFIX, "--relay-to", std::to_string(sink_port)}, {}, ends[1]);
        ::close(ends[1]);
        FILE* output = ::fdopen(ends[0], "r");
        char queue[4096] = {};
        if (std::fscanf(output, "port %d queue %4095s", &port_, queue) != 2) {
            std::fprintf(stderr, "Postfix did not start\n");
            std::exit(1);
        }
        std::fclose(output);
        queue_ = queue;
    }
    postfix_relay(const postfix_relay&) = delete;
    postfix_relay& operator=(const postfix_relay&) = delete;
    ~postfix_relay() { stop(child_); }

    // Messages a second, from the first submission until nothing is left in the queue.
    double run(int count, int size, int connections) const {
        const auto begin = clock_type::now();
        run_smtp_source(port_, count, size, connections);
        while (count_files("incoming") + count_files("active") > 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        const double seconds = seconds_since(begin);
        if (count_files("deferred") > 0) {
            std::fprintf(stderr, "Postfix could not deliver everything\n");
            std::exit(1);
        }
        return count / seconds;
    }

private:
    std::size_t count_files(const char* name) const {
        std::size_t count = 0;
        std::error_code ignored;  // a folder or file that went meanwhile
        for (std::filesystem::recursive_directory_iterator at(queue_ / name, ignored), end; !ignored && at != end;
             at.increment(ignored)) {
            count += at->is_directory(ignored) ? 0U : 1U;
        }
        return ignored ? 1 : count;
    }

    pid_t child_ = -1;
    int port_ = 0;
    std::filesystem::path queue_;
};

struct settings {
    bool has_postfix = false;
    int rounds = 11;                            // one and the other differ by a third between rounds
    std::vector<int> numbers{10000, 4096, 16};  // messages, bytes, connections
};

settings read_arguments(int argc, char** argv) {
    settings chosen;
    std::size_t position = 0;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--postfix") {
            chosen.has_postfix = true;
        } else if (word == "--rounds" && i + 1 < argc) {
            chosen.rounds = std::atoi(argv[++i]);
        } else if (position < chosen.numbers.size()) {
            chosen.numbers[position++] = std::atoi(argv[i]);
        }
    }
    return chosen;
}

void print_rate(const char* what, double rate, int size) {
    std::printf("%-46s %8.0f messages/s, %7.1f MB/s\n", what, rate, rate * size / 1e6);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    const settings chosen = read_arguments(argc, argv);
    const int count = chosen.numbers[0];
    const int size = chosen.numbers[1];
    const int connections = chosen.numbers[2];
    const smtp_sink sink;
    print_machine();
    std::printf("hawser %s; %d messages of %d bytes, %d connections\n", hawser::version(), count, size, connections);
    std::optional<postfix_relay> postfix;
    if (chosen.has_postfix) {
        postfix.emplace(sink.port());
    }
    std::vector<double> of_source;
    std::vector<double> of_postfix;
    std::vector<double> publish_ms;
    double source_us = 0;
    double ours_us = 0;
    double sink_of_source_us = 0;
    double sink_of_ours_us = 0;
    for (int round = 0; round < chosen.rounds; ++round) {  // what else the machine does meets all of them
        const double children_before = processor_us(RUSAGE_CHILDREN);
        const double sink_before = sink.processor_us();
        const double source = run_smtp_source(sink.port(), count, size, connections);
        source_us += processor_us(RUSAGE_CHILDREN) - children_before;
        sink_of_source_us += sink.processor_us() - sink_before;
        print_rate("smtp-source -> smtp-sink, not durable:", source, size);
        const double own_before = processor_us(RUSAGE_SELF);
        const double sink_between = sink.processor_us();
        const relay_result ours = run_hawser(sink.port(), count, size, connections);
        ours_us += processor_us(RUSAGE_SELF) - own_before;
        sink_of_ours_us += sink.processor_us() - sink_between;
        print_rate("hawser, durable submit -> delivered:", ours.rate, size);
        of_source.push_back(ours.rate / source);
        publish_ms.insert(publish_ms.end(), ours.publish_ms.begin(), ours.publish_ms.end());
        if (postfix) {
            const double relayed = postfix->run(count, size, connections);
            print_rate("smtp-source -> Postfix, durable -> smtp-sink:", relayed, size);
            of_postfix.push_back(ours.rate / relayed);
        }
    }
    std::printf("ratio (median of %d rounds): %.0f %% of smtp-source", chosen.rounds, 100 * quantile(of_source, 0.5));
    if (postfix) {
        std::printf(", %.1f times Postfix", quantile(of_postfix, 0.5));
    }
    std::printf("\n  publish durable: p50 %.2f ms, p99 %.2f ms; resident at most %ld KiB\n", quantile(publish_ms, 0.5),
                quantile(publish_ms, 0.99), memory_kib("self", "VmHWM"));
    const double messages = static_cast<double>(count) * chosen.rounds;
    std::printf(
        "  processor time a message: smtp-source %.0f us and its sink %.0f us; hawser %.0f us and its sink %.0f us\n",
        source_us / messages, sink_of_source_us / messages, ours_us / messages, sink_of_ours_us / messages);
    return 0;
}
