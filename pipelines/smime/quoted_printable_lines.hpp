// Quoted-printable (RFC 2045 section 6.7) of bytes that come in any pieces. CRLF stays a line's end; every other byte
// is kept as it is, so a lone CR or LF is encoded.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace hawser::smime {

class quoted_printable_lines {
public:
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            write_one(c, out);
        }
    }
    void finish(std::string& out) {
        if (std::exchange(had_cr_, false)) {
            add_encoded('\r', out);
        }
        if (!line_.empty()) {
            break_line(out);  // a soft break: the text itself has no line's end here
        }
    }

private:
    static constexpr std::size_t line_size_max = 76;

    void write_one(char c, std::string& out) {
        if (had_cr_ && c == '\n') {
            had_cr_ = false;
            end_line(out);
            return;
        }
        if (std::exchange(had_cr_, false)) {
            add_encoded('\r', out);
        }
        if (c == '\r') {
            had_cr_ = true;
            return;
        }
        // "From " and dots at the start of a line are changed by some relays.
        const bool is_risky = line_.empty() && (c == '.' || c == 'F');
        const bool is_plain = (c >= ' ' && c <= '~' && c != '=' && !is_risky) || c == '\t';
        if (is_plain) {
            make_room(1, out);
            line_ += c;
        } else {
            add_encoded(c, out);
        }
    }
    void add_encoded(char c, std::string& out) {
        static constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        make_room(3, out);
        line_ += {'=', digits[byte >> 4U], digits[byte & 15U]};
    }
    void make_room(std::size_t size, std::string& out) {
        if (line_.size() + size > line_size_max - 1) {
            break_line(out);
        }
    }
    void break_line(std::string& out) {
        out.append(line_).append("=\r\n");
        line_.clear();
    }
    void end_line(std::string& out) {
        if (!line_.empty() && (line_.back() == ' ' || line_.back() == '\t')) {  // lost on the way at a line's end
            const char blank = line_.back();
            line_.pop_back();
            add_encoded(blank, out);
        }
        out.append(line_).append("\r\n");
        line_.clear();
    }

    std::string line_;
    bool had_cr_ = false;
};

}  // namespace hawser::smime
