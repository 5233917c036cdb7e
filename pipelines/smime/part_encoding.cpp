#include "part_encoding.hpp"

#include <array>
#include <memory>

#include "base64_lines.hpp"
#include "encoded_words.hpp"
#include "mime_header.hpp"
#include "quoted_printable_lines.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t line_size_max = 998;  // RFC 5322 section 2.1.1

struct named_encoding {
    std::string_view word;
    const char* name;
    part_encoding encoding;
};
constexpr std::array<named_encoding, 6> encodings{
    {{"base64", "base64", part_encoding::base64},
     {"quotedprintable", "quoted-printable", part_encoding::quoted_printable},
     {"sevenbit", "7bit", part_encoding::seven_bit},
     {"eightbit", "8bit", part_encoding::eight_bit},
     {"binary", "binary", part_encoding::binary},
     {"uuencode", "x-uuencode", part_encoding::uuencode}}};

// Lets a body pass that is what its encoding says, and fails at the first byte that is not.
class line_checker {
public:
    line_checker(encoded_part about, bool is_seven_bit) : about_(std::move(about)), is_seven_bit_(is_seven_bit) {}

    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            check(c);
            if (c == '\n' && previous_ != '\r') {
                out += '\r';
            }
            out += c;
            line_size_ = c == '\n' ? 0 : line_size_ + 1;
            previous_ = c;
        }
    }
    void finish(std::string&) const {
        if (previous_ == '\r') {
            refuse("ends with a CR");
        }
    }

private:
    void check(char c) const {
        if (c == '\0') {
            refuse("has a NUL");
        }
        if (is_seven_bit_ && static_cast<unsigned char>(c) >= 0x80) {
            refuse("has a byte that is not ASCII");
        }
        if (previous_ == '\r' && c != '\n') {
            refuse("has a CR without a LF");
        }
        if (c == '\n' && previous_ != '\r' && !about_.is_text) {
            refuse("has a LF without a CR, and is no text");
        }
        if (line_size_ >= line_size_max && c != '\r' && c != '\n') {
            refuse("has a line of more than 998 bytes");
        }
    }
    [[noreturn]] void refuse(const char* what) const {
        throw failure("the part \"" + printable(about_.name) + "\" " + what + ", and so cannot go as " +
                      (is_seven_bit_ ? "SevenBit" : "EightBit") +
                      ": set ContentTransferEncoding to Base64 or QuotedPrintable");
    }
    encoded_part about_;
    bool is_seven_bit_;
    char previous_ = 0;
    std::size_t line_size_ = 0;
};

// As POSIX has it, with the line ends of mail.
class uuencode_lines {
public:
    explicit uuencode_lines(const std::string& file_name) : start_("begin 644 " + file_name + "\r\n") {}

    void write(std::string_view in, std::string& out) {
        out += std::exchange(start_, {});
        for (const char c : in) {
            line_ += c;
            if (line_.size() == line_bytes) {
                append_line(out);
            }
        }
    }
    void finish(std::string& out) {
        out += std::exchange(start_, {});
        if (!line_.empty()) {
            append_line(out);
        }
        out += "`\r\nend\r\n";
    }

private:
    static constexpr std::size_t line_bytes = 45;
    static char character(unsigned six_bits) {  // a grave accent for 0: blanks are lost at a line's end
        return static_cast<char>(six_bits == 0 ? '`' : ' ' + six_bits);
    }
    void append_line(std::string& out) {
        out += character(static_cast<unsigned>(line_.size()));
        line_.resize((line_.size() + 2) / 3 * 3);
        for (std::size_t i = 0; i < line_.size(); i += 3) {
            const unsigned group = (unsigned{static_cast<unsigned char>(line_[i])} << 16U) |
                                   (unsigned{static_cast<unsigned char>(line_[i + 1])} << 8U) |
                                   static_cast<unsigned char>(line_[i + 2]);
            out += {character(group >> 18U), character((group >> 12U) & 63U), character((group >> 6U) & 63U),
                    character(group & 63U)};
        }
        out += "\r\n";
        line_.clear();
    }
    std::string start_;
    std::string line_;
};

// The first line of uuencode ends with the name, whatever it is made of.
std::string plain_file_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
        const bool is_plain = (c > ' ' && c <= '~' && c != '/') || c == ' ';
        out += is_plain ? c : '_';
    }
    return out.empty() ? "body" : out;
}

template <typename Filter>
body_stream filtered(body_stream body, Filter filter) {
    return make_stream(std::make_unique<filtered_stream<Filter>>(std::move(body), std::move(filter)));
}

}  // namespace

part_encoding part_encoding_named(std::string_view word) {
    const std::string wanted = to_lower(word);
    for (const named_encoding& one : encodings) {
        if (wanted == one.word || wanted == one.name) {
            return one.encoding;
        }
    }
    throw failure("the ContentTransferEncoding \"" + printable(word.substr(0, 60)) +
                  "\" is not known: it is Base64, QuotedPrintable, SevenBit, EightBit, Binary or UUEncode");
}

const char* name_of(part_encoding encoding) {
    return encodings[static_cast<std::size_t>(encoding) - 1].name;  // in the order of the enumeration
}

body_stream encode_part(body_stream body, part_encoding encoding, const encoded_part& about) {
    switch (encoding) {
    case part_encoding::quoted_printable: return filtered(std::move(body), quoted_printable_lines{});
    case part_encoding::seven_bit: return filtered(std::move(body), line_checker(about, true));
    case part_encoding::eight_bit: return filtered(std::move(body), line_checker(about, false));
    case part_encoding::binary: return body;
    case part_encoding::uuencode: return filtered(std::move(body), uuencode_lines(plain_file_name(about.file_name)));
    default: return filtered(std::move(body), base64_lines{});
    }
}

}  // namespace hawser::smime
