#include "legacy_display_writer.hpp"

#include <iconv.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "mime_header.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t start_size_max = 64 * 1024;  // where no <body> begins within it, the display goes before all

// Where the text of <body …> begins; npos: not here. What stands in a comment does not count.
std::size_t find_body(std::string_view html) {
    const std::string lower = to_lower(html);
    std::size_t at = 0;
    while ((at = lower.find('<', at)) != std::string::npos) {
        if (lower.compare(at, 4, "<!--") == 0) {
            at = lower.find("-->", at + 4);
            if (at == std::string::npos) {
                return at;
            }
            continue;
        }
        const bool is_body = lower.compare(at, 5, "<body") == 0 && at + 5 < lower.size() &&
                             std::string_view(" \t\r\n>/").find(lower[at + 5]) != std::string_view::npos;
        if (is_body) {
            char quote = 0;
            for (std::size_t i = at + 5; i < lower.size(); ++i) {
                if (quote != 0) {
                    quote = lower[i] == quote ? '\0' : quote;
                } else if (lower[i] == '>') {
                    return i + 1;
                } else if (lower[i] == '"' || lower[i] == '\'') {
                    quote = lower[i];
                }
            }
            return std::string::npos;
        }
        ++at;
    }
    return std::string::npos;
}

class converter {
public:
    explicit converter(const std::string& charset) : handle_(iconv_open(charset.c_str(), "UTF-8")) {}
    converter(const converter&) = delete;
    converter& operator=(const converter&) = delete;
    ~converter() {
        if (is_open()) {
            iconv_close(handle_);
        }
    }
    bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

    // A question mark stands for what the character set does not have.
    std::string convert(std::string text) const {
        std::string out(text.size() * 4 + 16, '\0');
        char* from = text.data();
        std::size_t left = text.size();
        char* to = out.data();
        std::size_t room = out.size();
        while (left > 0 && iconv(handle_, &from, &left, &to, &room) == static_cast<std::size_t>(-1)) {
            if (errno == E2BIG || room == 0) {
                break;
            }
            do {  // past the character, which is UTF-8
                ++from;
                --left;
            } while (left > 0 && (static_cast<unsigned char>(*from) & 0xc0U) == 0x80U);
            *to++ = '?';
            --room;
        }
        iconv(handle_, nullptr, nullptr, &to, &room);
        out.resize(out.size() - room);
        return out;
    }

private:
    iconv_t handle_;
};

// The code point that begins at `at`, which moves past it; the text is valid UTF-8.
unsigned take_code_point(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at++]);
    unsigned point = lead >= 0xf0 ? lead & 7U : lead >= 0xe0 ? lead & 15U : lead & 31U;
    for (; at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; ++at) {
        point = (point << 6U) | (static_cast<unsigned char>(text[at]) & 63U);
    }
    return point;
}

}  // namespace

void legacy_display_writer::write(std::string_view in, std::string& out) {
    if (display_.empty()) {
        out.append(in);
        return;
    }
    if (!is_html_) {
        out.append(std::exchange(display_, {})).append(in);
        return;
    }
    start_.append(in);
    const std::size_t body = find_body(start_);
    if (body != std::string::npos) {
        out.append(start_, 0, body).append(std::exchange(display_, {})).append(start_, body);
        start_ = {};
    } else if (start_.size() >= start_size_max) {
        finish(out);
    }
}

void legacy_display_writer::finish(std::string& out) {
    out.append(std::exchange(display_, {})).append(std::exchange(start_, {}));
}

std::optional<std::string> legacy_display_text(const std::string& fields, const std::string& charset) {
    const std::string name = charset.empty() ? "us-ascii" : to_lower(charset);
    const std::string text = fields + "\r\n";
    if (name == "utf-8") {
        return text;
    }
    const converter to(name);
    // The reader looks for an empty line, so line ends have to be those of ASCII.
    if (!to.is_open() || to.convert("a:\r\n\r\n") != "a:\r\n\r\n") {
        return std::nullopt;
    }
    return to.convert(text);
}

std::string legacy_display_html(const std::string& fields) {
    std::string text;
    for (std::size_t i = 0; i < fields.size();) {
        const char c = fields[i];
        if (static_cast<unsigned char>(c) >= 0x80) {  // good in any character set
            text += "&#" + std::to_string(take_code_point(fields, i)) + ';';
            continue;
        }
        text += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
        ++i;
    }
    return "<div class=\"header-protection-legacy-display\">\r\n<pre>" + text + "</pre></div>\r\n";
}

}  // namespace hawser::smime
