// Durable relay: messages submitted in process, published with fsync, delivered over SMTP into smtp-sink, beside
// smtp-source (not durable) into the same sink in the same run. Needs Debian's postfix package for both programs.
//
//     relay_bench [MESSAGES [BYTES [CONNECTIONS]]]        default 20000 4096 16
#include <sys/utsname.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hawser/host.hpp"
#include "smtp_sink.hpp"

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::size_t outstanding_max = 256;

double seconds_since(clock_type::time_point start) {
    return std::chrono::duration<double>(clock_type::now() - start).count();
}

double run_smtp_source(int port, int count, int size, int connections) {
    const auto begin = clock_type::now();
    const pid_t source = hawser::bench::start(
        {"smtp-source", "-d", "-s", std::to_string(connections), "-m", std::to_string(count), "-l",
         std::to_string(size), "-f", "bus@example.test", "-t", "ap@example.test", "127.0.0.1:" + std::to_string(port)});
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

relay_result run_hawser(int port, int count, int size, int connections, const std::string& folder) {
    const std::string path = folder + "/bindings.json";
    std::ofstream(path) << R"({"host": {"name": "Bench", "messageBox": {"path": "box.db"}}, "plugins": ["smtp"],
      "sendHandlers": {"SMTP":
      {"SMTPHost": "127.0.0.1:)"
                        << port << R"(", "TLS": "none", "From": "bus@example.test", "MaxMessagesPerConnection": 1000000,
       "MaxConnections": )"
                        << connections << R"(}}, "sendPorts": [{"name": "Out", "maxInFlight": 256,
      "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test"}}]})";
    hawser::load_options options;
    options.plugin_folders = {PLUGIN_FOLDER};
    hawser::load_result loaded = hawser::load(path, options);
    for (const hawser::problem& one : loaded.problems) {
        std::fprintf(stderr, "%s\n", one.line_text().c_str());
    }
    hawser::opened<hawser::host> host = hawser::open_host(*loaded.value, {});
    if (!host.value) {
        std::fprintf(stderr, "%s\n", host.text.c_str());
        std::exit(1);
    }
    host.value->start();
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
        host.value->submit_async(message, [&, started = clock_type::now()](const hawser::submit_answer& answer) {
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
    host.value->drain();
    result.rate = count / seconds_since(begin);
    host.value->stop();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 20000;
    const int size = argc > 2 ? std::atoi(argv[2]) : 4096;
    const int connections = argc > 3 ? std::atoi(argv[3]) : 16;
    std::string folder = (std::filesystem::temp_directory_path() / "hawser-bench-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) {
        return 1;
    }
    const hawser::bench::smtp_sink sink;
    const int port = sink.port();
    utsname machine{};
    ::uname(&machine);
    std::printf("machine: %s %s, %u cores; hawser %s; %d messages of %d bytes, %d connections\n", machine.sysname,
                machine.machine, std::thread::hardware_concurrency(), hawser::version(), count, size, connections);
    const double baseline = run_smtp_source(port, count, size, connections);
    std::printf("smtp-source -> smtp-sink (not durable):        %8.0f messages/s\n", baseline);
    relay_result hawser_result = run_hawser(port, count, size, connections, folder);
    std::sort(hawser_result.publish_ms.begin(), hawser_result.publish_ms.end());
    const auto percentile = [&](double part) {
        return hawser_result
            .publish_ms[static_cast<std::size_t>(part * static_cast<double>(hawser_result.publish_ms.size() - 1))];
    };
    std::printf("hawser, durable submit -> delivered:           %8.0f messages/s, %.0f %% of the baseline\n",
                hawser_result.rate, 100 * hawser_result.rate / baseline);
    std::printf("  publish durable: p50 %.2f ms, p99 %.2f ms; resident at most %ld KiB\n", percentile(0.5),
                percentile(0.99), hawser::bench::memory_kib("self", "VmHWM"));
    std::filesystem::remove_all(folder);
    return 0;
}
