#include "transfer_encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace hawser::smtp {
namespace {

constexpr std::size_t base64_line_bytes = 57;
constexpr std::size_t base64_line_characters = 76;  // RFC 2045 section 6.8
constexpr std::size_t quoted_line_size = 76;
constexpr char hexadecimal_digits[] = "0123456789ABCDEF";

// Two characters for every twelve bits: half the look-ups.
const std::array<std::array<char, 2>, 4096>& base64_pairs() {
    static const auto table = [] {
        constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::array<std::array<char, 2>, 4096> made{};
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i] = {letters[i >> 6U], letters[i & 63U]};
        }
        return made;
    }();
    return table;
}

// At most a line's bytes. It is put together apart, because appending pairs to a string takes three times as long.
void append_base64_line(std::string_view text, std::string& out) {
    const auto& pairs = base64_pairs();
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const std::size_t size = text.size();
    std::array<char, base64_line_characters + 2> line{};
    char* to = line.data();
    std::size_t i = 0;
    for (; i + 3 <= size; i += 3, to += 4) {
        const unsigned group = (unsigned{bytes[i]} << 16U) | (unsigned{bytes[i + 1]} << 8U) | bytes[i + 2];
        std::memcpy(to, pairs[group >> 12U].data(), 2);
        std::memcpy(to + 2, pairs[group & 4095U].data(), 2);
    }
    if (i < size) {
        const unsigned group = (unsigned{bytes[i]} << 16U) | (i + 1 < size ? unsigned{bytes[i + 1]} << 8U : 0U);
        std::memcpy(to, pairs[group >> 12U].data(), 2);
        to[2] = i + 1 < size ? pairs[group & 4095U][0] : '=';
        to[3] = '=';
        to += 4;
    }
    std::memcpy(to, "\r\n", 2);
    out.append(line.data(), static_cast<std::size_t>(to + 2 - line.data()));
}

constexpr std::array<bool, 256> quoted_plain = [] {  // RFC 2045 section 6.7, rules (2) and (3)
    std::array<bool, 256> plain{};
    for (std::size_t byte = 32; byte <= 126; ++byte) {
        plain[byte] = byte != '=';
    }
    plain['\t'] = true;
    return plain;
}();

bool is_quoted_plain(char c) { return quoted_plain[static_cast<unsigned char>(c)]; }

// Whether all eight stand for themselves: none below ' ', none above '~', no '='. Each term has a byte's highest bit
// set where that byte is such a one.
bool are_quoted_plain(const char* eight) {
    constexpr std::uint64_t each = 0x0101010101010101U;
    constexpr std::uint64_t highest = 0x80 * each;
    std::uint64_t word = 0;
    std::memcpy(&word, eight, sizeof word);
    const std::uint64_t controls = (word - ' ' * each) & ~word;
    const std::uint64_t above = (word + each) | word;
    const std::uint64_t equals = word ^ ('=' * each);
    return ((controls | above | ((equals - each) & ~equals)) & highest) == 0;
}

// How many characters at the start of `text` stand for themselves.
std::size_t quoted_plain_run(std::string_view text) {
    std::size_t size = 0;
    while (size + 8 <= text.size() && are_quoted_plain(text.data() + size)) {
        size += 8;
    }
    while (size < text.size() && is_quoted_plain(text[size])) {
        ++size;
    }
    return size;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// "From " and dots at the start of a line are changed by some relays.
bool is_risky_at_start(char c) { return c == '.' || c == 'F'; }

}  // namespace

// Text that is readable on the wire wins a tie; its last characters, which may be half a line end, do not count.
transfer_encoding shorter_encoding(std::string_view content) {
    std::size_t quoted = 0;
    for (std::size_t i = 0; i < content.size(); ++i) {
        const std::size_t run = quoted_plain_run(content.substr(i));
        quoted += run;
        i += run;
        if (i == content.size()) {
            break;
        }
        const bool is_line_end = content[i] == '\r' && (i + 1 == content.size() || content[i + 1] == '\n');
        const bool ends_line = content[i] == '\n' && i > 0 && content[i - 1] == '\r';
        quoted += is_line_end || ends_line ? 1U : 3U;
    }
    return quoted <= (content.size() + 2) / 3 * 4 ? transfer_encoding::quoted_printable : transfer_encoding::base64;
}

// ---- base64 ----

void base64_filter::write(std::string_view in, std::string& out) {
    if (!rest_.empty()) {
        const std::size_t size = std::min(base64_line_bytes - rest_.size(), in.size());
        rest_ += in.substr(0, size);
        in.remove_prefix(size);
        if (rest_.size() < base64_line_bytes) {
            return;
        }
        append_base64_line(rest_, out);
        rest_.clear();
    }
    while (in.size() >= base64_line_bytes) {
        append_base64_line(in.substr(0, base64_line_bytes), out);
        in.remove_prefix(base64_line_bytes);
    }
    rest_ = in;
}

void base64_filter::finish(std::string& out) {
    if (!rest_.empty()) {
        append_base64_line(rest_, out);
    }
}

std::int64_t base64_filter::encoded_size(std::int64_t size) {
    const auto line = static_cast<std::int64_t>(base64_line_bytes);
    return (size + 2) / 3 * 4 + (size + line - 1) / line * 2;
}

// ---- quoted-printable ----

void quoted_printable_filter::write(std::string_view in, std::string& out) {
    while (!in.empty()) {
        if (const std::size_t whole = whole_line(in); whole > 0) {
            out += in.substr(0, whole);
            in.remove_prefix(whole);
            continue;
        }
        if (const std::size_t run = plain_run(in); run > 0) {
            line_ += in.substr(0, run);
            in.remove_prefix(run);
            continue;
        }
        write_one(in.front(), out);
        in.remove_prefix(1);
    }
}

// The size of the line at the start of `in`, with its end, where it may go out as it is; else 0.
std::size_t quoted_printable_filter::whole_line(std::string_view in) const {
    if (had_cr_ || !line_.empty() || is_risky_at_start(in.front())) {
        return 0;
    }
    const std::size_t size = quoted_plain_run(in.substr(0, quoted_line_size));
    const bool is_whole =
        size < quoted_line_size && in.substr(size, 2) == "\r\n" && !(size > 0 && is_blank(in[size - 1]));
    return is_whole ? size + 2 : 0;
}

// How much of `in` stands for itself within this line; the first character of a line is looked at alone.
std::size_t quoted_printable_filter::plain_run(std::string_view in) const {
    if (had_cr_ || line_.empty()) {
        return 0;
    }
    return quoted_plain_run(in.substr(0, quoted_line_size - 1 - line_.size()));
}

void quoted_printable_filter::write_one(char c, std::string& out) {
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
    } else if (c == '\n') {
        add_encoded(c, out);
        break_line(out);
    } else {
        add(c, out);
    }
}

void quoted_printable_filter::finish(std::string& out) {
    if (std::exchange(had_cr_, false)) {
        add_encoded('\r', out);
    }
    if (!line_.empty()) {
        break_line(out);  // a soft break: the text itself has no line's end here
    }
}

std::int64_t quoted_printable_filter::encoded_size(std::string_view content) {
    quoted_printable_filter filter;
    std::string out;
    filter.write(content, out);
    filter.finish(out);
    return static_cast<std::int64_t>(out.size());
}

void quoted_printable_filter::add(char c, std::string& out) {
    make_room(1, out);
    if (is_quoted_plain(c) && !(line_.empty() && is_risky_at_start(c))) {
        line_ += c;
    } else {
        add_encoded(c, out);
    }
}

void quoted_printable_filter::add_encoded(char c, std::string& out) {
    const auto byte = static_cast<unsigned char>(c);
    make_room(3, out);
    line_ += {'=', hexadecimal_digits[byte >> 4U], hexadecimal_digits[byte & 15U]};
}

void quoted_printable_filter::make_room(std::size_t size, std::string& out) {
    if (line_.size() + size > quoted_line_size - 1) {
        break_line(out);
    }
}

void quoted_printable_filter::break_line(std::string& out) {
    out.append(line_).append("=\r\n");
    line_.clear();
}

void quoted_printable_filter::end_line(std::string& out) {
    if (!line_.empty() && is_blank(line_.back())) {  // lost on the way at the end of a line
        const bool is_space = line_.back() == ' ';
        line_.pop_back();
        make_room(3, out);
        line_ += is_space ? "=20" : "=09";
    }
    out.append(line_).append("\r\n");
    line_.clear();
}

}  // namespace hawser::smtp
