// The content of one handing over, kept while it is sent: hashed, and written to a file in <archive>/content/incoming
// as soon as it is too large to stand in its record. Once it is handed over, the archive's thread makes it durable and
// gives it its place, <archive>/content/<yyyy>/<mm>/<dd>/<name>; one that is not placed is removed when it goes.
// Used by one thread at a time.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "audit/encoding.hpp"
#include "audit/record_files.hpp"
#include "base/result.hpp"

namespace hawser::engine::audit {

enum class content_kept : std::uint8_t { bytes = 1, hash };

inline constexpr std::string_view content_folder_name = "content";
inline constexpr std::string_view incoming_folder_name = "incoming";

// The folders of contents that have to be synced before a record may name what is in them. The archive's thread only.
class content_folders {
public:
    explicit content_folders(std::string archive_folder) : top_(std::move(archive_folder)) {}
    result<void> prepare();  // makes content/incoming where it is not there
    void empty_incoming();   // of what a host that died has left: it was never handed over
    // The folder of that day, "2026/11/25", made where it is not there.
    result<std::string> day(std::int64_t unix_ms);
    std::string path_of(const std::string& file) const;  // of a content's file as its record names it
    result<void> sync();

private:
    result<void> make(const std::string& path);
    std::string top_;
    std::string made_;  // the day that is there
    std::set<std::string> unsynced_;
};

class content_file {
public:
    content_file(const std::string& archive_folder, content_kept kept, std::size_t inline_size_max);
    content_file(const content_file&) = delete;
    content_file& operator=(const content_file&) = delete;
    ~content_file();

    result<void> append(std::string_view bytes);  // after a failure: that failure again
    result<void> settle();                        // no more comes
    void discard();                               // the bytes; hash and size stay
    void keep() { file_.reset(); }                // its record is durable
    void start_writing() const;                   // of what is not on the disk yet, without waiting
    result<void> place(content_folders& folders, std::int64_t unix_ms);

    // Once settled: {"sha256":…,"size":…} with "bytes" or "file" where they are kept.
    std::string json() const;
    bool has_file() const noexcept { return file_.is_open(); }

private:
    result<void> write(std::string_view bytes);

    content_kept kept_;
    std::size_t inline_size_max_;
    std::string name_;
    std::string path_;  // of the file, where there is one that is not placed
    descriptor file_;
    std::string bytes_;  // as long as they are few
    sha256 hash_;
    std::string hash_text_;
    std::uint64_t size_ = 0;
    std::string place_;  // "2026/11/25/<name>"
    result<void> state_;
};

}  // namespace hawser::engine::audit
