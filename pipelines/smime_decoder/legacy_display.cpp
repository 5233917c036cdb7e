#include "legacy_display.hpp"

namespace hawser::smime {
namespace {

class text_display_filter {
public:
    void write(std::string_view in, std::string& out) {
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (has_passed_) {
                out.append(in.substr(i));
                return;
            }
            if (in[i] == '\n') {
                has_passed_ = is_line_empty_;
                is_line_empty_ = true;
            } else if (in[i] != '\r') {
                is_line_empty_ = false;
            }
        }
    }
    void finish(std::string&) const {}

private:
    bool is_line_empty_ = true;
    bool has_passed_ = false;
};

// Whether the value of the class attribute has the word; `tag` in lower case.
bool has_display_class(const std::string& tag) {
    constexpr std::string_view blanks = " \t\r\n";
    constexpr std::string_view wanted = "header-protection-legacy-display";
    for (std::size_t at = tag.find("class"); at != std::string::npos; at = tag.find("class", at + 1)) {
        const std::size_t equals = tag.find_first_not_of(blanks, at + 5);
        if (blanks.find(tag[at - 1]) == std::string_view::npos || equals == std::string::npos || tag[equals] != '=') {
            continue;
        }
        const std::size_t begin = std::min(tag.find_first_not_of(blanks, equals + 1), tag.size() - 1);
        const bool is_quoted = tag[begin] == '"' || tag[begin] == '\'';
        const std::size_t end = is_quoted ? tag.find(tag[begin], begin + 1) : tag.find_first_of(" \t\r\n>", begin);
        const std::string value =
            ' ' + tag.substr(begin + (is_quoted ? 1 : 0), end - begin - (is_quoted ? 1 : 0)) + ' ';
        return value.find(' ' + std::string(wanted) + ' ') != std::string::npos;
    }
    return false;
}

// Reads HTML tag by tag. What is no tag, or one of more than tag_size_max bytes, passes as text.
class html_display_filter {
public:
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            if (tag_.empty() && c != '<') {
                pass({&c, 1}, out);
                continue;
            }
            tag_ += c;
            if (is_tag_at_end(c) || tag_.size() > tag_size_max) {
                take_tag(out);
            }
        }
    }
    void finish(std::string& out) { pass(std::exchange(tag_, {}), out); }

private:
    static constexpr std::size_t tag_size_max = 8 * 1024;

    void pass(std::string_view text, std::string& out) const {
        if (depth_ == 0) {
            out.append(text);
        }
    }
    bool is_comment() const { return tag_.compare(0, 4, "<!--") == 0; }
    bool is_tag_at_end(char c) {
        if (is_comment()) {
            return c == '>' && tag_.size() >= 7 && tag_.compare(tag_.size() - 3, 3, "-->") == 0;
        }
        if (quote_ != 0) {
            quote_ = c == quote_ ? '\0' : quote_;
            return false;
        }
        quote_ = c == '"' || c == '\'' ? c : '\0';
        return c == '>';
    }
    void take_tag(std::string& out) {
        const std::string original = std::exchange(tag_, {});
        const std::string lower = to_lower(original);
        quote_ = 0;
        const bool is_opening = is_div(lower, "<div");
        if (depth_ > 0) {
            depth_ += is_opening ? 1U : 0U;
            depth_ -= is_div(lower, "</div") ? 1U : 0U;
            return;
        }
        if (is_opening && has_display_class(lower)) {
            depth_ = 1;
            return;
        }
        out.append(original);
    }
    static bool is_div(const std::string& tag, std::string_view start) {
        return tag.compare(0, start.size(), start) == 0 && tag.size() > start.size() &&
               std::string_view(" \t\r\n>/").find(tag[start.size()]) != std::string_view::npos;
    }
    std::string tag_;
    char quote_ = 0;
    unsigned depth_ = 0;  // of the <div> that is left out
};

}  // namespace

body_stream drop_legacy_display(body_stream body, const content_type& type, bool may_have_one) {
    if (!may_have_one || type.parameter("hp-legacy-display") != "1") {
        return body;
    }
    if (type.type == "text/plain") {
        return make_stream(
            std::make_unique<filtered_stream<text_display_filter>>(std::move(body), text_display_filter{}));
    }
    if (type.type == "text/html") {
        return make_stream(
            std::make_unique<filtered_stream<html_display_filter>>(std::move(body), html_display_filter{}));
    }
    return body;
}

}  // namespace hawser::smime
