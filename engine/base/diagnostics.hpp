// Diagnostics: everything that is wrong with what a person wrote (bindings, plugin files), collected and shown at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hawser::engine {

enum class severity : std::uint8_t { error = 1, warning = 2 };

// Where a value was written. line and column count from 1; 0 = unknown (the whole file is meant).
struct source_position {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

struct diagnostic {
    severity kind = severity::error;
    source_position position;
    std::string pointer;  // RFC 6901 JSON pointer, "" for the whole document
    std::string text;     // what is wrong, what is allowed
    std::string hint;     // "did you mean ...?"; may be empty
};

// "file:line:column: error: /json/pointer: text (hint)"
std::string to_string(const diagnostic& one);

class diagnostics {
public:
    void error(source_position position, std::string pointer, std::string text, std::string hint = {});
    void warning(source_position position, std::string pointer, std::string text, std::string hint = {});
    void add(diagnostic one) { list_.push_back(std::move(one)); }
    bool has_errors() const noexcept;
    const std::vector<diagnostic>& list() const noexcept { return list_; }

private:
    std::vector<diagnostic> list_;
};

// The candidate nearest to `word` (edit distance at most a third of its length, or two letters exchanged), or "" where
// none is near.
std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates);

// "did you mean \"…\"?", or "" where no candidate is near.
std::string suggest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace hawser::engine
