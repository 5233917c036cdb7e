#include "mail_content.hpp"

#include "charset.hpp"
#include "content_type.hpp"
#include "domain_name.hpp"
#include "mail_address.hpp"
#include "mail_template.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t email_body_text_size_max = 64 * 1024;  // spec section 2

// What stands for a part's body while it is read: text in memory, a file, or a part of the message.
class text_source final : public stream_source {
public:
    explicit text_source(std::string text) : text_(std::move(text)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min(capacity, text_.size() - position_);
        std::memcpy(buffer, text_.data() + position_, size);
        position_ += size;
        return size;
    }
    std::int64_t size_hint() override { return static_cast<std::int64_t>(text_.size() - position_); }

private:
    std::string text_;
    std::size_t position_ = 0;
};

// Removes a UTF-8 byte-order mark (spec section 2: EmailBodyFile).
class mark_remover {
public:
    void write(std::string_view in, std::string& out) {
        if (is_started_) {
            out += in;
            return;
        }
        start_ += in;
        if (start_.size() >= 3) {
            flush(out);
        }
    }
    void finish(std::string& out) { flush(out); }

private:
    void flush(std::string& out) {
        out += start_.substr(0, 3) == "\xef\xbb\xbf" ? start_.substr(3) : start_;
        start_.clear();
        is_started_ = true;
    }
    std::string start_;
    bool is_started_ = false;
};

// Text that an operator wrote has whatever line ends JSON had; mail text has CRLF.
std::string with_crlf(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            out += '\r';
        }
        out += text[i];
    }
    return out;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string checked_content_id(const std::string& id, const char* property) {
    if (id.empty()) {
        return id;
    }
    const std::string plain = id.front() == '<' && id.back() == '>' ? id.substr(1, id.size() - 2) : id;
    if (!is_ascii(plain)) {
        throw failure(std::string(property) + ": \"" + shown(plain) + "\" cannot be a Content-ID: use ASCII letters");
    }
    check_addr_spec(plain.find('@') == std::string::npos ? plain + "@part" : plain, property);
    return plain;
}

class content_maker {
public:
    explicit content_maker(message& one) : message_(one), parts_(one.parts()) {}

    mime_part make() {
        has_html_ = has("SMTP.EmailBodyHtml") || has("SMTP.EmailBodyHtmlFile");
        const std::string mode = message_.get_or("SMTP.MessagePartsAttachments", "none");
        const bool has_own_body = has("SMTP.EmailBodyText") || has("SMTP.EmailBodyFile") || has_html_;
        std::vector<mime_part> all;
        std::vector<mime_part> beside_html;
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            const bool is_wanted = parts_[i].is_body ? has_own_body && mode != "none" : mode == "all";
            if (is_wanted) {
                mime_leaf leaf = part_leaf(i, true);
                const bool is_shown = has_html_ && !parts_[i].is_body && !leaf.content_id.empty();
                leaf.disposition = is_shown ? disposition::shown_inline : leaf.disposition;
                (is_shown ? beside_html : all).push_back(leaf_part(std::move(leaf)));
            }
        }
        for (const std::string& path : split_list(message_.get_or("SMTP.InlineImages", ""))) {
            beside_html.push_back(leaf_part(inline_image_leaf(path)));
        }
        if (!has_html_ && !beside_html.empty()) {
            throw failure("SMTP.InlineImages are shown by an HTML body: set EmailBodyHtml or EmailBodyHtmlFile");
        }
        for (const std::string& path : split_list(message_.get_or("SMTP.Attachments", ""))) {
            all.push_back(leaf_part(file_leaf("SMTP.Attachments", path, disposition::attachment)));
        }
        all.insert(all.begin(), body(std::move(beside_html)));
        return multipart_of("mixed", std::move(all));
    }

private:
    bool has(const char* property) const { return !message_.get_or(property, "").empty(); }

    // The plainest comes first: a reader shows the last that it can (RFC 2046 section 5.1.4).
    mime_part body(std::vector<mime_part> beside_html) {
        std::vector<mime_part> alternatives;
        if (has("SMTP.EmailBodyText")) {
            alternatives.push_back(leaf_part(text_leaf()));
        } else if (has("SMTP.EmailBodyFile")) {
            alternatives.push_back(leaf_part(body_file_leaf("SMTP.EmailBodyFile", "SMTP.EmailBodyFileCharset")));
        } else if (!has_html_) {
            return leaf_part(part_leaf(body_index(), false));
        }
        if (has_html_) {
            std::vector<mime_part> related = std::move(beside_html);
            related.insert(related.begin(), leaf_part(html_leaf()));
            alternatives.push_back(multipart_of("related", std::move(related)));
        }
        return multipart_of("alternative", std::move(alternatives));
    }

    std::uint32_t body_index() const {
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            if (parts_[i].is_body) {
                return i;
            }
        }
        throw failure("the message has no body part");
    }

    std::string template_of(const char* property, template_place place) const {
        if (message_.get_or(property, "").size() > email_body_text_size_max) {
            throw failure(std::string(property) + " is longer than 64 KiB");
        }
        return with_crlf(expand_templates(message_, property, "", place));
    }

    static mime_leaf leaf_of_text(const char* type, const std::string& charset, std::string text) {
        mime_leaf leaf;
        leaf.content_type = type;
        leaf.charset = charset;
        leaf.encoding = shorter_encoding(text);
        if (leaf.encoding == transfer_encoding::quoted_printable) {  // so that a large attachment's mail has a size
            leaf.encoded_size = quoted_printable_filter::encoded_size(text);
        }
        leaf.open = [kept = std::move(text)] { return make_stream(std::make_unique<text_source>(kept)); };
        return leaf;
    }

    mime_leaf text_leaf() const {
        const std::string charset = message_.get_or("SMTP.EmailBodyTextCharset", "utf-8");
        return leaf_of_text("text/plain", charset,
                            convert_to_charset(template_of("SMTP.EmailBodyText", template_place::text), charset));
    }

    mime_leaf html_leaf() const {
        if (!has("SMTP.EmailBodyHtml")) {
            mime_leaf leaf = body_file_leaf("SMTP.EmailBodyHtmlFile", "SMTP.EmailBodyHtmlFileCharset");
            leaf.content_type = "text/html";
            return leaf;
        }
        return leaf_of_text("text/html", "utf-8",
                            convert_to_charset(template_of("SMTP.EmailBodyHtml", template_place::html), "utf-8"));
    }

    mime_leaf body_file_leaf(const char* property, const char* charset_property) const {
        const std::string path = message_.get_or(property, "");
        const std::string charset = message_.get_or(charset_property, "utf-8");
        if (!is_charset_name(charset)) {
            throw failure(std::string(charset_property) + ": \"" + shown(charset) + "\" is no character set");
        }
        mime_leaf leaf;
        leaf.content_type = content_type_of_file(path) == "text/html" ? "text/html" : "text/plain";
        leaf.charset = charset;
        leaf.encoding = transfer_encoding::by_content;
        leaf.open = [this, property, path] {
            body_stream raw = message_.host().open_file(message_.abi(), property, path);
            return make_stream(std::make_unique<filtered_stream<mark_remover>>(std::move(raw), mark_remover{}));
        };
        return leaf;
    }

    mime_leaf file_leaf(const char* property, const std::string& path, disposition how) const {
        mime_leaf leaf;
        leaf.content_type = content_type_of_file(path);
        leaf.file_name = base_name(path);
        leaf.disposition = how;
        leaf.open = [this, property, path] { return message_.host().open_file(message_.abi(), property, path); };
        return leaf;
    }

    mime_leaf inline_image_leaf(const std::string& path) const {
        mime_leaf leaf = file_leaf("SMTP.InlineImages", path, disposition::shown_inline);
        leaf.content_id = checked_content_id(leaf.file_name, "SMTP.InlineImages");
        return leaf;
    }

    mime_leaf part_leaf(std::uint32_t index, bool is_attached) const {
        const message_part& part = parts_[index];
        mime_leaf leaf;
        leaf.content_type =
            checked_content_type(part.content_type, part.file_name.empty() ? "application/octet-stream"
                                                                           : content_type_of_file(part.file_name));
        const bool is_text = is_text_type(leaf.content_type);
        if (is_text) {
            leaf.charset = part.charset.empty() ? charset_of(part.content_type) : part.charset;
            if (!is_charset_name(leaf.charset)) {
                leaf.charset = "utf-8";
            }
        }
        // Every byte is kept either way; a text body may be readable on the wire too.
        if (is_attached || !is_text) {
            leaf.disposition = disposition::attachment;
            leaf.file_name = message_.part_property(index, "MIME.FileName").value_or(part.file_name);
            leaf.file_name = leaf.file_name.empty() ? part.name : leaf.file_name;
        } else {
            leaf.encoding = transfer_encoding::by_content;
        }
        leaf.content_id =
            checked_content_id(message_.part_property(index, "MIME.ContentID").value_or(""), "MIME.ContentID");
        leaf.description = message_.part_property(index, "MIME.ContentDescription").value_or("");
        leaf.open = [this, index] { return message_.take_body(index); };
        return leaf;
    }

    message& message_;
    std::vector<message_part> parts_;
    bool has_html_ = false;
};

}  // namespace

mail_content make_mail_content(message& one) {
    content_maker maker(one);
    mime_part whole = maker.make();
    std::string type = whole.content_type();
    return {std::move(type), make_mime_entity(std::move(whole))};  // opens all that `maker` has to open
}

std::vector<std::string> split_list(std::string_view joined) {
    std::vector<std::string> all;
    while (!joined.empty()) {
        const std::size_t end = std::min(joined.find('|'), joined.size());
        if (end > 0) {
            all.emplace_back(joined.substr(0, end));
        }
        joined.remove_prefix(std::min(end + 1, joined.size()));
    }
    return all;
}

}  // namespace hawser::smtp
