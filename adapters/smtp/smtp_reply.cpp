#include "smtp_reply.hpp"

#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t shown_text_size_max = 300;

}  // namespace

std::string smtp_reply::enhanced_status() const {
    if (lines.empty()) {
        return {};
    }
    const std::string& first = lines.front();
    const std::size_t end = std::min(first.find(' '), first.size());
    std::size_t dots = 0;
    for (std::size_t i = 0; i < end; ++i) {
        if (first[i] == '.') {
            ++dots;
        } else if (!is_digit(first[i])) {
            return {};
        }
    }
    const bool is_status =
        dots == 2 && end <= 9 && (first[0] == '2' || first[0] == '4' || first[0] == '5') && first[1] == '.';
    return is_status ? first.substr(0, end) : std::string{};
}

std::string smtp_reply::text() const {
    std::string joined = std::to_string(code);
    for (const std::string& line : lines) {
        joined += ' ';
        for (const char c : line) {
            joined += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
        }
        if (joined.size() > shown_text_size_max) {
            return joined.substr(0, shown_text_size_max) + "...";
        }
    }
    return joined;
}

reply_parser::state reply_parser::fail(std::string what) {
    problem_ = std::move(what);
    return state::broken;
}

reply_parser::state reply_parser::feed(std::string_view bytes, std::size_t& taken) {
    for (taken = 0; taken < bytes.size();) {
        const char c = bytes[taken++];
        if (c == '\n') {
            if (const state ended = end_line(); ended != state::needs_more) {
                return ended;
            }
        } else if (line_.size() >= reply_line_size_max) {
            return fail("a reply line is longer than 2048 bytes");
        } else {
            line_ += c;
        }
    }
    return state::needs_more;
}

reply_parser::state reply_parser::end_line() {
    if (!line_.empty() && line_.back() == '\r') {
        line_.pop_back();
    }
    const bool has_code =
        line_.size() >= 3 && line_[0] >= '2' && line_[0] <= '5' && is_digit(line_[1]) && is_digit(line_[2]);
    const char separator = line_.size() > 3 ? line_[3] : ' ';
    if (!has_code || (separator != ' ' && separator != '-')) {
        return fail("what the server said is no SMTP reply: \"" + shown(line_) + '"');
    }
    const unsigned code = static_cast<unsigned>((line_[0] - '0') * 100 + (line_[1] - '0') * 10 + (line_[2] - '0'));
    if (!reply_.lines.empty() && code != reply_.code) {
        return fail("a reply changes its code from " + std::to_string(reply_.code) + " to " + std::to_string(code));
    }
    if (reply_.lines.size() >= reply_line_count_max) {
        return fail("a reply has more than 200 lines");
    }
    reply_.code = code;
    reply_.lines.push_back(line_.size() > 4 ? line_.substr(4) : std::string{});
    line_.clear();
    return separator == ' ' ? state::complete : state::needs_more;
}

smtp_reply reply_parser::take_reply() {
    smtp_reply taken = std::move(reply_);
    reply_ = {};
    line_.clear();
    return taken;
}

}  // namespace hawser::smtp
