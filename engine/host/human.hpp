// Values as a person reads them: tables, sizes, ages, times; and text from outside made safe for a terminal. Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::command {

std::string human_size(std::uint64_t bytes);             // "980 B", "1.2 KiB", "34 MiB"
std::string human_duration(std::int64_t milliseconds);   // "0.4 s", "42 s", "5 min", "3 h 20 min", "2 d 4 h"
std::string time_text(std::int64_t unix_ms);             // "2026-11-24T12:00:00.123Z"; "" for 0
std::int64_t now_unix_ms();

// Control characters and broken UTF-8 as \xNN: a server's text must not move the cursor or colour the screen.
std::string plain(std::string_view text);

// "2 ports", "1 port"
std::string counted(std::uint64_t count, const std::string& singular);

std::string joined(const std::vector<std::string>& words);  // "a, b"

// Rows with aligned columns, the first row the heading; the last column is not padded. Numbers can be set right.
class text_table {
public:
    explicit text_table(std::vector<std::string> heading) { rows_.push_back(std::move(heading)); }
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    void align_right(std::size_t column) { right_.push_back(column); }
    bool is_empty() const noexcept { return rows_.size() == 1; }
    std::string text() const;

private:
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> right_;
};

}  // namespace hawser::command
