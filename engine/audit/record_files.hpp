// The files of an archive's records: records-<number of the first record>.jsonl, read line by line in bounded memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record_line.hpp"
#include "base/descriptor.hpp"
#include "base/result.hpp"

namespace hawser::engine::audit {

struct record_file {
    std::uint64_t first = 0;  // record, as the name says
    std::string path;
};

std::string record_file_name(std::uint64_t first);

// In the order of their records. audit.missing: there is no such folder; audit.io.
result<std::vector<record_file>> list_record_files(const std::string& folder);

class line_reader {
public:
    enum class found : std::uint8_t { line = 1, unfinished, too_long, end };

    explicit line_reader(int file, std::uint64_t offset = 0) : file_(file), offset_(offset) {}
    // The next line without its end, until the next call. Unfinished: the file's last bytes, which no line end follows,
    // or some of them; too_long: a line longer than any record, passed over. Throws std::runtime_error where the file
    // cannot be read.
    found next(std::string_view& line);
    std::uint64_t line_offset() const noexcept { return line_offset_; }  // of what next() found
    std::uint64_t line_number() const noexcept { return line_number_; }  // counts from 1

private:
    bool fill();
    int file_;
    std::uint64_t offset_;  // of the end of what is in the buffer
    std::uint64_t line_offset_ = 0;
    std::uint64_t line_number_ = 0;
    std::string buffer_;
    std::size_t begin_ = 0;
};

// The last whole line of a file, read from its end; "" = it has none, or ends with an unfinished one.
result<std::string> read_last_line(int file);

// A file that somebody has removed or put aside takes every write, and keeps none that anybody would find.
// audit.io: nothing is at the path; audit.altered: it is not the open file.
result<void> check_in_place(int file, const std::string& path);

std::string failed_text(const std::string& what, const std::string& path, int reason);  // "cannot <what> <path>: …"

}  // namespace hawser::engine::audit
