#include "mail_composer.hpp"

#include <set>

#include "charset.hpp"
#include "mail_address.hpp"
#include "mail_header.hpp"
#include "mime_entity.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr const char* envelope_sender_property = "SMTP.EnvelopeSender";
constexpr const char* envelope_recipients_property = "SMTP.EnvelopeRecipients";
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

class composer {
public:
    explicit composer(message& one) : message_(one), parts_(one.parts()) {}

    void compose() {
        const mail_address from = parse_single_address(address_text("SMTP.From"), "SMTP.From");
        const std::vector<mail_address> to = parse_address_list(address_text("SMTP.To"), "SMTP.To");
        const std::vector<mail_address> cc = parse_address_list(address_text("SMTP.CC"), "SMTP.CC");
        if (to.empty()) {
            throw failure("SMTP.To is empty: give the port an address (mailto:…), or set To");
        }
        write_headers(from, to, cc);
        settle_envelope(from, to, cc);
        message_.put_body(make_mime_entity(make_leaves()));
        message_.set(HAWSER_IS_MIME_ENCODED, "true", property_kind::boolean);
        message_.set(HAWSER_TRANSFER_ENCODING, "7bit");
    }

private:
    std::string address_text(const char* property) const {
        return message_.host().expand_macros(message_.abi(), macro_place::address, message_.get_or(property, ""));
    }

    void write_headers(const mail_address& from, const std::vector<mail_address>& to,
                       const std::vector<mail_address>& cc) {
        const message_identity identity = message_.identity();
        const std::string subject = message_.host().expand_macros(message_.abi(), macro_place::subject,
                                                                  message_.get_or("SMTP.Subject", "%MessageID%"));
        message_.append_mail_header("From", encode_addresses("From", {from}));
        message_.append_mail_header("To", encode_addresses("To", to));
        if (!cc.empty()) {
            message_.append_mail_header("Cc", encode_addresses("Cc", cc));
        }
        message_.append_mail_header("Subject", encode_unstructured("Subject", subject));
        // Date and Message-ID are those of the publication: the same on every attempt.
        message_.append_mail_header("Date", encode_date(identity.published_unix_ms));
        message_.append_mail_header("Message-ID",
                                    '<' + identity.unique_id + '@' + std::string(domain_of(from.address)) + '>');
        if (const std::string reply_by = message_.get_or("SMTP.ReplyBy", ""); !reply_by.empty()) {
            message_.append_mail_header("Reply-By", encode_unstructured("Reply-By", reply_by));
        }
        if (message_.is_true("SMTP.ReadReceipt")) {  // RFC 8098 section 2.1
            message_.append_mail_header("Disposition-Notification-To",
                                        encode_addresses("Disposition-Notification-To", {from}));
        }
    }

    void settle_envelope(const mail_address& from, const std::vector<mail_address>& to,
                         const std::vector<mail_address>& cc) {
        std::string recipients;
        std::set<std::string> seen;
        for (const auto* list : {&to, &cc}) {
            for (const mail_address& one : *list) {
                if (seen.insert(one.address).second) {
                    recipients += one.address + '\n';
                }
            }
        }
        message_.set(envelope_sender_property, from.address);
        message_.set(envelope_recipients_property, recipients);
    }

    std::vector<mime_leaf> make_leaves() {
        std::vector<mime_leaf> leaves;
        const std::string text = message_.get_or("SMTP.EmailBodyText", "");
        const std::string file = message_.get_or("SMTP.EmailBodyFile", "");
        const std::string mode = message_.get_or("SMTP.MessagePartsAttachments", "none");
        const bool has_own_text = !text.empty() || !file.empty();
        if (!text.empty()) {
            leaves.push_back(text_leaf(text));
        } else if (!file.empty()) {
            leaves.push_back(body_file_leaf(file));
        } else {
            leaves.push_back(part_leaf(body_index(), false));
        }
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            const bool is_wanted = parts_[i].is_body ? has_own_text && mode != "none" : mode == "all";
            if (is_wanted) {
                leaves.push_back(part_leaf(i, true));
            }
        }
        for (const std::string& path : split_list(message_.get_or("SMTP.Attachments", ""))) {
            leaves.push_back(attachment_leaf(path));
        }
        return leaves;
    }

    std::uint32_t body_index() const {
        for (std::uint32_t i = 0; i < parts_.size(); ++i) {
            if (parts_[i].is_body) {
                return i;
            }
        }
        throw failure("the message has no body part");
    }

    mime_leaf text_leaf(const std::string& text) const {
        if (text.size() > email_body_text_size_max) {
            throw failure("SMTP.EmailBodyText is longer than 64 KiB");
        }
        const std::string charset = message_.get_or("SMTP.EmailBodyTextCharset", "utf-8");
        mime_leaf leaf;
        leaf.content_type = "text/plain";
        leaf.charset = charset;
        leaf.encoding = transfer_encoding::quoted_printable;
        leaf.open = [converted = convert_to_charset(with_crlf(text), charset)] {
            return make_stream(std::make_unique<text_source>(converted));
        };
        return leaf;
    }

    mime_leaf body_file_leaf(const std::string& path) const {
        mime_leaf leaf;
        const std::string charset = message_.get_or("SMTP.EmailBodyFileCharset", "utf-8");
        if (!is_charset_name(charset)) {
            throw failure("SMTP.EmailBodyFileCharset: \"" + shown(charset) + "\" is no character set");
        }
        leaf.content_type = content_type_of_file(path) == "text/html" ? "text/html" : "text/plain";
        leaf.charset = charset;
        leaf.encoding = transfer_encoding::quoted_printable;
        leaf.open = [this, path] {
            body_stream raw = message_.host().open_file(message_.abi(), "SMTP.EmailBodyFile", path);
            return make_stream(std::make_unique<filtered_stream<mark_remover>>(std::move(raw), mark_remover{}));
        };
        return leaf;
    }

    mime_leaf attachment_leaf(const std::string& path) const {
        mime_leaf leaf;
        leaf.content_type = content_type_of_file(path);
        leaf.file_name = base_name(path);
        leaf.is_attachment = true;
        leaf.open = [this, path] { return message_.host().open_file(message_.abi(), "SMTP.Attachments", path); };
        return leaf;
    }

    mime_leaf part_leaf(std::uint32_t index, bool is_attached) const {
        const message_part& part = parts_[index];
        mime_leaf leaf;
        leaf.content_type =
            checked_content_type(part.content_type, part.file_name.empty() ? "application/octet-stream"
                                                                           : content_type_of_file(part.file_name));
        leaf.file_name = message_.part_property(index, "MIME.FileName").value_or(part.file_name);
        leaf.is_attachment = is_attached || !is_text_type(leaf.content_type);
        if (is_text_type(leaf.content_type)) {
            leaf.charset = part.charset.empty() ? charset_of(part.content_type) : part.charset;
            if (!is_charset_name(leaf.charset)) {
                leaf.charset = "utf-8";
            }
        }
        // Every byte is kept either way; a text body is readable on the wire too.
        leaf.encoding = leaf.is_attachment ? transfer_encoding::base64 : transfer_encoding::quoted_printable;
        if (!leaf.is_attachment) {
            leaf.file_name.clear();
        } else if (leaf.file_name.empty()) {
            leaf.file_name = part.name;
        }
        leaf.content_id = checked_content_id(message_.part_property(index, "MIME.ContentID").value_or(""));
        leaf.description = message_.part_property(index, "MIME.ContentDescription").value_or("");
        leaf.open = [this, index] { return message_.take_body(index); };
        return leaf;
    }

    static std::string charset_of(std::string_view content_type) {
        const std::size_t at = content_type.find("charset=");
        if (at == std::string_view::npos) {
            return "utf-8";
        }
        std::string_view value = content_type.substr(at + 8);
        value = value.substr(0, std::min(value.find(';'), value.size()));
        std::string name;
        for (const char c : value) {
            if (c != '"' && c != ' ') {
                name += c;
            }
        }
        return name;
    }

    static std::string checked_content_id(const std::string& id) {
        if (id.empty()) {
            return id;
        }
        const std::string plain = id.front() == '<' && id.back() == '>' ? id.substr(1, id.size() - 2) : id;
        check_addr_spec(plain.find('@') == std::string::npos ? plain + "@part" : plain, "MIME.ContentID");
        return plain;
    }

    message& message_;
    std::vector<message_part> parts_;
};

}  // namespace

void compose_mail(message& one) { composer(one).compose(); }

envelope envelope_of(const message& one) {
    envelope out;
    out.sender = one.get_or(envelope_sender_property, "");
    std::string_view rest;
    const std::string recipients = one.get_or(envelope_recipients_property, "");
    for (rest = recipients; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        out.recipients.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace hawser::smtp
