#include "legacy_display.hpp"

#include <algorithm>
#include <utility>

namespace hawser::smime {
namespace {

constexpr std::size_t display_size_max = mime_header::size_max;

class text_display_filter {
public:
    explicit text_display_filter(std::vector<std::string> field_names) : field_names_(std::move(field_names)) {}

    void write(std::string_view in, std::string& out) {
        if (has_passed_) {
            out.append(in);
            return;
        }
        std::size_t searched = held_.size();
        held_.append(in);
        for (std::size_t end = 0; (end = held_.find('\n', searched)) != std::string::npos; searched = line_ = end + 1) {
            std::string_view line = std::string_view(held_).substr(line_, end - line_);
            line.remove_suffix(!line.empty() && line.back() == '\r' ? 1 : 0);
            if (line.empty() || !belongs(line)) {
                release(line.empty() && line_ > 0 ? end + 1 : 0, out);
                return;
            }
            is_flowed_ = line.back() == ' ';
        }
        if (held_.size() > display_size_max) {
            release(0, out);
        }
    }
    void finish(std::string& out) { release(0, out); }

private:
    // A field, or the rest of one: folded, or flowed (RFC 3676 section 4.1).
    bool belongs(std::string_view line) const {
        if (line_ > 0 && (is_flowed_ || line[0] == ' ' || line[0] == '\t')) {
            return true;
        }
        const std::size_t colon = line.find(':');
        return colon != std::string_view::npos && std::find(field_names_.begin(), field_names_.end(),
                                                            to_lower(line.substr(0, colon))) != field_names_.end();
    }
    void release(std::size_t from, std::string& out) {
        out.append(held_, from);
        held_ = {};
        has_passed_ = true;
    }

    std::vector<std::string> field_names_;
    std::string held_;      // what may be the display
    std::size_t line_ = 0;  // begin of the line, in held_
    bool is_flowed_ = false;
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

// Reads HTML tag by tag. What is no tag, or one of more than tag_size_max bytes, passes as text. A display is held back
// up to the end of its <div>.
class html_display_filter {
public:
    void write(std::string_view in, std::string& out) {
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (has_given_up_) {
                out.append(in.substr(i));
                return;
            }
            const char c = in[i];
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
    void finish(std::string& out) { out.append(std::exchange(held_, {})).append(std::exchange(tag_, {})); }

private:
    static constexpr std::size_t tag_size_max = 8 * 1024;

    void pass(std::string_view text, std::string& out) {
        if (depth_ == 0) {
            out.append(text);
            return;
        }
        held_.append(text);
        if (held_.size() > display_size_max) {
            has_given_up_ = true;
            out.append(std::exchange(held_, {}));
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
            if (depth_ == 0) {
                held_ = {};
                return;
            }
        } else if (is_opening && has_display_class(lower)) {
            depth_ = 1;
        }
        pass(original, out);
    }
    static bool is_div(const std::string& tag, std::string_view start) {
        return tag.compare(0, start.size(), start) == 0 && tag.size() > start.size() &&
               std::string_view(" \t\r\n>/").find(tag[start.size()]) != std::string_view::npos;
    }
    std::string tag_;
    char quote_ = 0;
    std::string held_;    // of the display, from its <div> on
    unsigned depth_ = 0;  // of that <div>
    bool has_given_up_ = false;
};

}  // namespace

body_stream drop_legacy_display(body_stream body, const content_type& type,
                                const std::vector<std::string>& field_names) {
    if (field_names.empty() || type.parameter("hp-legacy-display") != "1") {
        return body;
    }
    if (type.type == "text/plain") {
        return make_stream(
            std::make_unique<filtered_stream<text_display_filter>>(std::move(body), text_display_filter{field_names}));
    }
    if (type.type == "text/html") {
        return make_stream(
            std::make_unique<filtered_stream<html_display_filter>>(std::move(body), html_display_filter{}));
    }
    return body;
}

}  // namespace hawser::smime
