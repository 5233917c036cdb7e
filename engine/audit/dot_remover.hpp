// Takes out what SMTP's DATA puts into a message while it streams by (RFC 5321 section 4.5.2): the dot before a line
// that begins with one, and the line of a single dot that ends it. Any pieces. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::engine::audit {

class dot_remover {
public:
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            take(c, out);
        }
    }
    // A message that ends within its last line's dot was never ended: what was held back belongs to it.
    void finish(std::string& out) {
        if (state_ == state::dot) {
            out += '.';
        } else if (state_ == state::dot_cr) {
            out += ".\r";
        }
    }

private:
    enum class state : std::uint8_t { line_begin = 1, in_line, cr, dot, dot_cr, ended };

    void take(char c, std::string& out) {
        if (state_ == state::ended) {
            return;
        }
        if (state_ == state::line_begin && c == '.') {
            state_ = state::dot;
            return;
        }
        if (state_ == state::dot && c == '\r') {
            state_ = state::dot_cr;
            return;
        }
        if (state_ == state::dot_cr) {
            if (c == '\n') {
                state_ = state::ended;
                return;
            }
            out += '\r';
            state_ = state::cr;
        }
        out += c;
        state_ = c == '\r' ? state::cr : c == '\n' && state_ == state::cr ? state::line_begin : state::in_line;
    }

    state state_ = state::line_begin;
};

}  // namespace hawser::engine::audit
