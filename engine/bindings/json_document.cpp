#include "bindings/json_document.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace hawser::engine {
namespace {

class json_failure {
public:
    source_position position;
    std::string text;
};

class parser {
public:
    parser(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

    json_value parse_document() {
        if (text_.substr(0, 3) == "\xef\xbb\xbf") {
            index_ = 3;
        }
        json_value value = parse_value(0);
        skip_space();
        if (index_ < text_.size()) {
            fail("there is something after the end of the document");
        }
        return value;
    }

private:
    [[noreturn]] void fail(const std::string& text) const { throw json_failure{here(), text}; }
    source_position here() const { return {file_, line_, static_cast<std::uint32_t>(column_)}; }
    bool is_at_end() const { return index_ >= text_.size(); }
    char peek() const { return is_at_end() ? '\0' : text_[index_]; }

    char next() {
        if (is_at_end()) {
            fail("the file ends too early");
        }
        const char c = text_[index_++];
        if (c == '\n') {
            ++line_;
            column_ = 1;
        } else if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) {  // columns count characters, not bytes
            ++column_;
        }
        return c;
    }

    void skip_space() {
        while (!is_at_end()) {
            const char c = peek();
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
                next();
            } else if (c == '/' && text_.substr(index_, 2) == "//") {
                while (!is_at_end() && peek() != '\n') {
                    next();
                }
            } else if (c == '/' && text_.substr(index_, 2) == "/*") {
                skip_block_comment();
            } else {
                return;
            }
        }
    }

    void skip_block_comment() {
        const source_position start = here();
        const std::size_t end = text_.find("*/", index_ + 2);
        if (end == std::string_view::npos) {
            throw json_failure{start, "this comment has no end"};
        }
        while (index_ < end + 2) {
            next();
        }
    }

    json_value parse_value(unsigned depth) {
        if (depth > json_depth_max) {
            fail("values are nested too deeply (100 levels at most)");
        }
        skip_space();
        json_value value;
        value.position = here();
        switch (peek()) {
        case '{': parse_object(value, depth); break;
        case '[': parse_array(value, depth); break;
        case '"':
            value.type = json_value::kind::string;
            value.text = parse_string();
            break;
        default: parse_word(value); break;
        }
        return value;
    }

    void parse_object(json_value& value, unsigned depth) {
        value.type = json_value::kind::object;
        next();
        skip_space();
        while (peek() != '}') {
            json_member member;
            member.key_position = here();
            if (peek() != '"') {
                fail("a key in double quotes, or '}', is expected here");
            }
            member.key = parse_string();
            skip_space();
            if (peek() != ':') {
                fail("':' is expected after the key \"" + member.key + '"');
            }
            next();
            if (value.find(member.key) != nullptr) {
                throw json_failure{member.key_position, "the key \"" + member.key + "\" stands here twice"};
            }
            member.value = parse_value(depth + 1);
            value.members.push_back(std::move(member));
            end_element('}');
        }
        next();
    }

    void parse_array(json_value& value, unsigned depth) {
        value.type = json_value::kind::array;
        next();
        skip_space();
        while (peek() != ']') {
            value.elements.push_back(parse_value(depth + 1));
            end_element(']');
        }
        next();
    }

    void end_element(char close) {
        skip_space();
        if (peek() == ',') {
            next();
            skip_space();
            if (peek() == close) {
                fail(std::string("there is nothing between ',' and '") + close + '\'');
            }
        } else if (peek() != close) {
            fail(is_at_end() ? "the file ends too early" : std::string("',' or '") + close + "' is expected here");
        }
    }

    void parse_word(json_value& value) {
        std::string word;
        while (!is_at_end() && (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '-' ||
                                peek() == '+' || peek() == '.')) {
            word += next();
        }
        if (word == "true" || word == "false") {
            value.type = json_value::kind::boolean;
            value.boolean = word == "true";
        } else if (word == "null") {
            value.type = json_value::kind::null;
        } else if (is_number(word)) {
            value.type = json_value::kind::number;
            value.text = word;
        } else {
            throw json_failure{value.position, word.empty() ? "a value is expected here"
                                                            : "\"" + printable(word, 40) + "\" is no JSON value"};
        }
    }

    static bool is_number(const std::string& word) {  // RFC 8259 section 6
        std::size_t i = word.substr(0, 1) == "-" ? 1 : 0;
        const auto digits = [&] {
            const std::size_t start = i;
            while (i < word.size() && word[i] >= '0' && word[i] <= '9') {
                ++i;
            }
            return i - start;
        };
        const std::size_t first = i;
        const std::size_t count = digits();
        if (count == 0 || (count > 1 && word[first] == '0')) {
            return false;
        }
        if (i < word.size() && word[i] == '.') {
            ++i;
            if (digits() == 0) {
                return false;
            }
        }
        if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
            ++i;
            if (i < word.size() && (word[i] == '+' || word[i] == '-')) {
                ++i;
            }
            if (digits() == 0) {
                return false;
            }
        }
        return i == word.size();
    }

    std::string parse_string() {
        const source_position start = here();
        next();
        std::string out;
        while (true) {
            if (is_at_end() || peek() == '\n') {
                throw json_failure{start, "this string has no closing quote"};
            }
            const char c = next();
            if (c == '"') {
                break;
            }
            if (c == '\\') {
                parse_escape(out);
            } else if (static_cast<unsigned char>(c) < 0x20) {
                fail("a control character stands in a string: write it as \\u00XX");
            } else {
                out += c;
            }
        }
        if (!is_utf8(out)) {
            throw json_failure{start, "this string is not UTF-8"};
        }
        return out;
    }

    void parse_escape(std::string& out) {
        static constexpr std::string_view letters = "\"\\/bfnrt";
        static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
        const char c = next();
        if (const std::size_t at = letters.find(c); at != std::string_view::npos) {
            out += values[at];
            return;
        }
        if (c != 'u') {
            fail("an unknown escape stands in a string");
        }
        std::uint32_t code = parse_hex();
        if (code >= 0xd800 && code < 0xdc00) {
            if (text_.substr(index_, 2) != "\\u") {
                fail("half of a surrogate pair stands alone");
            }
            next();
            next();
            const std::uint32_t low = parse_hex();
            if (low < 0xdc00 || low > 0xdfff) {
                fail("half of a surrogate pair stands alone");
            }
            code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
        } else if (code >= 0xdc00 && code <= 0xdfff) {
            fail("half of a surrogate pair stands alone");
        }
        append_utf8(out, code);
    }

    std::uint32_t parse_hex() {
        std::uint32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = next();
            const std::size_t digit = std::string_view("0123456789abcdef0123456789ABCDEF").find(c);
            if (digit == std::string_view::npos) {
                fail("\\u needs four hexadecimal digits");
            }
            code = code * 16 + static_cast<std::uint32_t>(digit % 16);
        }
        return code;
    }

    static void append_utf8(std::string& out, std::uint32_t code) {
        const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
        if (code < 0x80) {
            byte(code);
        } else if (code < 0x800) {
            byte(0xc0 | (code >> 6U));
            byte(0x80 | (code & 0x3fU));
        } else if (code < 0x10000) {
            byte(0xe0 | (code >> 12U));
            byte(0x80 | ((code >> 6U) & 0x3fU));
            byte(0x80 | (code & 0x3fU));
        } else {
            byte(0xf0 | (code >> 18U));
            byte(0x80 | ((code >> 12U) & 0x3fU));
            byte(0x80 | ((code >> 6U) & 0x3fU));
            byte(0x80 | (code & 0x3fU));
        }
    }

    static bool is_utf8(std::string_view text) {  // RFC 3629: no overlong forms, no surrogates
        for (std::size_t i = 0; i < text.size();) {
            const auto lead = static_cast<unsigned char>(text[i]);
            const std::size_t size = lead < 0x80   ? 1
                                     : lead < 0xc2 ? 0
                                     : lead < 0xe0 ? 2
                                     : lead < 0xf0 ? 3
                                     : lead < 0xf5 ? 4
                                                   : 0;
            if (size == 0 || i + size > text.size()) {
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

    std::string_view text_;
    std::string file_;
    std::size_t index_ = 0;
    std::uint32_t line_ = 1;
    std::size_t column_ = 1;
};

}  // namespace

const json_value* json_value::find(std::string_view key) const {
    for (const json_member& member : members) {
        if (member.key == key) {
            return &member.value;
        }
    }
    return nullptr;
}

json_value* json_value::find(std::string_view key) {
    return const_cast<json_value*>(static_cast<const json_value*>(this)->find(key));
}

const char* name_of(json_value::kind type) noexcept {
    switch (type) {
    case json_value::kind::null: return "null";
    case json_value::kind::boolean: return "true or false";
    case json_value::kind::number: return "a number";
    case json_value::kind::string: return "a string";
    case json_value::kind::array: return "a list";
    case json_value::kind::object: return "an object";
    }
    return "a value";
}

bool parse_json(std::string_view text, const std::string& file, json_value& out, diagnostics& problems) {
    if (text.size() > json_file_size_max) {
        problems.error({file, 0, 0}, "", "the file is larger than 16 MiB");
        return false;
    }
    try {
        out = parser(text, file).parse_document();
        return true;
    } catch (const json_failure& failure) {
        problems.error(failure.position, "", failure.text);
        return false;
    }
}

std::string pointer_token(std::string_view key) {
    std::string token;
    for (const char c : key) {
        token += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    }
    return token;
}

}  // namespace hawser::engine
