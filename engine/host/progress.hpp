// One line on a terminal that says how far long work is; nothing at all elsewhere, nor for short work.
// Used from one thread at a time; the line is removed when the object goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace hawser::command {

class progress_line {
public:
    progress_line();
    ~progress_line();
    progress_line(const progress_line&) = delete;
    progress_line& operator=(const progress_line&) = delete;

    // `of_bytes` 0: not known (standard input).
    void show(const std::string& name, std::uint64_t bytes, std::uint64_t of_bytes, std::size_t file,
              std::size_t of_files);
    // "resumed 120 of 5000"
    void show_count(const std::string& what, std::uint64_t done, std::uint64_t of);
    void clear();

private:
    using clock = std::chrono::steady_clock;
    bool is_terminal_;
    bool is_shown_ = false;
    clock::time_point started_;
    clock::time_point last_;
    bool is_due();
    void write(const std::string& text);
};

}  // namespace hawser::command
