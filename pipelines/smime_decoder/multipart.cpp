#include "multipart.hpp"

#include "byte_reader.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t parts_max = 1000;
constexpr unsigned depth_max = 10;
constexpr std::size_t boundary_size_max = 200;         // RFC 2046 says 70; some are longer
constexpr std::size_t headers_size_max = 1024 * 1024;  // of all parts together, however they are nested
constexpr std::size_t prefix_size_max = boundary_size_max + 100;

// Lines of any length; of each it keeps as much as a delimiter can have.
class line_reader {
public:
    explicit line_reader(byte_reader bytes) : bytes_(std::move(bytes)) {}

    bool next() {
        begin_ = bytes_.position();
        prefix_.clear();
        size_ = 0;
        char last = 0;
        for (;;) {
            const std::string_view block = bytes_.look();
            if (block.empty()) {
                end_size_ = 0;
                return size_ > 0;
            }
            const std::size_t line_feed = block.find('\n');
            const std::string_view piece = block.substr(0, line_feed);
            prefix_.append(piece.substr(0, prefix_size_max - prefix_.size()));
            size_ += piece.size();
            last = piece.empty() ? last : piece.back();
            if (line_feed != std::string_view::npos) {
                bytes_.consume(line_feed + 1);
                end_size_ = last == '\r' ? 2 : 1;
                return true;
            }
            bytes_.consume(piece.size());
        }
    }
    std::uint64_t begin() const { return begin_; }
    std::uint64_t next_begin() const { return bytes_.position(); }
    std::uint64_t end_size() const { return end_size_; }
    const std::string& prefix() const { return prefix_; }
    bool is_short() const { return size_ <= prefix_size_max; }

private:
    byte_reader bytes_;
    std::string prefix_;
    std::uint64_t begin_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t end_size_ = 0;
};

enum class delimiter : std::uint8_t { none = 1, next, last };

delimiter kind_of(const line_reader& line, const std::string& boundary) {
    std::string_view text = line.prefix();
    if (!line.is_short() || text.substr(0, 2) != "--" || text.substr(2, boundary.size()) != boundary) {
        return delimiter::none;
    }
    text.remove_prefix(2 + boundary.size());
    const bool is_last = text.substr(0, 2) == "--";
    text.remove_prefix(is_last ? 2 : 0);
    if (text.find_first_not_of(" \t\r") != std::string_view::npos) {
        return delimiter::none;
    }
    return is_last ? delimiter::last : delimiter::next;
}

struct place {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

std::vector<place> find_places(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                               const std::string& boundary) {
    std::vector<place> found;
    line_reader line{byte_reader(make_stream(from, begin, end))};
    std::uint64_t previous_end_size = 0;
    bool is_inside = false;
    while (line.next()) {
        const delimiter kind = kind_of(line, boundary);
        if (kind != delimiter::none) {
            if (is_inside) {
                const std::uint64_t part_end = begin + line.begin() - previous_end_size;
                found.back().end = std::max(part_end, found.back().begin);
            }
            if (kind == delimiter::last) {
                return found;
            }
            if (found.size() == parts_max) {
                throw failure("the message has more than " + std::to_string(parts_max) + " parts");
            }
            found.push_back({begin + line.next_begin(), end});
            is_inside = true;
        }
        previous_end_size = line.end_size();
    }
    throw failure("a multipart entity has no closing delimiter: the message is not whole");
}

std::vector<mime_part> read_parts(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                                  const content_type& type, std::size_t& headers_size) {
    const std::string& boundary = type.parameter("boundary");
    if (boundary.empty() || boundary.size() > boundary_size_max) {
        throw failure("a part of type " + type.type + " has no boundary parameter, or one that is too long");
    }
    std::vector<mime_part> parts;
    for (const place& one : find_places(from, begin, end, boundary)) {
        byte_reader bytes(make_stream(from, one.begin, one.end));
        std::optional<mime_header> header = parse_mime_header(bytes.look(mime_header::size_max));
        if (!header) {
            throw failure("a part does not begin with a MIME header");
        }
        headers_size += header->size;
        if (headers_size > headers_size_max) {
            throw failure("the headers of the message's parts have more than " + std::to_string(headers_size_max) +
                          " bytes");
        }
        const std::uint64_t body_begin = one.begin + header->size;
        parts.push_back({*std::move(header), one.begin, body_begin, one.end});
    }
    return parts;
}

void add_leaves(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end, const content_type& type,
                unsigned depth, std::size_t& headers_size, std::vector<mime_part>& leaves) {
    if (depth > depth_max) {
        throw failure("the message's parts are nested deeper than " + std::to_string(depth_max));
    }
    for (mime_part& part : read_parts(from, begin, end, type, headers_size)) {
        const content_type inner = part.header.type();
        if (inner.is_multipart() && inner.type != "multipart/signed") {
            add_leaves(from, part.body_begin, part.end, inner, depth + 1, headers_size, leaves);
        } else {
            leaves.push_back(std::move(part));
        }
        if (leaves.size() > parts_max) {
            throw failure("the message has more than " + std::to_string(parts_max) + " parts");
        }
    }
}

}  // namespace

std::vector<mime_part> find_parts(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                                  const content_type& type) {
    std::size_t headers_size = 0;
    return read_parts(from, begin, end, type, headers_size);
}

std::vector<mime_part> find_leaves(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                                   const content_type& type) {
    std::vector<mime_part> leaves;
    std::size_t headers_size = 0;
    add_leaves(from, begin, end, type, 1, headers_size, leaves);
    if (leaves.empty()) {
        throw failure("a part of type " + type.type + " has no parts");
    }
    return leaves;
}

}  // namespace hawser::smime
