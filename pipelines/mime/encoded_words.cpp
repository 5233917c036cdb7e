#include "encoded_words.hpp"

#include <algorithm>
#include <optional>

#include "transfer_decoder.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t word_size_max = 4096;  // RFC 2047 says 75; some are longer

std::string decode_q(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '=' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i] == '_' ? ' ' : text[i]);
        }
    }
    return out;
}

std::string latin1_to_utf8(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            out.push_back(c);
        } else {
            out.push_back(static_cast<char>(0xc0U | byte >> 6U));
            out.push_back(static_cast<char>(0x80U | (byte & 0x3fU)));
        }
    }
    return out;
}

// The word at the beginning of `text`, "=?charset?encoding?text?=", and its size.
std::optional<std::string> decode_word(std::string_view text, std::size_t& size) {
    text = text.substr(0, word_size_max);
    const std::size_t first = text.find('?', 2);
    const std::size_t second = first == std::string_view::npos ? first : text.find('?', first + 1);
    const std::size_t end = second == std::string_view::npos ? second : text.find("?=", second + 1);
    if (end == std::string_view::npos || second != first + 2) {
        return std::nullopt;
    }
    std::string charset(text.substr(2, first - 2));
    for (char& c : charset) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    charset.resize(std::min(charset.find('*'), charset.size()));  // RFC 2231: a language may follow
    const std::string_view encoded = text.substr(second + 1, end - second - 1);
    const char encoding = text[first + 1];
    std::string decoded;
    if (encoding == 'Q' || encoding == 'q') {
        decoded = decode_q(encoded);
    } else if (encoding == 'B' || encoding == 'b') {
        try {
            base64_decoder decoder;
            decoder.write(encoded, decoded);
            decoder.finish(decoded);
        } catch (const failure&) {  // not base64: shown as it is
            return std::nullopt;
        }
    } else {
        return std::nullopt;
    }
    size = end + 2;
    if (charset == "iso-8859-1") {
        return latin1_to_utf8(decoded);
    }
    return charset == "utf-8" || charset == "us-ascii" ? std::optional(decoded) : std::nullopt;
}

// The size of the well-formed UTF-8 sequence at `at` (Unicode table 3-7), 0 where there is none.
std::size_t sequence_size(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf && continues(1)) {
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef && continues(1) && continues(2)) {
        const bool is_overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool is_surrogate = first == 0xed && byte(1) > 0x9f;
        return is_overlong || is_surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4 && continues(1) && continues(2) && continues(3)) {
        const bool is_outside = (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
        return is_outside ? 0 : 4;
    }
    return 0;
}

// What parts addresses from each other and from their names (RFC 5322 section 3.2.3), but for the dot.
constexpr std::string_view address_specials = ",;:<>@\"()[]\\";

bool is_one_of(char c, std::string_view all) { return all.find(c) != std::string_view::npos; }

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < 32) || c == 127; });
}

std::string escape(std::string_view text, std::string_view what) {
    std::string out;
    for (const char c : text) {
        out.append(is_one_of(c, what) ? "\\" : "").push_back(c);
    }
    return out;
}

// Copies a field of addresses with its words decoded. Where a reader finds a quoted string, a comment or an address in
// the field as it is written, it finds the same one in the copy.
class address_field_decoder {
public:
    std::string decode(std::string_view value) {
        for (std::size_t at = 0; at < value.size();) {
            const std::size_t word_size = take_word(value, at);
            at += word_size > 0 ? word_size : take_other(value.substr(at));
        }
        end_words();
        return std::move(out_);
    }

private:
    // RFC 2047 section 5: a word is none within an address ("=?utf-8?Q?ann?=@example.com"), nor one that has a
    // character in it that means something where it stands.
    std::size_t take_word(std::string_view value, std::size_t at) {
        std::size_t size = 0;
        if (is_in_angle_ || value.substr(at, 2) != "=?" || (at > 0 && !is_one_of(value[at - 1], " \t\"(,:;"))) {
            return 0;
        }
        const std::optional<std::string> word = decode_word(value.substr(at), size);
        const std::string_view forbidden = is_quoted_ ? "\"\\" : depth_ > 0 ? "()\\" : address_specials;
        if (!word || value.substr(at, size).find_first_of(forbidden) != std::string_view::npos ||
            (at + size < value.size() && !is_one_of(value[at + size], " \t\"<(),;"))) {
            return 0;
        }
        blanks_.clear();  // the white space between two words is none of the text
        words_ += *word;
        has_words_ = true;
        return size;
    }
    std::size_t take_other(std::string_view rest) {
        const char c = rest[0];
        if (has_words_ && is_one_of(c, " \t")) {
            blanks_.push_back(c);
            return 1;
        }
        end_words();
        if (c == '\\') {
            out_.append(rest.substr(0, 2));
            return std::min<std::size_t>(2, rest.size());
        }
        if (c == '"' && depth_ == 0) {
            is_quoted_ = !is_quoted_;
        } else if (!is_quoted_) {
            depth_ += c == '(' ? 1 : 0;
            depth_ -= c == ')' && depth_ > 0 ? 1 : 0;
            is_in_angle_ = depth_ == 0 && is_one_of(c, "<>") ? c == '<' : is_in_angle_;
        }
        out_.push_back(c);
        return 1;
    }
    void end_words() {
        if (is_quoted_ || depth_ > 0) {
            out_ += escape(words_, is_quoted_ ? "\"\\" : "()\\");
        } else if (words_.find_first_of(address_specials) != std::string::npos || has_control(words_)) {
            out_ += '"' + escape(words_, "\"\\") + '"';
        } else {
            out_ += words_;
        }
        out_ += blanks_;
        words_.clear();
        blanks_.clear();
        has_words_ = false;
    }

    std::string out_;
    std::string words_;   // decoded, one behind the other, until something else comes
    std::string blanks_;  // behind them
    bool has_words_ = false;
    bool is_quoted_ = false;
    bool is_in_angle_ = false;
    int depth_ = 0;  // of comments
};

}  // namespace

int hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

std::string decode_words(std::string_view value) {
    std::string out;
    bool is_after_word = false;
    std::size_t word_end = 0;  // of the last word, in `out`
    for (std::size_t at = 0; at < value.size();) {
        std::size_t size = 0;
        if (value.substr(at, 2) == "=?") {
            if (std::optional<std::string> word = decode_word(value.substr(at), size)) {
                if (is_after_word) {  // the white space between two words is none of the text
                    out.resize(word_end);
                }
                out += *word;
                word_end = out.size();
                at += size;
                is_after_word = true;
                continue;
            }
        }
        is_after_word = is_after_word && (value[at] == ' ' || value[at] == '\t');
        out.push_back(value[at++]);
    }
    return out;
}

std::string decode_address_words(std::string_view value) { return address_field_decoder().decode(value); }

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = sequence_size(text, at);
        const auto byte = static_cast<unsigned char>(text[at]);
        if (size == 0 || (size == 1 && (byte < 32 || byte == 127))) {
            out.push_back('?');
            ++at;
        } else {
            out.append(text.substr(at, size));
            at += size;
        }
    }
    return out;
}

}  // namespace hawser::smime
