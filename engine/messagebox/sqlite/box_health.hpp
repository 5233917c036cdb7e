// What is wrong with the box now, for the log and for `hawser status`: writes that fail, and what is damaged in it.
// Told by the writer thread, asked by any.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {

// What an operator reads when a statement failed: what it means, and what to do.
std::string explain(const sqlite_error& failure);

// After a failed fsync the kernel may have dropped what was written, and the next one may claim success: the only
// honest state is the one on disk, read anew. The service manager starts the process again.
[[noreturn]] void end_process_unsynced(const std::string& why);
// This file of the box is another one now: whatever this process answered would not be there at the next start.
[[noreturn]] void end_process_displaced(const std::string& path);

class box_health {
public:
    void note_write_failed(const std::string& why);  // logged once, until a write succeeds
    void note_written() noexcept;

    // Logged once each.
    void note_set_aside(const std::string& port, delivery_id id, const std::string& why);
    void note_unreadable(const std::string& port, delivery_id id, const std::string& why);
    void note_port_unreadable(const std::string& port, const std::string& why);

    std::vector<std::string> warnings() const;

private:
    mutable std::mutex mutex_;
    std::string failure_;  // "" = the last write succeeded
    std::int64_t failed_unix_ms_ = 0;
    std::uint64_t set_aside_count_ = 0;
    std::set<delivery_id> unreadable_;
    std::set<std::string> unreadable_ports_;
};

}  // namespace hawser::engine::sqlite
