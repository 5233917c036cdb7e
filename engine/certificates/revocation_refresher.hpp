// Keeps answers about the revocation of a host's certificates fresh: fetches them in the background, at half of their
// life, checks them, and keeps them on disk. Made by runtime; one a set of certificate folders. A message never waits
// for it: it takes the answers that are there. Threads: one of its own between start() and stop(), which asks one
// server after the other; the rest is thread-safe. What fails is tried again, later each time, and is told in
// pending().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "certificates/http_fetch.hpp"
#include "certificates/revocation_cache.hpp"
#include "certificates/revocation_check.hpp"

namespace hawser::engine {

struct revocation_answer {
    revocation_kind kind;
    std::string der;
    std::string name;  // where it is from, for messages to a person
    std::int64_t next_update_unix = 0;
};

// Certificates whose question has no good answer now.
struct pending_revocation {
    std::vector<std::string> certificates;  // DER
    std::string text;                       // the URL, and what came of it
};

struct revocation_settings {
    std::string cache_folder;
    bool allows_private_addresses = false;
};

class revocation_refresher {
public:
    using answers = std::vector<std::shared_ptr<const revocation_answer>>;

    // Reads the answers on disk; nothing is fetched before start().
    revocation_refresher(revocation_settings settings, const certificate_store& store);
    ~revocation_refresher() { stop(); }
    revocation_refresher(const revocation_refresher&) = delete;
    revocation_refresher& operator=(const revocation_refresher&) = delete;

    void start();
    void stop();  // within a tenth of a second, but for a name that is being looked up

    std::shared_ptr<const answers> current() const;
    std::vector<pending_revocation> pending() const;
    std::uint64_t revision() const noexcept { return revision_; }  // changes with current()

private:
    struct item {
        revocation_question question;
        std::shared_ptr<const revocation_answer> answer;  // null: none that was good when it came
        std::int64_t next_look_unix = 0;
        std::uint64_t last_look = 0;  // a number that counts looks
        unsigned failures = 0;        // in a row
        std::string problem;          // of the last look
    };

    void run();
    void take_questions();
    item* next_due(std::int64_t now_unix);
    void look(const std::string& id, const revocation_question& question);
    result<std::string> fetch_any(const revocation_question& question);
    void take_answer(item& one, const std::string& der, const revocation_validity& good);
    void postpone(item& one, const error& failure);
    void publish();
    std::int64_t with_jitter(std::int64_t seconds);

    revocation_settings settings_;
    const certificate_store& store_;
    revocation_cache cache_;
    http_limits limits_;
    std::uint64_t store_revision_ = 0;
    std::vector<std::string> authorities_;  // DER; of the thread
    std::mt19937 random_{std::random_device{}()};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t look_count_ = 0;
    std::map<std::string, item> items_;  // by the question's id
    std::shared_ptr<const answers> current_ = std::make_shared<const answers>();
    std::atomic<std::uint64_t> revision_{1};
    std::atomic<bool> is_stopping_{false};
    std::thread thread_;
};

}  // namespace hawser::engine
