#include "mime_entity.hpp"

#include <random>
#include <variant>

#include "mail_header.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t sampled_size = 32 * 1024;  // of a part whose encoding its content decides

std::string leaf_fields(const mime_leaf& leaf, transfer_encoding encoding) {
    std::string fields = "Content-Type: " + leaf.content_type;
    if (!leaf.charset.empty()) {
        fields += encode_parameter("charset", leaf.charset);
    }
    if (!leaf.file_name.empty()) {
        fields += encode_name_parameter(leaf.file_name);
    }
    fields += "\r\nContent-Transfer-Encoding: ";
    fields += encoding == transfer_encoding::base64 ? "base64" : "quoted-printable";
    fields += "\r\n";
    if (leaf.disposition != disposition::none) {
        fields += "Content-Disposition: ";
        fields += leaf.disposition == disposition::attachment ? "attachment" : "inline";
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

// What was read of a stream to look at it, and then the rest of it.
class resumed_stream final : public stream_source {
public:
    resumed_stream(std::string start, body_stream rest) : start_(std::move(start)), rest_(std::move(rest)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min(capacity, start_.size() - position_);
        if (size == 0) {
            return rest_.read(buffer, capacity);
        }
        std::memcpy(buffer, start_.data() + position_, size);
        position_ += size;
        return size;
    }
    std::int64_t size_hint() override {
        const std::int64_t rest = rest_.size_hint();
        return rest < 0 ? rest : rest + static_cast<std::int64_t>(start_.size() - position_);
    }

private:
    std::string start_;
    body_stream rest_;
    std::size_t position_ = 0;
};

body_stream encoded(body_stream raw, transfer_encoding encoding) {
    if (encoding == transfer_encoding::base64) {
        return make_stream(std::make_unique<filtered_stream<base64_filter>>(std::move(raw), base64_filter{}));
    }
    return make_stream(
        std::make_unique<filtered_stream<quoted_printable_filter>>(std::move(raw), quoted_printable_filter{}));
}

// Reads the beginning of `raw`, settles the encoding by it, and puts the beginning back.
transfer_encoding settle_encoding(body_stream& raw) {
    const std::int64_t left = raw.size_hint();
    const bool is_short = left >= 0 && left < static_cast<std::int64_t>(sampled_size);
    std::string start(is_short ? static_cast<std::size_t>(left) + 1 : sampled_size, '\0');
    std::size_t size = 0;
    while (size < start.size()) {
        const std::size_t added = raw.read(start.data() + size, start.size() - size);
        if (added == 0) {
            break;
        }
        size += added;
    }
    start.resize(size);
    const transfer_encoding settled = shorter_encoding(start);
    raw = make_stream(std::make_unique<resumed_stream>(std::move(start), std::move(raw)));
    return settled;
}

using piece = std::variant<std::string, mime_leaf>;

// Pieces one after another; a leaf writes its own fields when it is reached.
class entity_source final : public stream_source {
public:
    explicit entity_source(std::vector<piece> pieces) : pieces_(std::move(pieces)) {
        for (const piece& one : pieces_) {
            if (const auto* leaf = std::get_if<mime_leaf>(&one); leaf != nullptr) {
                streams_.push_back(leaf->open());
            }
        }
    }
    std::size_t read(void* buffer, std::size_t capacity) override {
        while (true) {
            if (offset_ < text_.size()) {
                const std::size_t size = std::min(capacity, text_.size() - offset_);
                std::memcpy(buffer, text_.data() + offset_, size);
                offset_ += size;
                return size;
            }
            if (current_) {
                if (const std::size_t size = current_.read(buffer, capacity); size > 0) {
                    return size;
                }
                current_.close();
            }
            if (index_ == pieces_.size()) {
                return 0;
            }
            begin_piece(pieces_[index_++]);
        }
    }
    std::int64_t size_hint() override {
        if (index_ != 0) {
            return -1;
        }
        std::int64_t total = 0;
        std::size_t stream = 0;
        for (const piece& one : pieces_) {
            if (const auto* text = std::get_if<std::string>(&one); text != nullptr) {
                total += static_cast<std::int64_t>(text->size());
                continue;
            }
            const mime_leaf& leaf = std::get<mime_leaf>(one);
            const std::int64_t size = encoded_size(leaf, streams_[stream++]);
            if (size < 0) {
                return -1;
            }
            total += static_cast<std::int64_t>(leaf_fields(leaf, leaf.encoding).size() + 2) + size;
        }
        return total;
    }

private:
    static std::int64_t encoded_size(const mime_leaf& leaf, body_stream& raw) {  // < 0: not known
        if (leaf.encoded_size >= 0 || leaf.encoding != transfer_encoding::base64) {
            return leaf.encoded_size;
        }
        const std::int64_t size = raw.size_hint();
        return size < 0 ? size : base64_filter::encoded_size(size);
    }
    void begin_piece(piece& next) {
        offset_ = 0;
        if (auto* text = std::get_if<std::string>(&next); text != nullptr) {
            text_ = std::move(*text);
            return;
        }
        const mime_leaf& leaf = std::get<mime_leaf>(next);
        body_stream raw = std::move(streams_[stream_++]);
        const transfer_encoding encoding =
            leaf.encoding == transfer_encoding::by_content ? settle_encoding(raw) : leaf.encoding;
        text_ = leaf_fields(leaf, encoding) + "\r\n";
        current_ = encoded(std::move(raw), encoding);
    }

    std::vector<piece> pieces_;
    std::vector<body_stream> streams_;
    std::size_t index_ = 0;
    std::size_t stream_ = 0;
    std::string text_;
    std::size_t offset_ = 0;
    body_stream current_;
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

void add_pieces(mime_part part, std::string prefix, std::vector<piece>& pieces) {
    if (part.multipart.empty()) {
        pieces.emplace_back(std::move(prefix));
        pieces.emplace_back(std::move(part.leaf));
        return;
    }
    const std::string boundary = make_boundary();
    prefix += "Content-Type: " + part.content_type();
    if (part.multipart == "related") {
        prefix += encode_parameter("type", part.first_leaf_type());
    }
    prefix += encode_parameter("boundary", boundary) + "\r\nContent-Transfer-Encoding: 7bit\r\n\r\n";
    for (mime_part& child : part.children) {
        add_pieces(std::move(child), std::move(prefix) + "\r\n--" + boundary + "\r\n", pieces);
        prefix.clear();
    }
    pieces.emplace_back("\r\n--" + boundary + "--\r\n");
}

}  // namespace

const std::string& mime_part::first_leaf_type() const {
    return multipart.empty() ? leaf.content_type : children.front().first_leaf_type();
}

std::string mime_part::content_type() const { return multipart.empty() ? leaf.content_type : "multipart/" + multipart; }

mime_part leaf_part(mime_leaf leaf) {
    mime_part part;
    part.leaf = std::move(leaf);
    return part;
}

mime_part multipart_of(const char* subtype, std::vector<mime_part> parts) {
    if (parts.size() == 1) {
        return std::move(parts.front());
    }
    mime_part whole;
    whole.multipart = subtype;
    whole.children = std::move(parts);
    return whole;
}

body_stream make_mime_entity(mime_part root) {
    std::vector<piece> pieces;
    add_pieces(std::move(root), "MIME-Version: 1.0\r\n", pieces);
    return make_stream(std::make_unique<entity_source>(std::move(pieces)));
}

}  // namespace hawser::smtp
