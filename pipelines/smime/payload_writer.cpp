#include "payload_writer.hpp"

#include <memory>
#include <variant>

#include "base64_lines.hpp"
#include "byte_reader.hpp"
#include "encoded_words.hpp"
#include "legacy_display_writer.hpp"
#include "mime_header.hpp"
#include "quoted_printable_lines.hpp"
#include "raw_header.hpp"
#include "transfer_decoder.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t depth_max = 20;
constexpr std::size_t boundary_size_max = 70;   // RFC 2046 section 5.1.1
constexpr std::size_t delimiter_size_max = 80;  // CRLF, "--", the boundary, "--", CRLF

struct identity_decoder {
    void write(std::string_view in, std::string& out) const { out.append(in); }
    void finish(std::string&) const {}
};

// A text part's body on its way: decoded, with the display put in, and encoded anew.
class text_rewriter {
public:
    text_rewriter(const std::string& encoding, legacy_display_writer display) : display_(std::move(display)) {
        if (encoding == "base64") {
            decoder_.emplace<base64_decoder>();
            encoder_.emplace<base64_lines>();
        } else if (encoding == "quoted-printable") {
            decoder_.emplace<quoted_printable_decoder>();
        }
    }
    const char* encoding() const { return encoder_.index() == 0 ? "quoted-printable" : "base64"; }
    void write(std::string_view in, std::string& out) {
        std::string plain;
        std::visit([&](auto& decoder) { decoder.write(in, plain); }, decoder_);
        put(plain, out);
    }
    void finish(std::string& out) {
        std::string plain;
        std::visit([&](auto& decoder) { decoder.finish(plain); }, decoder_);
        put(plain, out);
        plain.clear();
        display_.finish(plain);
        std::visit(
            [&](auto& encoder) {
                encoder.write(plain, out);
                encoder.finish(out);
            },
            encoder_);
    }

private:
    void put(const std::string& plain, std::string& out) {
        std::string shown;
        display_.write(plain, shown);
        std::visit([&](auto& encoder) { encoder.write(shown, out); }, encoder_);
    }
    std::variant<identity_decoder, base64_decoder, quoted_printable_decoder> decoder_;
    legacy_display_writer display_;
    std::variant<quoted_printable_lines, base64_lines> encoder_;
};

bool is_known_encoding(const std::string& name) {
    return name == "base64" || name == "quoted-printable" || name == "7bit" || name == "8bit" || name == "binary";
}

// Whether nothing follows a boundary on its line: it could be the beginning of a longer one.
bool ends_line(std::string_view rest) {
    rest = rest.substr(rest.substr(0, 2) == "--" ? 2 : 0);
    const std::size_t end = rest.find_first_not_of(" \t");
    return end == std::string_view::npos || rest[end] == '\r';
}

bool is_seal(const content_type& type) {
    return type.type == "multipart/signed" || type.type == "application/pkcs7-mime" ||
           type.type == "application/x-pkcs7-mime";
}

class payload_source final : public stream_source {
public:
    payload_source(body_stream entity, protected_header header)
        : bytes_(std::move(entity)), header_(std::move(header)) {}

    std::size_t read(void* buffer, std::size_t capacity) override {
        while (position_ == output_.size()) {
            output_.clear();
            position_ = 0;
            if (has_begun_ && levels_.empty() && !text_) {
                return bytes_.read(buffer, capacity);  // the rest passes as it is
            }
            produce();
        }
        const std::size_t size = std::min(capacity, output_.size() - position_);
        output_.copy(static_cast<char*>(buffer), size, position_);
        position_ += size;
        return size;
    }

private:
    struct level {
        std::string delimiter;  // CRLF and "--boundary"
        bool is_alternative;    // each child is a main body; else the first alone
        bool has_begun = false;
    };

    void produce() {
        if (!has_begun_) {
            has_begun_ = true;
            begin_entity(true);
            return;
        }
        const std::string_view window = bytes_.look(byte_reader::block_size / 2);
        const bool is_last = window.size() < byte_reader::block_size / 2;
        const std::size_t safe = is_last ? window.size() : window.size() - delimiter_size_max;
        const auto [at, found] = find_delimiter(window);
        if (at >= safe) {
            pass(window.substr(0, safe));
            if (is_last) {
                end_text();
                levels_.clear();
            }
            return;
        }
        pass(window.substr(0, at));
        end_text();
        pass_delimiter(found);
    }

    // The earliest one, and whose it is; npos where there is none.
    std::pair<std::size_t, std::size_t> find_delimiter(std::string_view window) const {
        std::pair<std::size_t, std::size_t> found{std::string_view::npos, 0};
        for (std::size_t i = 0; i < levels_.size(); ++i) {
            const std::string_view delimiter = levels_[i].delimiter;
            const std::string_view without_line_end = delimiter.substr(2);
            std::size_t at = 0;
            if (!is_at_line_start_ || window.substr(0, without_line_end.size()) != without_line_end ||
                !ends_line(window.substr(without_line_end.size()))) {
                at = window.find(delimiter);
                while (at != std::string_view::npos && !ends_line(window.substr(at + delimiter.size()))) {
                    at = window.find(delimiter, at + 1);
                }
            }
            if (at < found.first) {
                found = {at, i};
            }
        }
        return found;
    }

    void pass(std::string_view part) {
        if (text_) {
            text_->write(part, output_);
        } else {
            output_.append(part);
        }
        is_at_line_start_ = is_at_line_start_ && part.empty();
        bytes_.consume(part.size());
    }
    void end_text() {
        if (text_) {
            text_->finish(output_);
            text_.reset();
        }
    }

    // The delimiter's line; and the header of the part after it, where that may be a main body.
    void pass_delimiter(std::size_t index) {
        levels_.erase(levels_.begin() + static_cast<std::ptrdiff_t>(index) + 1, levels_.end());
        const std::string_view line = bytes_.look(delimiter_size_max + 1000);
        const std::size_t start = line.substr(0, 2) == "\r\n" ? 2 : 0;
        const std::size_t end = line.find("\r\n", start);
        const std::string_view tail = line.substr(start + levels_.back().delimiter.size() - 2);
        const bool is_closing = tail.substr(0, 2) == "--";
        if (end == std::string_view::npos && !is_closing) {
            throw failure("the mail's MIME entity has a boundary line without an end");
        }
        const std::size_t size = end == std::string_view::npos ? line.size() : end + (is_closing ? 0 : 2);
        output_.append(line.substr(0, size));
        bytes_.consume(size);
        is_at_line_start_ = false;
        level& current = levels_.back();
        if (is_closing || (current.has_begun && !current.is_alternative)) {
            levels_.pop_back();  // nothing that follows in this multipart is a main body
            return;
        }
        current.has_begun = true;
        begin_entity(false);
    }

    void begin_entity(bool is_root) {
        const std::string_view block = bytes_.look(mime_header::size_max);
        const std::optional<mime_header> parsed = parse_mime_header(block);
        if (!parsed) {
            throw failure("the mail is no MIME entity, so that its header cannot be protected");
        }
        const content_type type = parsed->type();
        check_type(type, is_root);
        raw_header raw(block.substr(0, parsed->size));
        if (is_root) {
            raw.add_parameter("Content-Type", "text/plain", header_.type_parameter);
        }
        begin_body(*parsed, type, raw);
        output_ += raw.text() + (is_root ? header_.fields : "") + "\r\n";
        bytes_.consume(parsed->size);
        is_at_line_start_ = true;
    }

    static void check_type(const content_type& type, bool is_root) {
        if (is_root && is_seal(type)) {
            throw failure(
                "the mail is signed or encrypted already, and its header can be protected only by the SMIMEEncoder "
                "that "
                "seals it first: set HeaderProtection there, and to none here");
        }
        for (const char* name : {"hp", "hp-legacy-display"}) {
            if (type.parameters.contains(name)) {
                throw failure(std::string("the mail's Content-Type has a parameter ") + name +
                              ", which only HeaderProtection writes");
            }
        }
    }

    void begin_body(const mime_header& header, const content_type& type, raw_header& raw) {
        if (header_.display.empty()) {
            return;
        }
        const bool is_alternative = type.type == "multipart/alternative";
        if (is_alternative || type.type == "multipart/mixed" || type.type == "multipart/related") {
            if (levels_.size() == depth_max) {
                throw failure("the mail's MIME entity has more than " + std::to_string(depth_max) + " levels");
            }
            const std::string& boundary = type.parameter("boundary");
            if (boundary.empty() || boundary.size() > boundary_size_max) {
                throw failure("the mail's MIME entity is a multipart without a boundary of 1 to 70 characters");
            }
            levels_.push_back({"\r\n--" + boundary, is_alternative});
            return;
        }
        const bool is_html = type.type == "text/html";
        const std::string encoding = header.transfer_encoding();
        if ((type.type != "text/plain" && !is_html) || header.disposition() == "attachment" ||
            !is_known_encoding(encoding)) {
            return;
        }
        std::optional<std::string> shown = is_html ? legacy_display_html(header_.display)
                                                   : legacy_display_text(header_.display, type.parameter("charset"));
        if (shown) {
            text_.emplace(encoding, legacy_display_writer(*std::move(shown), is_html));
            raw.add_parameter("Content-Type", "text/plain", "hp-legacy-display=\"1\"");
            raw.set("Content-Transfer-Encoding", text_->encoding());
        }
    }

    byte_reader bytes_;
    protected_header header_;
    std::vector<level> levels_;          // multiparts whose next part may be a main body
    std::optional<text_rewriter> text_;  // of the main body that is passing
    std::string output_;
    std::size_t position_ = 0;
    bool has_begun_ = false;
    bool is_at_line_start_ = false;  // a delimiter may come without its CRLF, which was the header's
};

}  // namespace

body_stream write_payload(body_stream entity, protected_header header) {
    return make_stream(std::make_unique<payload_source>(std::move(entity), std::move(header)));
}

}  // namespace hawser::smime
