// Durable relay: messages submitted in process, published with fsync, delivered over SMTP into smtp-sink, beside
// smtp-source (not durable) into the same sink in the same run. Needs Debian's postfix package for both programs.
//
//     relay_bench [MESSAGES [BYTES [CONNECTIONS]]]        default 20000 4096 16
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench_host.hpp"
#include "bench_support.hpp"
#include "smtp_sink.hpp"

using namespace hawser::bench;

namespace {

constexpr std::size_t outstanding_max = 256;

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
                        << connections << R"(}}, "sendPorts": [{"name": "Out", "maxInFlight": 256,
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
    while (static_cast<int>(message.parts[0].bytes.size()) < size) {
        message.parts[0].bytes += "The quick brown fox jumps over the lazy dog, durably.\r\n";
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

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 20000;
    const int size = argc > 2 ? std::atoi(argv[2]) : 4096;
    const int connections = argc > 3 ? std::atoi(argv[3]) : 16;
    const smtp_sink sink;
    const int port = sink.port();
    print_machine();
    std::printf("hawser %s; %d messages of %d bytes, %d connections\n", hawser::version(), count, size, connections);
    const double baseline = run_smtp_source(port, count, size, connections);
    std::printf("smtp-source -> smtp-sink (not durable):        %8.0f messages/s\n", baseline);
    relay_result hawser_result = run_hawser(port, count, size, connections);
    std::sort(hawser_result.publish_ms.begin(), hawser_result.publish_ms.end());
    const auto percentile = [&](double part) {
        return hawser_result
            .publish_ms[static_cast<std::size_t>(part * static_cast<double>(hawser_result.publish_ms.size() - 1))];
    };
    std::printf("hawser, durable submit -> delivered:           %8.0f messages/s, %.0f %% of the baseline\n",
                hawser_result.rate, 100 * hawser_result.rate / baseline);
    std::printf("  publish durable: p50 %.2f ms, p99 %.2f ms; resident at most %ld KiB\n", percentile(0.5),
                percentile(0.99), memory_kib("self", "VmHWM"));
    return 0;
}
