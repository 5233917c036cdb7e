// The smallest store that keeps every promise of message_box.hpp, in memory and with leases between several hosts: what
// the conformance suite compares stores with, and what shows that the interface is enough for one. Test code.
//
//     reference_store shared;                    // what a database server would be
//     auto first = shared.open_host();           // each is a message_box of its own process
//     auto second = shared.open_host();
//     shared.pass(reference_store::lease_ms);    // all clocks of the store go forward
//
// Threads: as message_box. Answers come on the store's own thread. The store outlives its hosts.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine::test {

using shared_bytes = std::shared_ptr<const std::string>;

enum class reference_state : std::uint8_t { held = 1, ready, later, active, suspended, not_resumable };

struct reference_message {
    publication published;
    std::vector<shared_bytes> bodies;
    std::size_t holder_count = 0;  // open deliveries, and ended ones that keep its parts
    std::size_t open_count = 0;
};

struct reference_delivery {
    delivery_id id = 0;
    std::int64_t sequence = 0;
    std::string port;
    std::string unique_id;
    reference_state state = reference_state::ready;
    int priority = 5;
    std::int64_t due_unix_ms = 0;
    std::optional<std::string> order_key;
    std::string held_for;
    bool was_resumed = false;
    std::uint64_t epoch = 0;
    int host = 0;                   // that has it, while it is active, …
    std::int64_t lease_end_ms = 0;  // … and until when
    std::uint32_t crash_count = 0;
    attempt_state attempts;
    std::optional<message_context> overlay;
    std::string code;
    std::string text;
    std::vector<attempt_record> history;
};

struct reference_ended {
    delivery_detail detail;
    shared_bytes body_after;
    bool keeps_parts = false;
    std::uint64_t size = 0;
};

struct reference_key {
    std::string content_sha256;
    std::string message_id;
    std::int64_t expires_ms = 0;  // 0 = its deliveries have not ended
};

// Everything that is stored. A copy of it is what a transaction goes back to: bodies are shared, not copied.
struct reference_data {
    std::int64_t number = 0;
    std::map<std::int64_t, reference_message> messages;
    std::map<delivery_id, reference_delivery> deliveries;
    std::map<delivery_id, reference_ended> ended;
    std::map<std::string, reference_key> keys;
    std::map<std::pair<bool, std::string>, port_state_record> ports;  // a group or not, by name
    std::map<std::string, std::uint32_t> given_counts;
    std::map<std::int64_t, shared_bytes> staged;
};

class reference_store {
public:
    static constexpr std::int64_t lease_ms = 30 * 1000;

    reference_store();
    ~reference_store();
    std::unique_ptr<message_box> open_host();
    void pass(std::int64_t ms);
    std::size_t large_body_count();  // those that SQLite's would keep in files: staged, published or tracked

private:
    friend class reference_box;
    void post(std::function<void()> task);
    void run();
    std::int64_t now_ms() const;  // of the leases and keys
    void tell_others(int host, const std::set<std::string>& ports);

    std::mutex mutex_;  // of everything below but the tasks
    reference_data data_;
    std::int64_t passed_ms_ = 0;
    int last_host_ = 0;
    std::int64_t last_staged_ = 0;
    std::map<int, std::function<void(const std::string&)>> listeners_;
    tracking_retention retention_{INT64_MAX, INT64_MAX};
    box_limits limits_;

    std::mutex task_mutex_;
    std::condition_variable task_changed_;
    std::deque<std::function<void()>> tasks_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace hawser::engine::test
