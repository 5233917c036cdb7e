// The growing end of an archive: appends lines to its last file and makes them durable, a group at a time. Used by the
// archive's thread only.
//
// Its rule for failures: what append() has not made durable is not there. After a failed write or sync the file is read
// anew from the disk, cut back to its last durable line, which has to be the one that it was, and the lines are written
// again: a sync that succeeds after one that failed says nothing about the bytes of the failed one.
#pragma once

#include <memory>
#include <string>

#include "audit/archive_lock.hpp"
#include "audit/record_files.hpp"
#include "audit/signing_key.hpp"

namespace hawser::engine::audit {

class record_log {
public:
    // Appends while the lock is held.
    record_log(std::string folder, std::uint64_t file_size_max, const archive_lock& lock)
        : folder_(std::move(folder)), file_size_max_(file_size_max), lock_(lock) {}

    // Follows the chain of the last file to its end. A torn last line is cut off (cut_size says how many bytes);
    // audit.altered: something else does not chain, or a signature of this key is wrong. audit.io.
    result<void> open(const signing_key& key);
    // audit.altered: it has grown by what append() did not write, and reopen() would cut that off.
    result<void> check_size() const;
    // After a failure: what is durable is there and unchanged, and nothing else is.
    result<void> reopen();

    // Makes the lines durable, all or none; `after` is where the chain stands then. On failure: reopen.
    result<void> append(std::string_view lines, const chain_head& after);

    const chain_head& head() const noexcept { return head_; }
    std::uint64_t cut_size() const noexcept { return cut_size_; }
    bool is_new() const noexcept { return head_.next == 1; }

private:
    result<void> follow(const std::vector<record_file>& files, const signing_key& key);
    result<void> follow_file(const record_file& last, chain_head expected, const signing_key& key);
    result<void> cut_torn_end(std::uint64_t size);
    result<std::uint64_t> cut_to(std::uint64_t size) const;
    result<void> check_is_last() const;
    result<void> begin_file();
    result<void> write_durably(std::string_view lines);
    result<void> write(std::string_view lines);
    void take_back();

    std::string folder_;
    std::uint64_t file_size_max_;
    const archive_lock& lock_;
    descriptor file_;
    std::string path_;
    std::uint64_t durable_size_ = 0;  // of the file
    bool is_name_durable_ = false;    // the folder was synced since the file was made or found
    chain_head head_;                 // of what is durable
    std::uint64_t cut_size_ = 0;      // by open()
};

}  // namespace hawser::engine::audit
