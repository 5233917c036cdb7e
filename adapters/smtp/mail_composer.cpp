#include "mail_composer.hpp"

#include <algorithm>
#include <set>

#include "content_type.hpp"
#include "extra_headers.hpp"
#include "mail_address.hpp"
#include "mail_content.hpp"
#include "mail_header.hpp"
#include "mail_template.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr const char* envelope_sender_property = "SMTP.EnvelopeSender";
constexpr const char* envelope_recipients_property = "SMTP.EnvelopeRecipients";
constexpr const char* blind_content_type_property = "SMTP.BlindContentType";  // set where there are blind recipients

class composer {
public:
    explicit composer(message& one) : message_(one) {}

    void compose() {
        from_ = parse_single_address(address_text("SMTP.From"), "SMTP.From");
        to_ = addresses("SMTP.To");
        cc_ = addresses("SMTP.CC");
        blind_ = addresses("SMTP.BCC");
        auditors_ = auditors();
        if (to_.empty()) {
            throw failure("SMTP.To is empty: give the port an address (mailto:…), or set To");
        }
        write_headers();
        write_extra_headers();
        settle_envelope();
        mail_content content = make_mail_content(message_);
        message_.put_body(std::move(content.entity));
        if (!blind_.empty()) {
            message_.set(blind_content_type_property, content.content_type);
        }
        message_.set(HAWSER_IS_MIME_ENCODED, "true", property_kind::boolean);
        message_.set(HAWSER_TRANSFER_ENCODING, "7bit");
    }

private:
    std::string address_text(const char* property) const {
        return message_.host().expand_macros(message_.abi(), macro_place::address, message_.get_or(property, ""));
    }
    std::vector<mail_address> addresses(const char* property) const {
        return parse_address_list(address_text(property), property);
    }
    // Who gets a copy is the operator's to say: no message adds, or puts itself in the place of, an auditor.
    std::vector<mail_address> auditors() const {
        if (message_.origin_of("SMTP.AuditBCC") == property_origin::message) {
            throw failure("SMTP.AuditBCC came with the message; only the bindings and components may set it");
        }
        return addresses("SMTP.AuditBCC");
    }
    void write_addresses(const char* name, const std::vector<mail_address>& all) {
        if (!all.empty()) {
            message_.append_mail_header(name, encode_addresses(name, all));
        }
    }

    void write_headers() {
        const message_identity identity = message_.identity();
        write_addresses("From", {from_});
        write_addresses("To", to_);
        write_addresses("Cc", cc_);
        write_addresses("Reply-To", addresses("SMTP.ReplyTo"));
        const std::string subject = expand_templates(message_, "SMTP.Subject", "%MessageID%", template_place::header);
        message_.append_mail_header("Subject", encode_unstructured("Subject", subject));
        // Date and Message-ID are those of the publication: the same on every attempt.
        message_.append_mail_header("Date", encode_date(identity.published_unix_ms));
        message_.append_mail_header("Message-ID",
                                    '<' + identity.unique_id + '@' + std::string(domain_of(from_.address)) + '>');
        if (const std::string reply_by = message_.get_or("SMTP.ReplyBy", ""); !reply_by.empty()) {
            message_.append_mail_header("Reply-By", encode_unstructured("Reply-By", reply_by));
        }
        if (message_.is_true("SMTP.ReadReceipt")) {  // RFC 8098 section 2.1
            write_addresses("Disposition-Notification-To", {from_});
        }
    }

    void write_extra_headers() {
        const std::vector<std::string> all = split_list(message_.get_or("SMTP.ExtraHeaders", ""));
        if (all.size() > extra_header_count_max) {
            throw failure("SMTP.ExtraHeaders has more than 100 fields");
        }
        for (const std::string& text : all) {
            const mail_header field = parse_extra_header(text);
            const std::string value =
                expand_template_text(message_, "SMTP.ExtraHeaders", field.value, template_place::header);
            if (const std::string encoded = encode_unstructured(field.name, value); !encoded.empty()) {
                message_.append_mail_header(field.name, encoded);
            }
        }
    }

    void settle_envelope() {
        std::string recipients;
        std::set<std::string> seen;
        for (const auto* list : {&to_, &cc_, &blind_, &auditors_}) {
            for (const mail_address& one : *list) {
                if (seen.insert(one.address).second) {
                    recipients += one.address + '\n';
                }
            }
        }
        message_.set(envelope_sender_property, from_.address);
        message_.set(envelope_recipients_property, recipients);
    }

    message& message_;
    mail_address from_;
    std::vector<mail_address> to_;
    std::vector<mail_address> cc_;
    std::vector<mail_address> blind_;
    std::vector<mail_address> auditors_;
};

// The media type that the header block at the start of `entity` has; "" where none is found.
std::string media_type_at(std::string_view entity) {
    while (!entity.empty()) {
        const std::size_t end = std::min(entity.find("\r\n"), entity.size());
        const std::string_view line = entity.substr(0, end);
        constexpr std::string_view name = "content-type:";
        if (line.empty()) {
            return {};
        }
        if (equals_ignoring_case(line.substr(0, name.size()), name)) {
            std::string_view value = line.substr(name.size());
            value = value.substr(0, std::min(value.find(';'), value.size()));
            std::string type;
            for (const char c : value) {
                type += c == ' ' || c == '\t' ? std::string{} : std::string{lower(c)};
            }
            return type;
        }
        entity.remove_prefix(std::min(end + 2, entity.size()));
    }
    return {};
}

// What follows the first boundary line.
std::string_view first_part_of(std::string_view entity) {
    const std::size_t body = entity.find("\r\n\r\n");
    const std::size_t boundary = body == std::string_view::npos ? body : entity.find("\r\n--", body + 2);
    const std::size_t part = boundary == std::string_view::npos ? boundary : entity.find("\r\n", boundary + 2);
    return part == std::string_view::npos ? std::string_view{} : entity.substr(part + 2);
}

bool may_be_encrypted(std::string_view media_type) {
    return media_type == "application/pkcs7-mime" || media_type == "application/x-pkcs7-mime" ||
           media_type == "multipart/encrypted" || media_type == "application/pgp-encrypted";
}

}  // namespace

void compose_mail(message& one) { composer(one).compose(); }

envelope envelope_of(const message& one) {
    envelope out;
    out.sender = one.get_or(envelope_sender_property, "");
    std::string_view rest;
    const std::string recipients = one.get_or(envelope_recipients_property, "");
    for (rest = recipients; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());  // a component may have written it anew
        out.recipients.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

void check_blind_recipients(const message& one, std::string_view start) {
    const std::string composed = one.get_or(blind_content_type_property, "");
    if (composed.empty()) {
        return;
    }
    const std::string outside = media_type_at(start);
    const std::string seen = outside == "multipart/signed" ? media_type_at(first_part_of(start)) : outside;
    if (seen != composed || may_be_encrypted(seen)) {
        throw failure("SMTP.BCC cannot be used here: the pipeline made \"" + shown(outside) +
                      "\" of the mail, which may be encrypted, and would tell the blind recipients to the others; send "
                      "to them through a port of their own, or sign with ClearSign only");
    }
}

}  // namespace hawser::smtp
