#include "mime_entity.hpp"

#include <array>
#include <random>
#include <variant>

#include "mail_header.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t base64_line_bytes = 57;  // 76 characters (RFC 2045 section 6.8)
constexpr std::size_t quoted_line_size = 76;

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

void append_base64_line(const unsigned char* bytes, std::size_t size, std::string& out) {
    const auto& pairs = base64_pairs();
    std::size_t i = 0;
    for (; i + 3 <= size; i += 3) {
        const unsigned group = (unsigned{bytes[i]} << 16U) | (unsigned{bytes[i + 1]} << 8U) | bytes[i + 2];
        out.append(pairs[group >> 12U].data(), 2);
        out.append(pairs[group & 4095U].data(), 2);
    }
    if (i < size) {
        const unsigned group = (unsigned{bytes[i]} << 16U) | (i + 1 < size ? unsigned{bytes[i + 1]} << 8U : 0U);
        out.append(pairs[group >> 12U].data(), 2);
        out += i + 1 < size ? pairs[group & 4095U][0] : '=';
        out += '=';
    }
    out += "\r\n";
}

class base64_filter {
public:
    void write(std::string_view in, std::string& out) {
        if (!rest_.empty()) {
            const std::size_t size = std::min(base64_line_bytes - rest_.size(), in.size());
            rest_ += in.substr(0, size);
            in.remove_prefix(size);
            if (rest_.size() < base64_line_bytes) {
                return;
            }
            encode(rest_, out);
            rest_.clear();
        }
        while (in.size() >= base64_line_bytes) {
            encode(in.substr(0, base64_line_bytes), out);
            in.remove_prefix(base64_line_bytes);
        }
        rest_ = in;
    }
    void finish(std::string& out) {
        if (!rest_.empty()) {
            encode(rest_, out);
        }
    }
    static std::int64_t encoded_size(std::int64_t size) {
        const auto line = static_cast<std::int64_t>(base64_line_bytes);
        return (size + 2) / 3 * 4 + (size + line - 1) / line * 2;
    }

private:
    static void encode(std::string_view bytes, std::string& out) {
        append_base64_line(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out);
    }
    std::string rest_;
};

// Quoted-printable (RFC 2045 section 6.7) that keeps every byte: CRLF is a line's end, a lone CR or LF is encoded (and
// a lone LF followed by a soft line break, so that it still reads as lines).
class quoted_printable_filter {
public:
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            if (had_cr_ && c == '\n') {
                had_cr_ = false;
                end_line(out);
                continue;
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
    }
    void finish(std::string& out) {
        if (std::exchange(had_cr_, false)) {
            add_encoded('\r', out);
        }
        if (!line_.empty()) {
            break_line(out);  // a soft break: the text itself has no line's end here
        }
    }

private:
    void add(char c, std::string& out) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_plain = (byte >= 33 && byte <= 126 && c != '=') || c == ' ' || c == '\t';
        const bool is_risky =
            line_.empty() &&
            (c == '.' || c == 'F');  // "From " and dots at the start of a line are changed by some relays
        if (is_plain && !is_risky) {
            make_room(1, out);
            line_ += c;
        } else {
            add_encoded(c, out);
        }
    }
    void add_encoded(char c, std::string& out) {
        static constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        make_room(3, out);
        line_ += '=';
        line_ += digits[byte >> 4U];
        line_ += digits[byte & 15U];
    }
    void make_room(std::size_t size, std::string& out) {
        if (line_.size() + size > quoted_line_size - 1) {
            break_line(out);
        }
    }
    void break_line(std::string& out) {
        out.append(line_).append("=\r\n");
        line_.clear();
    }
    void end_line(std::string& out) {
        if (!line_.empty() &&
            (line_.back() == ' ' || line_.back() == '\t')) {  // white space at the end of a line is lost on the way
            const bool is_space = line_.back() == ' ';
            line_.pop_back();
            make_room(3, out);
            line_ += is_space ? "=20" : "=09";
        }
        out.append(line_).append("\r\n");
        line_.clear();
    }
    std::string line_;
    bool had_cr_ = false;
};

struct leaf_piece {
    std::function<body_stream()> open;
    transfer_encoding encoding;
};
using piece = std::variant<std::string, leaf_piece>;

// Pieces one after another; a leaf is opened when it is reached.
class entity_source final : public stream_source {
public:
    explicit entity_source(std::vector<piece> pieces) : pieces_(std::move(pieces)) {
        for (piece& one : pieces_) {  // leaves are opened at once: a missing file has to show before anything is sent
            if (auto* leaf = std::get_if<leaf_piece>(&one); leaf != nullptr) {
                streams_.push_back(leaf->open());
            }
        }
    }
    std::size_t read(void* buffer, std::size_t capacity) override {
        while (index_ < pieces_.size()) {
            const std::size_t size = read_piece(buffer, capacity);
            if (size > 0) {
                return size;
            }
            ++index_;
            offset_ = 0;
            current_.close();
            is_open_ = false;
        }
        return 0;
    }
    std::int64_t size_hint() override {
        if (index_ != 0 || offset_ != 0 || is_open_) {
            return -1;
        }
        std::int64_t total = 0;
        std::size_t stream = 0;
        for (const piece& one : pieces_) {
            if (const auto* text = std::get_if<std::string>(&one); text != nullptr) {
                total += static_cast<std::int64_t>(text->size());
                continue;
            }
            const std::int64_t size = streams_[stream++].size_hint();
            if (size < 0 || std::get<leaf_piece>(one).encoding != transfer_encoding::base64) {
                return -1;
            }
            total += base64_filter::encoded_size(size);
        }
        return total;
    }

private:
    std::size_t read_piece(void* buffer, std::size_t capacity) {
        if (const auto* text = std::get_if<std::string>(&pieces_[index_]); text != nullptr) {
            const std::size_t size = std::min(capacity, text->size() - offset_);
            std::memcpy(buffer, text->data() + offset_, size);
            offset_ += size;
            return size;
        }
        if (!is_open_) {
            body_stream raw = std::move(streams_[stream_++]);
            if (std::get<leaf_piece>(pieces_[index_]).encoding == transfer_encoding::base64) {
                current_ =
                    make_stream(std::make_unique<filtered_stream<base64_filter>>(std::move(raw), base64_filter{}));
            } else {
                current_ = make_stream(std::make_unique<filtered_stream<quoted_printable_filter>>(
                    std::move(raw), quoted_printable_filter{}));
            }
            is_open_ = true;
        }
        return current_.read(buffer, capacity);
    }

    std::vector<piece> pieces_;
    std::vector<body_stream> streams_;
    std::size_t index_ = 0;
    std::size_t stream_ = 0;
    std::size_t offset_ = 0;
    body_stream current_;
    bool is_open_ = false;
};

std::string make_boundary() {  // 128 random bits: no text can hold it by chance or on purpose
    static constexpr char digits[] = "0123456789abcdef";
    std::random_device random;
    std::string boundary = "=_";  // "=_" never stands in quoted-printable or base64 (RFC 2045 section 6.7)
    for (int i = 0; i < 4; ++i) {
        const unsigned value = random();
        for (unsigned shift = 0; shift < 32; shift += 4) {
            boundary += digits[(value >> shift) & 15U];
        }
    }
    return boundary;
}

std::string leaf_fields(const mime_leaf& leaf) {
    std::string fields = "Content-Type: " + leaf.content_type;
    if (!leaf.charset.empty()) {
        fields += encode_parameter("charset", leaf.charset);
    }
    if (!leaf.file_name.empty()) {
        fields += encode_parameter("name", leaf.file_name);
    }
    fields += "\r\nContent-Transfer-Encoding: ";
    fields += leaf.encoding == transfer_encoding::base64 ? "base64" : "quoted-printable";
    fields += "\r\n";
    if (leaf.is_attachment || !leaf.file_name.empty()) {
        fields += leaf.is_attachment ? "Content-Disposition: attachment" : "Content-Disposition: inline";
        if (!leaf.file_name.empty()) {
            fields += encode_parameter("filename", leaf.file_name);
        }
        fields += "\r\n";
    }
    if (!leaf.content_id.empty()) {
        fields += "Content-ID: <" + leaf.content_id + ">\r\n";
    }
    if (!leaf.description.empty()) {
        fields += "Content-Description: " + encode_unstructured("Content-Description", leaf.description) + "\r\n";
    }
    return fields;
}

}  // namespace

body_stream make_mime_entity(std::vector<mime_leaf> leaves) {
    std::vector<piece> pieces;
    const std::string version = "MIME-Version: 1.0\r\n";
    if (leaves.size() == 1) {
        pieces.emplace_back(version + leaf_fields(leaves[0]) + "\r\n");
        pieces.emplace_back(leaf_piece{std::move(leaves[0].open), leaves[0].encoding});
    } else {
        const std::string boundary = make_boundary();
        pieces.emplace_back(version + "Content-Type: multipart/mixed" + encode_parameter("boundary", boundary) +
                            "\r\nContent-Transfer-Encoding: 7bit\r\n\r\nThis is a message in MIME format.\r\n");
        for (mime_leaf& leaf : leaves) {
            pieces.emplace_back("\r\n--" + boundary + "\r\n" + leaf_fields(leaf) + "\r\n");
            pieces.emplace_back(leaf_piece{std::move(leaf.open), leaf.encoding});
        }
        pieces.emplace_back("\r\n--" + boundary + "--\r\n");
    }
    return make_stream(std::make_unique<entity_source>(std::move(pieces)));
}

std::string checked_content_type(std::string_view text, std::string_view otherwise) {
    std::string type;
    std::size_t slashes = 0;
    for (const char c : text.substr(0, std::min(text.find(';'), text.size()))) {
        if (c == ' ' || c == '\t') {
            continue;
        }
        const bool is_token = is_alphanumeric(c) ||
                              std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;  // RFC 6838 section 4.2
        if (!is_token && c != '/') {
            return std::string(otherwise);
        }
        slashes += c == '/' ? 1 : 0;
        type += lower(c);
    }
    const bool is_type = slashes == 1 && type.front() != '/' && type.back() != '/' && type.size() <= 127;
    // A part that claims to be a message or a multipart would have to be encoded as one (RFC 2046 sections 5.1
    // and 5.2).
    const bool is_composite = type.rfind("multipart/", 0) == 0 || type.rfind("message/", 0) == 0;
    return is_type && !is_composite ? type : std::string(otherwise);
}

std::string content_type_of_file(std::string_view file_name) {
    static constexpr std::pair<std::string_view, std::string_view> types[] = {
        {"pdf", "application/pdf"},
        {"txt", "text/plain"},
        {"csv", "text/csv"},
        {"xml", "application/xml"},
        {"json", "application/json"},
        {"html", "text/html"},
        {"htm", "text/html"},
        {"zip", "application/zip"},
        {"gz", "application/gzip"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"tif", "image/tiff"},
        {"tiff", "image/tiff"},
        {"doc", "application/msword"},
        {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"xls", "application/vnd.ms-excel"},
        {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {"edi", "application/edifact"},
        {"p7m", "application/pkcs7-mime"},
        {"p7s", "application/pkcs7-signature"}};
    const std::size_t dot = file_name.rfind('.');
    for (const auto& [extension, type] : types) {
        if (dot != std::string_view::npos && equals_ignoring_case(file_name.substr(dot + 1), extension)) {
            return std::string(type);
        }
    }
    return "application/octet-stream";
}

bool is_text_type(std::string_view content_type) { return content_type.substr(0, 5) == "text/"; }

}  // namespace hawser::smtp
