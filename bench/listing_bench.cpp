// How long an operator waits: each kind of listing, and the counts of `hawser status`, among 1,000,000 stored
// deliveries (ten ports and a rare one, a day's publication, 1 % suspended, 1 % retrying). Cold = the file is not in
// the page cache.
//
//     listing_bench [DELIVERIES]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

#include "bench_support.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::bench;
using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::size_t body_size = 512;
constexpr std::int64_t outstanding_max = 2000;
constexpr std::int64_t rare_share = 10'000;  // one in so many goes to the rare port
constexpr std::int64_t urgent_share = 50;    // one in so many is claimed, half of them suspended, half rescheduled
constexpr std::int64_t customer_count = 1000;

const char* const port_names[] = {"Port0", "Port1", "Port2", "Port3", "Port4",
                                  "Port5", "Port6", "Port7", "Port8", "Port9"};

publication publication_of(std::int64_t i, std::int64_t count, std::int64_t start_ms) {
    publication message;
    message.message_id = make_uuid();
    message.published_unix_ms = start_ms + day_ms * i / count;
    const std::pair<const char*, std::string> properties[] = {
        {"BTS.MessageID", message.message_id},
        {"BTS.ReceivePortName", "Invoices"},
        {"BTS.MessageType", "http://schemas.contoso.example/invoice#Invoice"},
        {"FILE.ReceivedFileName", "/srv/in/invoice-" + std::to_string(i) + ".xml"},
        {"ERP.Invoice", "INV-" + std::to_string(i)},
        {"ERP.Customer", "C" + std::to_string(i % customer_count)}};
    for (const auto& [name, value] : properties) {
        (void)message.context.set(name, {.value = value, .is_promoted = true});
    }
    new_part part;
    part.info = {.name = "body", .size = body_size, .is_body = true};
    part.body = std::string(body_size, 'x');
    message.parts.push_back(std::move(part));
    const std::uint8_t priority = i % urgent_share == 0 ? 1 : 5;
    message.deliveries.push_back(
        {i % rare_share == rare_share / 2 ? "Rare" : port_names[(i + i / urgent_share) % 10], priority, 0, false, ""});
    return message;
}

class limiter {  // at most so many commits under way
public:
    void enter() {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return under_way_ < outstanding_max; });
        ++under_way_;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        --under_way_;
        room_.notify_all();
    }
    void wait_for_all() {
        std::unique_lock lock(mutex_);
        room_.wait(lock, [this] { return under_way_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable room_;
    std::int64_t under_way_ = 0;
};

void commit_later(message_box& box, limiter& commits, operation one) {
    commits.enter();
    std::vector<operation> batch;
    batch.push_back(std::move(one));
    box.commit(std::move(batch), [&commits](const commit_answer&) { commits.leave(); });
}

void fill(message_box& box, std::int64_t count, std::int64_t start_ms) {
    limiter commits;
    for (std::int64_t i = 0; i < count; ++i) {
        commit_later(box, commits, publish_operation{publication_of(i, count, start_ms)});
    }
    commits.wait_for_all();
    const attempt_state tried{1, 1, false, "", ""};
    const attempt_record record{1,
                                start_ms,
                                start_ms + 100,
                                "SMTP mailto:ap@partner.example",
                                "retry",
                                "smtp.greylisted",
                                "451 4.7.1 Try again later"};
    bool is_suspended = false;
    for (const char* port : port_names) {
        for (const claimed_delivery& one :
             claim(box, port, static_cast<std::uint32_t>(count / urgent_share / 10 * 8 / 7))) {
            is_suspended = !is_suspended;
            if (is_suspended) {
                commit_later(box, commits,
                             suspend_operation{one.token, true, "smtp.recipient-refused", "550 5.1.1 No such user here",
                                               tried, record});
            } else {
                commit_later(box, commits, reschedule_operation{one.token, now() + day_ms, tried, record});
            }
        }
    }
    commits.wait_for_all();
}

void forget_cached(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

template <typename Action>
void measure(const std::string& path, const char* name, Action action) {
    forget_cached(path);
    double cold = 0;
    double best = 1e9;
    std::size_t found = 0;
    for (int round = 0; round < 4; ++round) {
        const auto start = std::chrono::steady_clock::now();
        found = action();
        const double seconds = seconds_since(start);
        cold = round == 0 ? seconds : cold;
        best = round > 0 ? std::min(best, seconds) : best;
    }
    std::printf("%-58s %7zu found  cold %8.1f ms  warm %8.1f ms\n", name, found, cold * 1000, best * 1000);
    std::fflush(stdout);
}

void measure_all(message_box& box, const std::string& path, std::int64_t count, std::int64_t start_ms) {
    const auto list = [&](const char* name, const delivery_filter& filter) {
        measure(path, name, [&] { return box.list(filter).size(); });
    };
    const std::int64_t late = start_ms + day_ms - 60'000;
    const std::string last = "INV-" + std::to_string(count - 1);
    const std::string middle_id = box.list({.after = count, .count_max = 1}).at(0).message_id;
    measure(path, "counts (hawser status)", [&] { return box.counts().size(); });
    list("all, first 100", {});
    list("--port Rare", {.port = "Rare", .count_max = 1000});
    list("--state suspended", {.state = delivery_state::suspended});
    list("--state suspended --limit 10000", {.state = delivery_state::suspended, .count_max = 10'000});
    list("--state retrying --port Port2", {.port = "Port2", .state = delivery_state::retrying});
    list("--state active", {.state = delivery_state::active});
    list("--state queued --port Rare", {.port = "Rare", .state = delivery_state::queued, .count_max = 1000});
    list("--error 'no such user'", {.error = "no such USER"});
    list("--error nothing-has-it", {.error = "nothing-has-it"});
    list("--state suspended --error nothing-has-it", {.state = delivery_state::suspended, .error = "nothing-has-it"});
    list("--newer-than 1m", {.published_from_unix_ms = late, .count_max = 1000});
    list("--newer-than 1m --state suspended", {.state = delivery_state::suspended, .published_from_unix_ms = late});
    list("--older-than 23h, first 100", {.published_before_unix_ms = start_ms + day_ms / 24});
    list("--message-id", {.message_id = middle_id});
    list("--property indexed", {.properties = {{"ERP.Invoice", last}}});
    list("--property not indexed, one customer", {.properties = {{"ERP.Customer", "C77"}}, .count_max = 10'000});
    list("--property not indexed, first 100", {.properties = {{"ERP.Customer", "C77"}}});
    list("--property not indexed --state suspended",
         {.state = delivery_state::suspended, .properties = {{"ERP.Customer", "C50"}}});
}

}  // namespace

int main(int argument_count, char** arguments) {
    const std::int64_t count = argument_count > 1 ? std::atoll(arguments[1]) : 1'000'000;
    const box_folder folder;
    const std::int64_t start_ms = now() - day_ms;
    auto box = folder.open();
    commit(*box, index_operation{{"ERP.Invoice"}});
    auto start = std::chrono::steady_clock::now();
    fill(*box, count, start_ms);
    box.reset();
    std::printf("%u processors; %lld deliveries of %zu bytes, stored in %.0f s, %.0f MB\n",
                std::thread::hardware_concurrency(), static_cast<long long>(count), body_size, seconds_since(start),
                static_cast<double>(std::filesystem::file_size(folder.box_path())) / 1e6);
    start = std::chrono::steady_clock::now();
    box = folder.open();
    std::printf("opened in %.0f ms\n", seconds_since(start) * 1000);
    measure_all(*box, folder.box_path(), count, start_ms);
    return 0;
}
