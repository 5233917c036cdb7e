// Keeps answers about the revocation of a host's certificates fresh: fetches them in the background, at half of their
// life, checks them, and keeps them on disk. Made by runtime; one a set of certificate folders. A message never waits
// for it: it takes the answers that are there. Threads: one of its own between start() and stop(), and one for each of
// the at most looks_max servers that are being asked, none of them twice at a time; the rest is thread-safe. What fails
// is tried again, later each time, and is told in pending().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "certificates/answer_fetch.hpp"
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
    std::vector<std::string> certificates;  // DER; none of a delta CRL, which no message waits for
    std::string text;                       // the URL, and what came of it
};

struct revocation_settings {
    std::string cache_folder;
    bool allows_private_addresses = false;
};

class revocation_refresher {
public:
    using answers = std::vector<std::shared_ptr<const revocation_answer>>;
    static constexpr std::size_t looks_max = 8;

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
        std::uint64_t last_look = 0;               // a number that counts looks
        unsigned failures = 0;                     // in a row
        std::string problem;                       // of the last look
        std::optional<revocation_question> delta;  // that the answer names
    };
    using items = std::map<std::string, item>;  // by the question's id
    struct checked_answer {
        std::string der;
        revocation_validity validity;
        std::optional<revocation_question> delta;
    };
    struct running_look {
        revocation_question question;  // which may have gone from the items meanwhile
        std::thread thread;
        bool is_over = false;
    };

    void run();
    void take_turn(bool is_first);
    void clean_cache();
    void take_questions();
    item make_item(revocation_question question);
    static items named_deltas(const items& all);
    void start_looks();
    void start_look(revocation_question question);
    void end_looks();
    bool is_looked_for(const std::string& id) const;
    std::set<std::string> busy_servers() const;
    item* next_due(std::int64_t now_unix);
    void look(const revocation_question& question);
    result<checked_answer> fetch_any(const revocation_question& question);
    result<checked_answer> check(const revocation_question& question, std::string der, answer_origin origin);
    result<void> check_base_of(const revocation_question& question, const std::string& der);
    void take_answer(item& one, checked_answer fetched);
    void give_up(const revocation_question& question, const char* why) noexcept;
    void postpone(item& one, const error& failure);
    void publish();

    revocation_settings settings_;
    const certificate_store& store_;
    revocation_cache cache_;
    fetch_limits limits_;
    std::uint64_t store_revision_ = 0;
    std::list<running_look> looks_;  // changed by the thread of run()

    mutable std::mutex mutex_;  // of what follows, and of running_look::is_over
    std::condition_variable changed_;
    std::uint64_t look_count_ = 0;
    std::shared_ptr<const std::vector<std::string>> authorities_;  // DER
    std::shared_ptr<const std::vector<std::string>> tls_anchors_;  // DER
    items items_;
    std::shared_ptr<const answers> current_ = std::make_shared<const answers>();
    std::atomic<std::uint64_t> revision_{1};
    std::atomic<bool> is_stopping_{false};
    std::thread thread_;
};

}  // namespace hawser::engine
