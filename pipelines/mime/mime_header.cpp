#include "mime_header.hpp"

#include <algorithm>

#include "encoded_words.hpp"
#include "hawser/sdk/error.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t fields_max = 1000;
constexpr std::size_t parameters_max = 100;

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_name_character(char c) { return c > 32 && c < 127 && c != ':'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

bool begins_with_field(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size() && is_name_character(bytes[at])) {
        ++at;
    }
    while (at < bytes.size() && is_space(bytes[at])) {
        ++at;
    }
    return at > 0 && at < bytes.size() && bytes[at] == ':' && is_name_character(bytes[0]);
}

// The next line without its end; takes it from the block.
std::string_view take_line(std::string_view& block, mime_header& header) {
    const std::size_t end = block.find('\n');
    std::string_view line = block.substr(0, end);
    const std::size_t size = end == std::string_view::npos ? block.size() : end + 1;
    block.remove_prefix(size);
    header.size += size;
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    } else if (end != std::string_view::npos) {
        header.has_bare_line_feeds = true;
    }
    return line;
}

// The first line of a field may be empty: a long Message-ID stands alone on the second one.
void append_folded(std::string& value, std::string_view more) {
    value.append(value.empty() || more.empty() ? "" : " ").append(more);
}

// A token or a quoted string (RFC 2045 section 5.1), and moves past it; comments are passed over.
class parameter_reader {
public:
    explicit parameter_reader(std::string_view text) : text_(text) {}
    bool is_at_end() {
        skip_space();
        return at_ >= text_.size();
    }
    bool take(char wanted) {
        skip_space();
        const bool is_there = at_ < text_.size() && text_[at_] == wanted;
        at_ += is_there ? 1U : 0U;
        return is_there;
    }
    std::string word() {
        skip_space();
        std::string out;
        if (at_ < text_.size() && text_[at_] == '"') {
            for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
                at_ += text_[at_] == '\\' && at_ + 1 < text_.size() ? 1U : 0U;
                out.push_back(text_[at_]);
            }
            ++at_;
        } else {
            while (at_ < text_.size() && !is_space(text_[at_]) && text_[at_] != ';' && text_[at_] != '=' &&
                   text_[at_] != '"' && text_[at_] != '(') {
                out.push_back(text_[at_++]);
            }
        }
        return out;
    }
    void skip_to(char wanted) { at_ = std::min(text_.find(wanted, at_), text_.size()); }

private:
    void skip_space() {
        int depth = 0;
        for (; at_ < text_.size() && (is_space(text_[at_]) || text_[at_] == '(' || depth > 0); ++at_) {
            depth += text_[at_] == '(' ? 1 : 0;
            depth -= text_[at_] == ')' && depth > 0 ? 1 : 0;
        }
    }
    std::string_view text_;
    std::size_t at_ = 0;
};

std::string decode_escapes(std::string_view text, char mark) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_escape =
            text[i] == mark && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
        out.push_back(is_escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i]);
        i += is_escape ? 2U : 0U;
    }
    return out;
}

// RFC 2231: "name*0*", "name*1", "name*" go together as "name".
void join_continuations(std::map<std::string, std::string, std::less<>>& parameters) {
    std::map<std::string, std::string, std::less<>> joined;
    for (const auto& [name, value] : parameters) {
        const std::size_t star = name.find('*');
        if (star == std::string::npos) {
            continue;
        }
        const std::string base = name.substr(0, star);
        std::string whole;
        for (std::size_t i = 0; i < parameters_max; ++i) {
            const std::string piece = base + '*' + std::to_string(i);
            const auto plain = parameters.find(piece);
            const auto escaped =
                parameters.find(i == 0 && !parameters.contains(piece + '*') ? base + '*' : piece + '*');
            if (plain == parameters.end() && escaped == parameters.end()) {
                break;
            }
            if (escaped == parameters.end()) {
                whole += plain->second;
                continue;
            }
            std::string_view text = escaped->second;
            if (i == 0) {  // charset'language'text
                const std::size_t second = text.find('\'', text.find('\'') + 1);
                text.remove_prefix(second == std::string_view::npos ? 0 : second + 1);
            }
            whole += decode_escapes(text, '%');
        }
        joined[base] = whole;
    }
    for (auto& [name, value] : joined) {
        parameters.emplace(name, std::move(value));
    }
}

}  // namespace

std::string to_lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

const std::string& content_type::parameter(std::string_view name) const {
    static const std::string none;
    const auto found = parameters.find(name);
    return found == parameters.end() ? none : found->second;
}

content_type parse_content_type(std::string_view value) {
    content_type out;
    parameter_reader reader(value);
    out.type = to_lower(reader.word());
    while (!reader.is_at_end() && out.parameters.size() < parameters_max) {
        if (!reader.take(';')) {
            reader.skip_to(';');
            continue;
        }
        const std::string name = to_lower(reader.word());
        if (reader.take('=') && !name.empty()) {
            out.parameters.emplace(name, reader.word());  // of two the first counts
        }
    }
    join_continuations(out.parameters);
    return out;
}

const header_field* mime_header::find(std::string_view name) const {
    const std::string wanted = to_lower(name);
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const header_field& one) { return to_lower(one.name) == wanted; });
    return found == fields.end() ? nullptr : &*found;
}

std::string mime_header::value(std::string_view name) const {
    const header_field* found = find(name);
    return found == nullptr ? std::string() : found->value;
}

std::size_t mime_header::count(std::string_view name) const {
    const std::string wanted = to_lower(name);
    return static_cast<std::size_t>(std::count_if(
        fields.begin(), fields.end(), [&](const header_field& one) { return to_lower(one.name) == wanted; }));
}

content_type mime_header::type() const {
    content_type found = parse_content_type(value("Content-Type"));
    if (found.type.find('/') == std::string::npos) {
        found.type = "text/plain";
    }
    return found;
}

std::string mime_header::transfer_encoding() const {
    const std::string found = parse_content_type(value("Content-Transfer-Encoding")).type;
    return found.empty() ? "7bit" : found;
}

std::string mime_header::disposition() const { return parse_content_type(value("Content-Disposition")).type; }

std::string mime_header::file_name() const {
    const std::string name = parse_content_type(value("Content-Disposition")).parameter("filename");
    return decode_words(name.empty() ? type().parameter("name") : name);
}

std::optional<mime_header> parse_mime_header(std::string_view block, std::size_t size_max) {
    mime_header header;
    const bool is_empty = block.empty() || block[0] == '\n' || block.substr(0, 2) == "\r\n";
    if (!is_empty && !begins_with_field(block)) {
        return std::nullopt;
    }
    std::string_view left = block.substr(0, size_max);
    const bool is_whole = left.size() == block.size() && block.size() < size_max;
    bool has_end = is_whole;  // a part may consist of a header only
    while (!left.empty()) {
        const std::string_view line = take_line(left, header);
        if (line.empty()) {
            has_end = true;
            break;
        }
        if (is_space(line[0]) && !header.fields.empty()) {
            append_folded(header.fields.back().value, trim(line));
            continue;
        }
        if (!begins_with_field(line) && header.count("MIME-Version") + header.count("Content-Type") == 0) {
            return std::nullopt;
        }
        if (!begins_with_field(line)) {
            throw failure("a MIME header has a line that is no field: it begins with \"" +
                          printable(line.substr(0, 40)) + "\"");
        }
        const std::size_t colon = line.find(':');
        header.fields.push_back({std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
    }
    if (!has_end || header.fields.size() > fields_max) {
        throw failure("a MIME header has more than " + std::to_string(mime_header::size_max) + " bytes or " +
                      std::to_string(fields_max) + " fields");
    }
    for (const char* name : {"Content-Type", "Content-Transfer-Encoding"}) {
        if (header.count(name) > 1) {
            throw failure(std::string("a MIME header has two fields ") + name +
                          ": readers would differ about what the part is");
        }
    }
    return header;
}

}  // namespace hawser::smime
