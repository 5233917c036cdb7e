// The lines of an archive: one JSON object each, whose first members have a fixed form, so that the chain can be
// followed without a JSON parser:
//   {"record":N,"previous":"<SHA-256 of the line before, without its end>","time":"…","kind":"…", …}
// docs/operating.md has the whole format. Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/facts.hpp"

namespace hawser::engine::audit {

inline constexpr std::size_t line_size_max =
    facts_size_max + 1024 * 1024;               // facts, a small content and what the engine adds
inline const std::string no_previous(64, '0');  // of the first record

// Where the chain stands: the number of the next record, and the hash of the last line.
struct chain_head {
    std::uint64_t next = 1;
    std::string previous = no_previous;
};

struct record_subject {  // what the engine knows of a handing over
    std::string port;
    std::string message_id;
    std::string unique_id;
    std::int64_t delivery = 0;
    std::uint32_t attempt = 1;
};

namespace kind {
inline constexpr std::string_view opened = "opened";        // by a host, or anew after a crash
inline constexpr std::string_view settings = "settings";    // changed by a reload
inline constexpr std::string_view resumed = "resumed";      // after the archive could not be written for a while
inline constexpr std::string_view hand_over = "hand-over";  // all content was sent; the last bytes follow this record
inline constexpr std::string_view outcome = "result";       // what the far side answered
inline constexpr std::string_view broken_off = "broken-off";
inline constexpr std::string_view signature = "signature";
}  // namespace kind

// Appends members ("name":value) to a line that it begins and ends. Values that are JSON already are given as such.
class line_writer {
public:
    line_writer(const chain_head& head, std::int64_t unix_ms, std::string_view kind);
    line_writer& text(std::string_view name, std::string_view value);
    line_writer& number(std::string_view name, std::int64_t value);
    line_writer& json(std::string_view name, std::string_view value);
    line_writer& subject(const record_subject& about);
    std::string finish() { return std::move(line_) + '}'; }  // without the line's end

private:
    std::string line_;
};

// Adds the line and its end to `lines`, and moves the head on.
void add_line(std::string& lines, chain_head& head, const std::string& line);

struct line_head {
    std::uint64_t record = 0;
    std::string_view previous;
    std::string_view time;
    std::string_view kind;
};
// nullopt: it is no record's line.
std::optional<line_head> read_line_head(std::string_view line);

// A signature record is {"record":…,"signature":{"algorithm":"…","key":"…","value":"…"}}, and signs its own line up to
// the value: with the hash of the line before all that was recorded before it.
std::string begin_signature_line(const chain_head& head, std::int64_t unix_ms, const std::string& algorithm,
                                 const std::string& key);  // what is to be signed
std::string end_signature_line(std::string begun, std::string_view signature);

// Whether it is nested no deeper than a record can be: what is not is not parsed, for it could take any memory.
bool is_shallow(std::string_view line);

struct line_signature {
    std::string_view text;  // what was signed; a part of the line
    std::string key;        // its fingerprint
    std::string value;      // bytes
};
std::optional<line_signature> read_line_signature(std::string_view line);

}  // namespace hawser::engine::audit
