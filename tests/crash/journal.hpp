// What the journal adapter writes of each attempt, and the bodies that the test submits: both sides of the crash test
// share these. Nothing here knows the engine. Free of state; failure: std::runtime_error where a file cannot be read or
// written, nullopt where a line or a body is not one of ours.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::crash {

// Submitters number what they submit from 1.
struct body_identity {
    std::uint32_t submitter = 0;
    std::uint32_t sequence = 0;
};

std::string make_body(const body_identity& one, std::size_t size);  // the same bytes each time
std::optional<body_identity> read_identity(std::string_view body);  // of its first bytes
inline constexpr std::size_t identity_size_max = 64;                // they are within so many

std::string to_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

// One attempt, written before the adapter answers; `answer` is what it is about to say: delivered, retry or failed.
struct journal_line {
    std::uint32_t run = 0;  // of the host process
    std::string port;
    std::string message_id;
    std::string unique_id;
    std::uint32_t attempt = 0;
    body_identity body;
    std::uint64_t size = 0;
    std::string sha256;
    std::string answer;
};

std::string to_text(const journal_line& line);
std::optional<journal_line> parse_line(std::string_view text);

// In one write to <folder>/<port>.journal, so that lines of several threads do not mix.
void append_line(const std::string& folder, const journal_line& line);

// A kill stops a write between two pages and leaves a part of the line: its attempt was never answered, so it counts
// as never made. Call it while no host runs; otherwise the next line would be written behind that part. Answers how
// many were dropped.
std::size_t drop_unfinished_lines(const std::string& folder);

struct journals {
    std::map<std::string, std::vector<journal_line>> by_port;  // in the order in which they were written
    std::uint64_t unreadable_count = 0;
};
journals read_journals(const std::string& folder);

}  // namespace hawser::crash
