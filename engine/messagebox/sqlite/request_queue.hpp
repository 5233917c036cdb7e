// What waits for the writer thread, bounded in memory whatever is submitted. Made by the SQLite store; pushed to by any
// thread, emptied by the writer.
//
// There are two queues. Publications wait for room before they come in, in the order in which they asked for it. All
// else (claims, results, what operators change) is bounded by what was claimed or asked for, never waits, and goes
// first: publishers could otherwise stop the drain that makes room for them. A share of each group is the publications'
// whatever else there is. What has to see all that was asked for before it stands behind the publications, and is not
// taken before the rest. Failure: none; close() ends every wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine::sqlite {

struct request {
    std::vector<operation> batch;  // a commit, or …
    std::function<void(const commit_answer&)> answer;
    std::vector<port_claim> wanted;  // … a claim
    std::int64_t now_unix_ms = 0;
    std::function<void(result<std::vector<claimed_delivery>>)> claimed;
    bool is_publication = false;           // it publishes, and not together with a result
    bool sees_all_before = false;          // see message_box::commit
    std::size_t size = 0;                  // of a publication, bytes
    std::uint64_t first_count_before = 0;  // the queue's own: of what sees all before it
    commit_answer outcome;
    std::vector<claimed_delivery> given;
};

// Something is published, and nothing else than the publisher waits for it.
bool is_publication(const std::vector<operation>& batch);
bool sees_all_before(const std::vector<operation>& batch);
std::size_t memory_of_batch(const std::vector<operation>& batch);  // bytes, near enough

class request_queue {
public:
    // Publications that were let in and not yet answered.
    static constexpr std::size_t publication_count_max = 10000;
    static constexpr std::size_t publication_bytes_max = 16 * 1024 * 1024;  // or one, however large
    static constexpr std::size_t group_count_max = 1000;                    // requests in one transaction
    static constexpr std::size_t publication_share = 250;                   // of a group

    void push(request one);                       // a publication may wait here for room
    void push_at_once(request one);               // for the writer itself, whose answers may commit again
    bool try_push(request& one, room_line line);  // false: it would have to wait, and is as it was
    void wait_for_room(std::size_t size);

    // Waits until there is something to do: a request, wake(), close(), or the time is over. False = closed and empty.
    bool wait(std::int64_t wait_ms);
    std::vector<request> take_group();
    void release(const std::vector<request>& group);  // it is answered: its memory counts no more
    bool is_empty() const;
    void wake();  // ends the wait, once
    void close();

private:
    bool has_room(std::size_t size) const noexcept;
    void wait_for_turn(std::unique_lock<std::mutex>& lock, std::size_t size);
    void add(request one);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable room_;
    std::deque<request> first_;
    std::deque<request> publications_;
    std::uint64_t first_pushed_count_ = 0;
    std::uint64_t first_taken_count_ = 0;
    std::size_t publication_count_ = 0;  // let in and not yet answered
    std::size_t publication_bytes_ = 0;
    std::uint64_t next_turn_ = 0;  // of those that wait for room
    std::uint64_t turn_ = 0;
    bool is_woken_ = false;
    bool is_closed_ = false;
};

}  // namespace hawser::engine::sqlite
