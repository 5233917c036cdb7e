#include "mail_header.hpp"

#include <array>
#include <cstdio>
#include <ctime>

#include "domain_name.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t line_size = 76;  // a fold comes before this; RFC 2047 section 2 allows 76 with encoded-words
constexpr std::size_t encoded_word_size_max = 75;  // RFC 2047 section 2
constexpr std::string_view word_prefix = "=?utf-8?";

// Puts words on lines: a space before each, or a fold where the line would get too long.
class folder {
public:
    explicit folder(std::string_view field_name) : column_(field_name.size() + 2) {}
    void add(std::string_view word, bool has_space_before) {
        if (has_space_before && !value_.empty()) {
            if (column_ + 1 + word.size() > line_size) {
                value_ += "\r\n ";
                column_ = 1;
            } else {
                value_ += ' ';
                ++column_;
            }
        }
        value_ += word;
        column_ += word.size();
    }
    std::string take() { return std::move(value_); }

private:
    std::string value_;
    std::size_t column_;
};

std::size_t sequence_size(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

bool is_q_plain(char c) {  // RFC 2047 section 5, rule (3): safe in a phrase too
    return is_alphanumeric(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

std::string to_q(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_q_plain(c)) {
            out += c;
        } else if (c == ' ') {
            out += '_';
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += '=';
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        }
    }
    return out;
}

std::string to_base64(std::string_view text) {
    static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t size = std::min<std::size_t>(3, text.size() - i);
        for (std::size_t j = 0; j < 3; ++j) {
            group = (group << 8U) | (j < size ? static_cast<unsigned char>(text[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += j <= size ? letters[(group >> (18U - 6U * j)) & 63U] : '=';
        }
    }
    return out;
}

// Encoded-words for the whole text, each at most 75 characters and never splitting a character (RFC 2047 section 5).
std::vector<std::string> encode_words(std::string_view text) {
    const bool uses_q = 2 * to_q(text).size() <= 3 * to_base64(text).size();  // readable, unless that gets long
    const std::size_t room = encoded_word_size_max - word_prefix.size() - 4;  // "q?" and "?="
    std::vector<std::string> words;
    std::size_t start = 0;
    std::size_t end = 0;
    const auto encoded = [&](std::size_t until) {
        const std::string_view piece = text.substr(start, until - start);
        return uses_q ? to_q(piece) : to_base64(piece);
    };
    const auto close = [&] {
        words.push_back(std::string(word_prefix) + (uses_q ? "q?" : "b?") + encoded(end) + "?=");
        start = end;
    };
    while (end < text.size()) {
        const std::size_t next = std::min(text.size(), end + sequence_size(text[end]));
        if (encoded(next).size() > room) {
            close();
        }
        end = next;
    }
    if (start < end) {
        close();
    }
    return words;
}

// Invalid UTF-8 is taken byte by byte as Latin-1, so that the result always is UTF-8.
std::string clean(std::string_view text) {
    std::string out;
    const bool is_valid = is_utf8(text);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += ' ';
        } else if (!is_valid && byte >= 0x80) {
            out += static_cast<char>(0xc0U | (byte >> 6U));
            out += static_cast<char>(0x80U | (byte & 0x3fU));
        } else {
            out += c;
        }
    }
    return out;
}

bool needs_encoding(std::string_view text) {
    if (!is_ascii(text) || text.find("=?") != std::string_view::npos) {
        return true;  // what looks like an encoded-word would be decoded by the reader
    }
    std::size_t word = 0;
    for (const char c : text) {
        word = c == ' ' ? 0 : word + 1;
        if (word > 200) {
            return true;  // no place to fold
        }
    }
    return !text.empty() && (text.front() == ' ' || text.back() == ' ' || text.find("  ") != std::string_view::npos);
}

void add_words(folder& out, std::string_view text) {
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find(' ', start), text.size());
        out.add(text.substr(start, end - start), true);
        start = end + 1;
    }
}

bool is_atom_phrase(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || c == ' ' ||
               std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
    });
}

void add_display_name(folder& out, const std::string& name) {
    if (needs_encoding(name)) {
        for (const std::string& word : encode_words(name)) {
            out.add(word, true);
        }
    } else if (is_atom_phrase(name)) {
        add_words(out, name);
    } else {
        std::string quoted = "\"";
        for (const char c : name) {
            quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
        }
        out.add(quoted + '"', true);
    }
}

bool is_attribute_character(char c) {
    return is_alphanumeric(c) || std::string_view("!#$&+-.^_`{|}~").find(c) != std::string_view::npos;
}  // RFC 2231 section 7

}  // namespace

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t size = sequence_size(text[i]);
        if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || i + size > text.size()) {
            return false;
        }
        std::uint32_t code = size == 1 ? lead : lead & (0xffU >> (size + 1));
        for (std::size_t j = 1; j < size; ++j) {
            const auto byte = static_cast<unsigned char>(text[i + j]);
            if ((byte & 0xc0U) != 0x80U) {
                return false;
            }
            code = (code << 6U) | (byte & 0x3fU);
        }
        if ((size == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
            (size == 4 && (code < 0x10000 || code > 0x10ffff))) {
            return false;
        }
        i += size;
    }
    return true;
}

std::string encode_unstructured(std::string_view name, std::string_view text) {
    const std::string plain = clean(text);
    folder out(name);
    if (needs_encoding(plain)) {
        for (const std::string& word : encode_words(plain)) {
            out.add(word, true);
        }
    } else {
        add_words(out, plain);
    }
    return out.take();
}

std::string encode_addresses(std::string_view name, const std::vector<mail_address>& addresses) {
    folder out(name);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const mail_address& one = addresses[i];
        const std::string comma = i + 1 < addresses.size() ? "," : "";
        if (one.display_name.empty()) {
            out.add(one.address + comma, true);
        } else {
            add_display_name(out, clean(one.display_name));
            out.add('<' + one.address + '>' + comma, true);
        }
    }
    return out.take();
}

std::string encode_parameter(std::string_view name, std::string_view value) {
    const std::string plain = clean(value);
    std::string simple;
    for (const char c : plain) {
        simple += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    if (is_ascii(plain) && simple.size() <= 60) {
        return ";\r\n " + std::string(name) + "=\"" + simple + '"';
    }
    // RFC 2231 sections 3 and 4: percent-encoded UTF-8 in pieces that fit on a line.
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    std::string piece = "utf-8''";
    std::size_t number = 0;
    const auto close = [&] {
        out += ";\r\n " + std::string(name) + '*' + std::to_string(number++) + "*=" + piece;
        piece.clear();
    };
    for (const char c : plain) {
        if (is_attribute_character(c)) {
            piece += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            piece += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
        if (piece.size() > 54) {
            close();
        }
    }
    if (number == 0) {
        return ";\r\n " + std::string(name) + "*=" + piece;
    }
    if (!piece.empty()) {
        close();
    }
    return out;
}

std::string encode_name_parameter(std::string_view value) {
    const std::string plain = clean(value);
    if (is_ascii(plain) && plain.find("=?") == std::string::npos) {
        return encode_parameter("name", value);
    }
    std::string words;
    for (const std::string& word : encode_words(plain)) {
        words += (words.empty() ? "" : "\r\n ") + word;
    }
    return ";\r\n name=\"" + words + '"';
}

std::string encode_date(std::int64_t unix_ms) {
    static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm when{};
    gmtime_r(&seconds, &when);
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                  days[static_cast<std::size_t>(when.tm_wday)], when.tm_mday,
                  months[static_cast<std::size_t>(when.tm_mon)], when.tm_year + 1900, when.tm_hour, when.tm_min,
                  when.tm_sec);
    return text;
}

}  // namespace hawser::smtp
