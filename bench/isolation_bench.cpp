// Whether a port whose server hangs holds back another: two hosts take turns, round by round. In one the port Hanging
// has nothing to send; in the other it has more queued than it may have in flight, for a server that accepts
// connections and then says nothing. The port Fast of each sends to smtp-sink. First with small messages in the
// hanging port, then with large ones, whose first bytes wait in the memory that all ports share.
//
//     TMPDIR=FOLDER isolation_bench [--messages N] [--rounds N]       exit code 1: the target was missed
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

#include "bench_host.hpp"
#include "bench_support.hpp"
#include "hawser/log.hpp"
#include "smtp_sink.hpp"

using namespace hawser::bench;

namespace {

constexpr std::size_t outstanding_max = 256;
constexpr std::size_t body_size = 4096;
constexpr double ratio_min = 0.9;

// Accepts every connection and keeps it, without a word.
class silent_server {
public:
    silent_server() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1000) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            std::perror("silent server");
            std::exit(1);
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] {
            for (int one = ::accept(listener_, nullptr, nullptr); one >= 0;
                 one = ::accept(listener_, nullptr, nullptr)) {
                connections_.push_back(one);
                ++connection_count_;
            }
        });
    }
    silent_server(const silent_server&) = delete;
    silent_server& operator=(const silent_server&) = delete;
    ~silent_server() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        for (const int one : connections_) {
            ::close(one);
        }
        ::close(listener_);
    }
    int port() const noexcept { return port_; }
    std::size_t connection_count() const noexcept { return connection_count_; }

private:
    int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
    std::vector<int> connections_;
    std::atomic<std::size_t> connection_count_{0};
    std::thread thread_;
};

class two_ports {
public:
    two_ports(int fast_port, int hanging_port) {
        const std::string path = folder_.file("bindings.json");
        const auto server = [](int port) { return "\"SMTPHost\": \"127.0.0.1:" + std::to_string(port) + '"'; };
        std::ofstream(path) << R"({"host": {"name": "Isolation", "messageBox": {"path": "box.db"}}, "plugins": ["smtp"],
          "sendHandlers": {"SMTP": {)"
                            << server(fast_port) << R"(, "TLS": "none", "From": "bus@example.test"}},
          "sendPorts": [{"name": "Fast", "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test"}},
           {"name": "Hanging", "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test",
            "properties": {)"
                            << server(hanging_port) << "}}}]}";
        loaded_ = load_or_exit(path);
        host_ = value_or_exit(hawser::open_host(*loaded_, {}));
        host_->start();
    }
    two_ports(const two_ports&) = delete;
    two_ports& operator=(const two_ports&) = delete;
    ~two_ports() { host_->stop(0); }

    void submit(const std::string& port, int count, std::size_t size) {
        hawser::submission message;
        message.port = port;
        message.parts.push_back({.bytes = std::string(size, 'x')});
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t outstanding = 0;
        std::unique_lock lock(mutex);
        for (int i = 0; i < count; ++i) {
            changed.wait(lock, [&] { return outstanding < outstanding_max; });
            ++outstanding;
            lock.unlock();
            host_->submit_async(message, [&](const hawser::submit_answer& answer) {
                if (answer.code != hawser::answer_code::accepted) {
                    std::fprintf(stderr, "not accepted: %s\n", answer.text.c_str());
                }
                const std::lock_guard guard(mutex);
                --outstanding;
                changed.notify_one();
            });
            lock.lock();
        }
        changed.wait(lock, [&] { return outstanding == 0; });
    }

    // Messages a second, from the first submission to the last delivery.
    double fast_rate(int count) {
        const auto start = clock_type::now();
        submit("Fast", count, body_size);
        while (left_in("Fast") > 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return count / seconds_since(start);
    }
    std::uint64_t active_in(const std::string& port) const { return summary_of(port).active; }

private:
    hawser::port_summary summary_of(const std::string& port) const {
        for (hawser::port_summary& one : host_->ports()) {
            if (one.name == port) {
                return one;
            }
        }
        return {};
    }
    std::uint64_t left_in(const std::string& port) const {
        const hawser::port_summary one = summary_of(port);
        return one.queued + one.retrying + one.active + one.suspended;
    }

    temporary_folder folder_;
    std::unique_ptr<hawser::configuration> loaded_;
    std::unique_ptr<hawser::host> host_;
};

bool compare(const char* name, const smtp_sink& sink, int hanging_count, std::size_t hanging_size, int message_count,
             int rounds) {
    const silent_server silent;
    two_ports alone(sink.port(), silent.port());
    two_ports beside(sink.port(), silent.port());
    beside.submit("Hanging", hanging_count, hanging_size);
    alone.fast_rate(message_count);
    beside.fast_rate(message_count);
    std::vector<double> alone_rates;
    std::vector<double> beside_rates;
    std::vector<double> ratios;
    for (int i = 0; i < rounds; ++i) {
        alone_rates.push_back(alone.fast_rate(message_count));
        beside_rates.push_back(beside.fast_rate(message_count));
        ratios.push_back(beside_rates.back() / alone_rates.back());
    }
    const double ratio = quantile(ratios, 0.5);
    const bool is_met = ratio >= ratio_min && beside.active_in("Hanging") > 0 && silent.connection_count() > 0;
    std::printf("%-36s %9.0f/s %9.0f/s %7.2f  >= 0.90 %s  (hanging: %llu in flight on %zu connections)\n", name,
                quantile(alone_rates, 0.5), quantile(beside_rates, 0.5), ratio, is_met ? "met    " : "NOT MET",
                static_cast<unsigned long long>(beside.active_in("Hanging")), silent.connection_count());
    std::fflush(stdout);
    return is_met;
}

}  // namespace

int main(int argument_count, char** arguments) {
    int messages = 3000;
    int rounds = 9;
    for (int i = 1; i + 1 < argument_count; i += 2) {
        const std::string option = arguments[i];
        const int value = std::atoi(arguments[i + 1]);
        if (value <= 0 || (option != "--messages" && option != "--rounds")) {
            std::fprintf(stderr, "usage: isolation_bench [--messages N] [--rounds N]\n");
            return 64;
        }
        (option == "--messages" ? messages : rounds) = value;
    }
    hawser::configure_log("error", "text");  // a line for each message that hangs says nothing new
    print_machine();
    std::printf("hawser %s; %d rounds of %d messages of %zu bytes each\n", hawser::version(), rounds, messages,
                body_size);
    std::printf("%-36s %11s %11s %7s  target\n", "what hangs", "alone", "beside it", "ratio");
    const smtp_sink sink;
    const bool small = compare("300 messages of 4 KiB", sink, 300, body_size, messages, rounds);
    const bool large = compare("200 messages of 1 MiB", sink, 200, 1024 * 1024, messages, rounds);
    return small && large ? 0 : 1;
}
