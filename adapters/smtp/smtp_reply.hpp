// SMTP replies (RFC 5321 section 4.2), read from a stream in any pieces. Pure; every limit has a name, so that no
// server can make us wait or store without end. Lines end with CRLF; a bare LF is taken for a line's end too, as real
// servers send it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hawser::smtp {

// Section 4.5.3.1.5 says 512, but a SASL challenge may have 12288 (RFC 4954 section 4).
inline constexpr std::size_t reply_line_size_max = 12292;
inline constexpr std::size_t reply_line_count_max = 200;

struct smtp_reply {
    unsigned code = 0;
    std::vector<std::string> lines;  // texts, without code and separator

    bool is_positive() const noexcept { return code >= 200 && code < 300; }
    bool is_intermediate() const noexcept { return code >= 300 && code < 400; }
    bool is_transient() const noexcept { return code >= 400 && code < 500; }
    bool is_permanent() const noexcept { return code >= 500; }
    std::string enhanced_status() const;  // "5.1.1" (RFC 3463), "" where the text begins with none
    std::string text() const;             // in one line, sanitised and capped, for a person
};

class reply_parser {
public:
    enum class state { needs_more, complete, broken };

    // Takes bytes up to the end of one reply; `taken` says how many. Then reply() or problem() has the result.
    state feed(std::string_view bytes, std::size_t& taken);
    smtp_reply take_reply();  // and starts anew
    const std::string& problem() const noexcept { return problem_; }

private:
    state end_line();
    state fail(std::string what);
    std::string line_;
    smtp_reply reply_;
    std::string problem_;
};

}  // namespace hawser::smtp
