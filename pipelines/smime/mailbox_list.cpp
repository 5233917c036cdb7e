#include "mailbox_list.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <utility>

namespace hawser::smime {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string trimmed(const std::string& text) {
    const auto begin = std::find_if_not(text.begin(), text.end(), is_blank);
    const auto end = std::find_if_not(text.rbegin(), text.rend(), is_blank).base();
    return begin < end ? std::string(begin, end) : std::string();
}

class mailbox_reader {
public:
    std::optional<std::vector<std::string>> read(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\\' && (depth_ > 0 || is_quoted_) && i + 1 < text.size()) {
                keep(text.substr(i, 2));
                ++i;
            } else if (!take(text[i])) {
                return std::nullopt;
            }
        }
        const bool is_whole = depth_ == 0 && !is_quoted_ && !is_literal_ && !is_in_angle_ && end_mailbox();
        return is_whole ? std::optional(std::move(addresses_)) : std::nullopt;
    }

private:
    void keep(std::string_view text) {
        if (depth_ == 0) {
            (is_in_angle_ ? angle_ : bare_).append(text);
        }
    }
    bool take(char c) {
        if (depth_ > 0) {
            depth_ += c == '(' ? 1 : 0;
            depth_ -= c == ')' ? 1 : 0;
            return true;
        }
        if (is_quoted_ || is_literal_) {
            is_quoted_ = is_quoted_ && c != '"';
            is_literal_ = is_literal_ && c != ']';
            keep({&c, 1});
            return true;
        }
        return take_special(c);
    }
    bool take_special(char c) {
        switch (c) {
        case '(': ++depth_; return true;
        case ',': return !is_in_angle_ && end_mailbox();
        case ':':
        case ';': return false;  // a group
        case '<': return !std::exchange(has_angle_, true) && (is_in_angle_ = true);
        case '>': return std::exchange(is_in_angle_, false);
        default: break;
        }
        if (has_angle_ && !is_in_angle_ && !is_blank(c)) {
            return false;  // nothing stands after the address
        }
        is_quoted_ = c == '"';
        is_literal_ = c == '[';
        keep({&c, 1});
        return true;
    }
    bool end_mailbox() {
        std::string address = trimmed(has_angle_ ? angle_ : bare_);
        const std::size_t at = address.rfind('@');
        const bool has_gap =
            address.find('"') == std::string::npos && std::any_of(address.begin(), address.end(), is_blank);
        if (at == std::string::npos || at == 0 || at + 1 == address.size() || has_gap) {
            return false;
        }
        addresses_.push_back(std::move(address));
        bare_.clear();
        angle_.clear();
        has_angle_ = false;
        return true;
    }

    std::vector<std::string> addresses_;
    std::string bare_;   // outside angle brackets: the address where there are none
    std::string angle_;  // inside
    int depth_ = 0;      // of comments
    bool is_quoted_ = false;
    bool is_literal_ = false;  // [192.0.2.1]
    bool has_angle_ = false;
    bool is_in_angle_ = false;
};

constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// The words of a date, in turn.
class word_reader {
public:
    explicit word_reader(std::string_view text) : text_(text) {}
    std::string_view word() {
        const std::string_view blanks = " \t\r\n";
        text_.remove_prefix(std::min(text_.find_first_not_of(blanks), text_.size()));
        const std::string_view found = text_.substr(0, text_.find_first_of(blanks));
        text_.remove_prefix(found.size());
        return found;
    }

private:
    std::string_view text_;
};

// Digits only, all of them; -1 where it is something else.
int number_in(std::string_view digits) {
    int number = -1;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return failed == std::errc{} && end == digits.data() + digits.size() && digits.front() != '-' ? number : -1;
}

// "10:09:02" or "10:09" in seconds; -1 where it is something else.
int seconds_of(std::string_view clock) {
    const bool has_seconds = clock.size() == 8;
    if ((clock.size() != 5 && !has_seconds) || clock[2] != ':' || (has_seconds && clock[5] != ':')) {
        return -1;
    }
    const int hours = number_in(clock.substr(0, 2));
    const int minutes = number_in(clock.substr(3, 2));
    const int seconds = has_seconds ? number_in(clock.substr(6, 2)) : 0;
    const bool is_good = hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && seconds >= 0 && seconds <= 60;
    return is_good ? (hours * 60 + minutes) * 60 + seconds : -1;
}

}  // namespace

std::optional<std::vector<std::string>> addresses_in(std::string_view mailbox_list) {
    return mailbox_reader().read(mailbox_list);
}

std::optional<std::string> date_in_utc(std::string_view date_time) {
    namespace chrono = std::chrono;
    word_reader words(date_time);
    std::string_view day = words.word();
    day = !day.empty() && day.back() == ',' ? words.word() : day;
    const std::string_view month_name = words.word();
    const auto month_found = std::find(months.begin(), months.end(), month_name);
    const std::string_view year_digits = words.word();
    const int clock = seconds_of(words.word());
    const std::string_view zone = words.word();
    const int offset = zone.size() == 5 ? number_in(zone.substr(1)) : -1;
    const bool is_whole = !day.empty() && year_digits.size() == 4 && month_found != months.end() && clock >= 0 &&
                          offset >= 0 && offset % 100 < 60 && (zone[0] == '+' || zone[0] == '-') &&
                          words.word().empty();
    const chrono::year_month_day date =
        is_whole ? chrono::year(number_in(year_digits)) /
                       chrono::month(static_cast<unsigned>(month_found - months.begin()) + 1) /
                       chrono::day(static_cast<unsigned>(number_in(day)))
                 : chrono::year_month_day{};
    if (!is_whole || !date.ok()) {
        return std::nullopt;
    }
    if (offset == 0) {
        return std::string(date_time);
    }
    const int away = (offset / 100 * 60 + offset % 100) * (zone[0] == '-' ? -60 : 60);
    const auto moment = chrono::sys_days(date) + chrono::seconds(clock - away);
    const auto whole_days = chrono::floor<chrono::days>(moment);
    const chrono::year_month_day utc(whole_days);
    const chrono::hh_mm_ss time(moment - whole_days);
    char text[48];
    std::snprintf(text, sizeof text, "%s, %02u %s %d %02d:%02d:%02d +0000",
                  weekdays[chrono::weekday(whole_days).c_encoding()], static_cast<unsigned>(utc.day()),
                  months[static_cast<unsigned>(utc.month()) - 1], static_cast<int>(utc.year()),
                  static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                  static_cast<int>(time.seconds().count()));
    return text;
}

}  // namespace hawser::smime
