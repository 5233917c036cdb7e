#include "transfer_decoder.hpp"

#include <array>

#include "encoded_words.hpp"

namespace hawser::smime {
namespace {

constexpr std::uint8_t space_value = 64, padding_value = 65, other_value = 66;
constexpr std::size_t line_size_max = 1000;
constexpr std::size_t spaces_max = 1000;

constexpr std::array<std::uint8_t, 256> base64_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(other_value);
    const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    for (const char c : {' ', '\t', '\r', '\n'}) {
        values[static_cast<unsigned char>(c)] = space_value;
    }
    values['='] = padding_value;
    return values;
}();

std::uint8_t value_of(char c) { return base64_values[static_cast<unsigned char>(c)]; }

}  // namespace

// Whole groups of four, as nearly all are; gives how many characters it took.
std::size_t base64_decoder::write_groups(std::string_view in, char*& to) {
    std::size_t at = 0;
    for (; at + 4 <= in.size(); at += 4) {
        const std::uint32_t a = value_of(in[at]), b = value_of(in[at + 1]);
        const std::uint32_t c = value_of(in[at + 2]), d = value_of(in[at + 3]);
        if ((a | b | c | d) >= space_value) {
            break;
        }
        const std::uint32_t bits = a << 18U | b << 12U | c << 6U | d;
        *to++ = static_cast<char>(bits >> 16U);
        *to++ = static_cast<char>(bits >> 8U);
        *to++ = static_cast<char>(bits);
    }
    return at;
}

void base64_decoder::write(std::string_view in, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + in.size() / 4 * 3 + 3);
    char* to = out.data() + before;
    for (std::size_t at = 0; at < in.size();) {
        if (count_ == 0 && padding_ == 0) {
            at += write_groups(in.substr(at), to);
            if (at == in.size()) {
                break;
            }
        }
        const std::uint8_t value = value_of(in[at++]);
        if (value == space_value) {
            continue;
        }
        if (value == padding_value && (count_ >= 2 || padding_ > 0) && count_ + padding_ < 4) {
            ++padding_;
        } else if (value < space_value && padding_ == 0) {
            bits_ = bits_ << 6U | value;
            ++count_;
        } else {
            throw failure("the content is not base64, although its Content-Transfer-Encoding says so");
        }
        if (count_ + padding_ == 4) {
            for (unsigned i = 0; i < 3 - padding_; ++i) {
                *to++ = static_cast<char>(bits_ << (6 * padding_) >> (16 - 8 * i));
            }
            bits_ = 0;
            count_ = padding_ == 0 ? 0 : count_;  // with padding it is over
        }
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
}

void base64_decoder::finish(std::string&) {
    if (count_ != 0 && count_ + padding_ != 4) {
        throw failure("the content's base64 ends too early");
    }
}

// "=" and what follows it: two digits, or white space and a line end, or it was meant as it is written.
void quoted_printable_decoder::end_escape(std::string& out) {
    out += escape_;
    escape_.clear();
}

void quoted_printable_decoder::write(std::string_view in, std::string& out) {
    for (const char c : in) {
        if (!escape_.empty()) {
            if (c == '\n') {
                escape_.clear();  // a soft line break
                continue;
            }
            escape_.push_back(c);
            is_break_ = (is_break_ || escape_.size() == 2) && (c == ' ' || c == '\t' || c == '\r');
            const bool may_be_digits = hex_value(escape_[1]) >= 0 && (escape_.size() < 3 || hex_value(escape_[2]) >= 0);
            if (escape_.size() == 3 && may_be_digits) {
                out.push_back(static_cast<char>(hex_value(escape_[1]) * 16 + hex_value(escape_[2])));
                escape_.clear();
            } else if ((!is_break_ && !may_be_digits) || escape_.size() > spaces_max) {
                end_escape(out);
            }
        } else if (c == ' ' || c == '\t' || c == '\r') {
            spaces_.push_back(c);
            if (spaces_.size() > spaces_max) {
                throw failure("the content is not quoted-printable: it has " + std::to_string(spaces_max) +
                              " spaces in a row");
            }
        } else if (c == '\n') {
            out += !spaces_.empty() && spaces_.back() == '\r' ? "\r\n" : "\n";
            spaces_.clear();
        } else {
            out += spaces_;
            spaces_.clear();
            if (c == '=') {
                escape_ = "=";
            } else {
                out.push_back(c);
            }
        }
    }
}

void quoted_printable_decoder::finish(std::string& out) {
    if (escape_ != "=") {  // a soft break at the very end
        end_escape(out);
    }
}

void uuencode_decoder::take_line(std::string& out) {
    if (!line_.empty() && line_.back() == '\r') {
        line_.pop_back();
    }
    if (!has_begun_) {
        has_begun_ = line_.rfind("begin ", 0) == 0;
        if (!has_begun_ && !line_.empty()) {
            throw failure("the content is not uuencoded: there is something before its \"begin\" line");
        }
    } else if (line_ == "end") {
        has_ended_ = true;
    } else if (!has_ended_ && !line_.empty()) {
        const auto value = [this](std::size_t i) {
            const unsigned byte = i < line_.size() ? static_cast<unsigned char>(line_[i]) : ' ';
            if (byte < ' ' || byte > '`') {
                throw failure("the content is not uuencoded: a line has a character that is not of its alphabet");
            }
            return (byte - ' ') & 0x3fU;
        };
        std::size_t left = value(0);
        for (std::size_t i = 1; left > 0; i += 4) {
            const std::uint32_t bits = value(i) << 18U | value(i + 1) << 12U | value(i + 2) << 6U | value(i + 3);
            for (unsigned j = 0; j < 3 && left > 0; ++j, --left) {
                out.push_back(static_cast<char>(bits >> (16 - 8 * j)));
            }
        }
    }
    line_.clear();
}

void uuencode_decoder::write(std::string_view in, std::string& out) {
    for (const char c : in) {
        if (c == '\n') {
            take_line(out);
        } else {
            line_.push_back(c);
            if (line_.size() > line_size_max) {
                throw failure("the content is not uuencoded: a line is too long");
            }
        }
    }
}

void uuencode_decoder::finish(std::string& out) {
    take_line(out);
    if (!has_ended_) {
        throw failure("the uuencoded content has no \"end\" line: it is not whole");
    }
}

body_stream decode_transfer(body_stream encoded, const std::string& encoding) {
    const auto filtered = [&](auto decoder) {
        return make_stream(
            std::make_unique<filtered_stream<decltype(decoder)>>(std::move(encoded), std::move(decoder)));
    };
    if (encoding == "base64") {
        return filtered(base64_decoder{});
    }
    if (encoding == "quoted-printable") {
        return filtered(quoted_printable_decoder{});
    }
    if (encoding == "x-uuencode" || encoding == "uuencode" || encoding == "x-uue") {
        return filtered(uuencode_decoder{});
    }
    if (encoding == "7bit" || encoding == "8bit" || encoding == "binary") {
        return encoded;
    }
    throw failure("a part has the Content-Transfer-Encoding \"" + printable(encoding.substr(0, 40)) +
                  "\", which does not exist (RFC 2045)");
}

}  // namespace hawser::smime
