#include "message/location_pattern.hpp"

#include <algorithm>
#include <cstdint>

namespace hawser::engine {
namespace {

constexpr std::string_view mail_scheme = "mailto";
constexpr std::string_view mail_prefix = "mailto:";

char to_lower(char one) { return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one; }

bool is_letter(char one) { return to_lower(one) >= 'a' && to_lower(one) <= 'z'; }

bool is_digit(char one) { return one >= '0' && one <= '9'; }

bool is_above_ascii(char one) { return static_cast<unsigned char>(one) >= 0x80; }

bool is_control(char one) { return static_cast<unsigned char>(one) < 0x20 || one == 0x7f; }

bool is_one_of(char one, std::string_view set) { return set.find(one) != std::string_view::npos; }

// Also of U+0080 to U+009F, in UTF-8.
bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_second = i > 0 && text[i - 1] == '\xc2';
        if (is_control(text[i]) || (is_second && static_cast<unsigned char>(text[i]) < 0xa0)) {
            return true;
        }
    }
    return false;
}

// What "**" matches.
bool is_of_run(char one) { return !is_control(one) && !is_one_of(one, " ,;?%#\"'<>\\"); }

struct pattern_step {
    enum class kind : std::uint8_t { literal = 1, run, run_with_slash };
    kind type = kind::literal;
    char literal = 0;
};

std::vector<pattern_step> steps_of(std::string_view pattern) {
    std::vector<pattern_step> steps;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '*') {
            steps.push_back({pattern_step::kind::literal, pattern[i]});
        } else if (i + 1 < pattern.size() && pattern[i + 1] == '*') {
            steps.push_back({pattern_step::kind::run_with_slash, 0});
            ++i;
        } else {
            steps.push_back({pattern_step::kind::run, 0});
        }
    }
    return steps;
}

// Which steps of the pattern may come next, after the part of the location that was read: all possibilities go ahead
// side by side, so that there is nothing to go back to.
class pattern_positions {
public:
    explicit pattern_positions(const std::vector<pattern_step>& steps)
        : steps_(steps), now_(steps.size() + 1, 0), next_(steps.size() + 1, 0) {
        enter(now_, 0);
    }

    bool is_at_end() const { return now_.back() != 0; }

    // False: no way to match is left.
    bool read(char one, bool ignores_case) {
        bool is_possible = false;
        std::fill(next_.begin(), next_.end(), std::uint8_t{0});
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (now_[i] != 0 && accepts(steps_[i], one, ignores_case)) {
                enter(next_, steps_[i].type == pattern_step::kind::literal ? i + 1 : i);
                is_possible = true;
            }
        }
        now_.swap(next_);
        return is_possible;
    }

private:
    static bool accepts(const pattern_step& step, char one, bool ignores_case) {
        switch (step.type) {
        case pattern_step::kind::run: return is_of_run(one) && one != '/';
        case pattern_step::kind::run_with_slash: return is_of_run(one);
        default: return ignores_case ? to_lower(step.literal) == to_lower(one) : step.literal == one;
        }
    }

    // A run may be empty, so what follows it may come next as well.
    void enter(std::vector<std::uint8_t>& positions, std::size_t step) {
        for (; positions[step] == 0; ++step) {
            positions[step] = 1;
            if (step == steps_.size() || steps_[step].type == pattern_step::kind::literal) {
                return;
            }
        }
    }

    const std::vector<pattern_step>& steps_;
    std::vector<std::uint8_t> now_;
    std::vector<std::uint8_t> next_;
};

bool has_parent_segment(std::string_view path) {
    while (true) {
        const std::size_t end = path.find('/');
        if (path.substr(0, end) == "..") {
            return true;
        }
        if (end == std::string_view::npos) {
            return false;
        }
        path.remove_prefix(end + 1);
    }
}

// RFC 5322 atext but for quotes, '?', and what makes old mail servers route on ('%' and '!').
bool is_of_mailbox(char one) {
    return is_letter(one) || is_digit(one) || is_above_ascii(one) || is_one_of(one, ".#$&*+-/=^_`{|}~");
}

bool is_of_domain(char one) {
    return is_letter(one) || is_digit(one) || is_above_ascii(one) || is_one_of(one, ".-_[]:");
}

bool is_plain_address(std::string_view address) {
    const std::size_t at = address.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) {
        return false;
    }
    const std::string_view domain = address.substr(at + 1);
    return std::all_of(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(at), is_of_mailbox) &&
           std::all_of(domain.begin(), domain.end(), is_of_domain);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view location) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return matches_location(pattern, location); });
}

// The addresses of a mail location, each as a location of its own; they stand between ',' or ';'.
std::vector<std::string> mail_locations(std::string_view addresses) {
    std::vector<std::string> all;
    while (true) {
        const std::size_t end = addresses.find_first_of(",;");
        all.push_back(std::string(mail_prefix).append(addresses.substr(0, end)));
        if (end == std::string_view::npos) {
            return all;
        }
        addresses.remove_prefix(end + 1);
    }
}

}  // namespace

std::string scheme_of_location(std::string_view location) {
    const std::string_view scheme = location.substr(0, location.find(':'));
    const bool is_scheme = scheme.size() != location.size() && !scheme.empty() && is_letter(scheme[0]) &&
                           std::all_of(scheme.begin(), scheme.end(), [](char one) {
                               return is_letter(one) || is_digit(one) || is_one_of(one, "+-.");
                           });
    std::string lower(is_scheme ? scheme : std::string_view{});
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    return lower;
}

bool matches_location(std::string_view pattern, std::string_view location) {
    const std::string scheme = scheme_of_location(location);
    if (scheme.empty() || scheme != scheme_of_location(pattern)) {
        return false;
    }
    pattern.remove_prefix(scheme.size() + 1);
    location.remove_prefix(scheme.size() + 1);
    const std::size_t at = scheme == mail_scheme ? location.rfind('@') : std::string_view::npos;
    const std::vector<pattern_step> steps = steps_of(pattern);
    pattern_positions positions(steps);
    for (std::size_t i = 0; i < location.size(); ++i) {
        if (!positions.read(location[i], at != std::string_view::npos && i > at)) {
            return false;
        }
    }
    return positions.is_at_end();
}

bool matches_part_of_location(std::string_view pattern, std::string_view location) {
    if (scheme_of_location(location) != mail_scheme) {
        return matches_location(pattern, location);
    }
    const std::vector<std::string> all = mail_locations(location.substr(mail_prefix.size()));
    return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return matches_location(pattern, one); });
}

bool is_allowed_location(const std::vector<std::string>& patterns, std::string_view location) {
    const std::string scheme = scheme_of_location(location);
    if (scheme.empty() || has_control(location) || location.find_first_of("\"'?%") != std::string_view::npos) {
        return false;
    }
    const std::string_view rest = location.substr(scheme.size() + 1);
    if (has_parent_segment(rest)) {
        return false;
    }
    if (scheme != mail_scheme) {
        return matches_any(patterns, location);
    }
    const std::vector<std::string> all = mail_locations(rest);
    return std::all_of(all.begin(), all.end(), [&](const std::string& one) {
        return is_plain_address(std::string_view(one).substr(mail_prefix.size())) && matches_any(patterns, one);
    });
}

}  // namespace hawser::engine
