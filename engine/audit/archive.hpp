// An audit archive: a folder of chained, signed records of what was handed over (docs/operating.md has the format).
// Made by the registry, used by the bridge on behalf of adapters. One thread of its own writes: it takes all that
// waits, makes it durable by one sync, and answers; so nobody else waits for the disk, but for the writing of content.
//
// Threads: everything from any thread; an entry by one at a time. Ownership: an entry holds its archive. Failure: while
// the archive cannot be written begin() and hand_over() are refused, which stops sending; results are kept in memory
// and are the first to be written when it goes on, which is tried every second.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/archive_lock.hpp"
#include "audit/content_file.hpp"
#include "audit/record_line.hpp"
#include "audit/record_log.hpp"
#include "audit/signing_key.hpp"
#include "base/clock.hpp"

namespace hawser::engine::audit {

struct archive_settings {
    std::string folder;
    content_kept content = content_kept::bytes;
    std::shared_ptr<const signing_key> key;
    std::uint32_t sign_after_records = 1000;
    std::int64_t sign_after_ms = 3600 * 1000;
    std::uint64_t file_size_max = 64ULL * 1024 * 1024;  // a reader of the tail has to read one file
    std::size_t inline_size_max = 16UL * 1024;          // of content that stands in its record (docs/decisions.md)
    std::int64_t retry_ms = 1000;
};

// Ok: durable. audit.later: not now, and why; audit.misuse.
using answer_function = std::function<void(const result<void>&)>;

class archive_entry;

class archive : public std::enable_shared_from_this<archive> {
public:
    // Opens the folder, or says by trouble() why it cannot, and tries again until it can.
    archive(archive_settings settings, clock& time);
    ~archive();
    archive(const archive&) = delete;
    archive& operator=(const archive&) = delete;

    result<std::unique_ptr<archive_entry>> begin(record_subject about);
    void change(archive_settings settings);  // of the same folder; the records before are signed by the old key
    // Writes and signs what there is, and ends: nothing is taken any more. Blocks. Not on the archive's own thread.
    void close();
    std::string trouble() const;  // "" = it can be written

private:
    friend class archive_entry;
    struct entry_facts {
        record_subject about;
        std::uint64_t hand_over = 0;  // its record's number; the archive's thread only
    };
    struct request {
        std::string_view kind;
        std::int64_t unix_ms = 0;
        std::shared_ptr<entry_facts> entry;
        std::shared_ptr<content_file> content;
        std::string facts;
        answer_function answer;
        result<void> state;
    };
    using group = std::vector<request>;

    void submit(request one);
    void run();
    void wait_for_work(std::unique_lock<std::mutex>& lock);
    group take_group();
    result<void> hold_lock();
    result<void> open();
    result<void> follow_log();
    result<void> write_opened();
    result<void> write_resumed();
    void try_to_open();
    void write(group& all);
    result<void> place_contents(group& all);
    std::string line_of(const request& one, const chain_head& head) const;
    void add_signature(std::string& lines, chain_head& head) const;
    result<void> write_line(std::string_view kind, const std::string& facts);
    result<void> sign();
    bool is_signature_due() const;
    void note_written(std::uint64_t unsigned_count);
    void refuse(group& all);
    void keep(request one);
    void has_failed(const error& failure);
    void apply_settings(archive_settings settings);
    void give_up_kept();
    std::string settings_facts() const;

    const std::string folder_;
    clock& time_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    archive_settings settings_;               // written by the archive's thread, under the lock
    std::unique_ptr<archive_settings> next_;  // to be applied
    std::deque<request> queue_;
    std::string trouble_ = "it is being opened";
    bool is_closing_ = false;

    // The archive's thread only.
    archive_lock lock_;
    record_log log_;
    content_folders folders_;
    bool is_log_open_ = false;
    bool was_open_ = false;  // and the log says so
    bool is_open_ = false;
    std::int64_t retry_at_ms_ = 0;
    std::int64_t broken_since_ms_ = 0;
    std::uint64_t unsigned_count_ = 0;  // records since the last signature
    std::int64_t unsigned_since_ms_ = 0;
    std::deque<request> kept_;  // results that could not be written
    std::size_t kept_size_ = 0;
    std::string failure_text_;
    std::thread thread_;  // last: it uses all of the above
};

// One handing over. Order: content, hand_over, finish; the bridge sees to it.
class archive_entry {
public:
    archive_entry(std::shared_ptr<archive> owner, record_subject about);
    ~archive_entry();  // as finish, where it was not called

    result<void> content(std::string_view bytes);  // audit.later
    void hand_over(std::string_view facts, answer_function answer);
    void finish(std::string_view facts, answer_function answer);  // the last call

private:
    std::shared_ptr<archive> owner_;
    std::shared_ptr<archive::entry_facts> entry_;
    std::shared_ptr<content_file> content_;
    bool is_handed_over_ = false;
};

}  // namespace hawser::engine::audit
