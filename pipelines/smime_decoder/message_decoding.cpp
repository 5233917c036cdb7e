#include "message_decoding.hpp"

#include <openssl/objects.h>

#include <algorithm>

#include "cms_envelope.hpp"
#include "cms_signature.hpp"
#include "cms_structure.hpp"
#include "encoded_words.hpp"
#include "header_protection.hpp"
#include "legacy_display.hpp"
#include "transfer_decoder.hpp"

namespace hawser::smime {
namespace {

bool ends_with(const std::string& text, std::string_view end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// RFC 8551 section 3.10: also a file of that name, from senders that do not know better.
bool is_cms_type(const mime_header& header, const content_type& type) {
    return type.type == "application/pkcs7-mime" || type.type == "application/x-pkcs7-mime" ||
           (type.type == "application/octet-stream" && ends_with(to_lower(header.file_name()), ".p7m"));
}

bool is_seal(const mime_header& header, const content_type& type) {
    return is_cms_type(header, type) || type.type == "multipart/signed";
}

std::shared_ptr<spool> fill_spool(body_stream from) {
    auto filled = std::make_shared<spool>();
    std::string block(content_block_size, '\0');
    while (const std::size_t size = from.read(block.data(), block.size())) {
        filled->append(std::string_view(block).substr(0, size));
    }
    return filled;
}

// Every LF without its CR gets one.
struct line_end_canonicalizer {
    char previous = 0;
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            if (c == '\n' && previous != '\r') {
                out.push_back('\r');
            }
            out.push_back(c);
            previous = c;
        }
    }
    void finish(std::string&) const {}
};

// "From ap@partner.example Thu Nov 26 09:00:00 2026", as mailbox files begin (RFC 4155) and some transports hand a
// message over: its size, 0 where the first line is another. "From :" is a header field.
std::size_t mailbox_line_size(std::string_view block) {
    const std::size_t end = block.find('\n');
    const std::size_t word = block.find_first_not_of(' ', std::string_view("From ").size());
    const bool is_there = block.substr(0, 5) == "From " && end != std::string_view::npos && word < end &&
                          block[word] != ':' && block[word] != '\r' && block[word] != '\t';
    return is_there ? end + 1 : 0;
}

}  // namespace

message_decoding::entity message_decoding::read_entity(body_stream whole) {
    byte_reader bytes(std::move(whole));
    const std::string_view block = bytes.look(mime_header::size_max);
    const std::size_t skipped = facts_.layers.empty() ? mailbox_line_size(block) : 0;
    std::optional<mime_header> header = parse_mime_header(block.substr(skipped), mime_header::size_max - skipped);
    const bool is_mime = header && (header->find("MIME-Version") != nullptr ||
                                    header->find("Content-Type") != nullptr || !facts_.layers.empty());
    if (!is_mime && !(facts_.layers.empty() && policy_.allows_non_mime)) {
        throw failure(facts_.layers.empty()
                          ? "the message is no MIME message; if such ones are expected, set AllowNonMIMEMessage to true"
                          : "what is inside the seal is no MIME entity (RFC 8551 section 3.1)");
    }
    if (!is_mime) {
        return {mime_header{}, content_type{}, make_stream(std::move(bytes))};
    }
    bytes.consume(skipped + header->size);
    content_type type = header->type();
    return {*std::move(header), std::move(type), make_stream(std::move(bytes))};
}

body_stream message_decoding::open(body_stream whole) {
    entity one = read_entity(std::move(whole));
    has_bare_line_feeds_ = one.header.has_bare_line_feeds;
    take_outer_fields(one.header, facts_);
    const mime_header outer = one.header;
    while (is_seal(one.header, one.type)) {
        if (facts_.layers.size() == layers_max) {
            throw failure("the message is sealed more than " + std::to_string(layers_max) + " times");
        }
        one = read_entity(unwrap(std::move(one)));
    }
    if (!facts_.layers.empty()) {
        take_protected_fields(outer, one.header, one.type, facts_);
        one = unwrap_message(std::move(one), outer);
    }
    if (facts_.is_header_protected && facts_.is_encrypted()) {
        for (const header_field& field : one.header.fields) {
            hidden_names_.push_back(to_lower(field.name));
        }
    }
    check_seals();
    return open_body(std::move(one));
}

message_decoding::entity message_decoding::unwrap_message(entity one, const mime_header& outer) {
    if (one.type.type != "message/rfc822") {
        return one;
    }
    byte_reader bytes(decode_transfer(std::move(one.body), one.header.transfer_encoding()));
    std::optional<mime_header> inner = parse_mime_header(bytes.look(mime_header::size_max));
    if (!inner || !is_wrapped_message(one.type, *inner) || is_seal(*inner, inner->type())) {
        one.header.fields.erase(std::remove_if(one.header.fields.begin(), one.header.fields.end(),
                                               [](const header_field& field) {
                                                   return to_lower(field.name) == "content-transfer-encoding";
                                               }),
                                one.header.fields.end());  // it is decoded now
        one.body = make_stream(std::move(bytes));
        return one;
    }
    take_wrapped_fields(outer, *inner, facts_);
    bytes.consume(inner->size);
    content_type type = inner->type();
    return {*std::move(inner), std::move(type), make_stream(std::move(bytes))};
}

body_stream message_decoding::unwrap(entity sealed) {
    if (sealed.type.type == "multipart/signed") {
        return unwrap_clear(std::move(sealed));
    }
    ber_reader structure{byte_reader(decode_transfer(std::move(sealed.body), sealed.header.transfer_encoding()))};
    const int kind = enter_content_info(structure);
    return kind == NID_pkcs7_signed ? open_signed(std::move(structure), *material_, policy_, facts_)
                                    : open_envelope(std::move(structure), kind, *material_, policy_, facts_);
}

body_stream message_decoding::unwrap_clear(entity sealed) {
    const std::string protocol = to_lower(sealed.type.parameter("protocol"));
    if (protocol != "application/pkcs7-signature" && protocol != "application/x-pkcs7-signature") {
        throw failure("the message is signed by protocol \"" + printable(protocol.substr(0, 80)) +
                      "\"; application/pkcs7-signature is supported");
    }
    if (sealed.header.transfer_encoding() == "base64" || sealed.header.transfer_encoding() == "quoted-printable") {
        throw failure("multipart/signed has a Content-Transfer-Encoding, which it must not (RFC 2045 section 6.4)");
    }
    const std::shared_ptr<spool> all = fill_spool(std::move(sealed.body));
    const std::vector<mime_part> parts = find_parts(all, 0, all->size(), sealed.type);
    if (parts.size() != 2) {
        throw failure("multipart/signed has " + std::to_string(parts.size()) +
                      " parts and must have two (RFC 1847): somebody may have added what was not signed");
    }
    const std::string type = parts[1].header.type().type;
    if (type != "application/pkcs7-signature" && type != "application/x-pkcs7-signature") {
        throw failure("the second part of multipart/signed is of type " + printable(type.substr(0, 80)) +
                      " and no signature");
    }
    const auto content = [&] {
        body_stream part = make_stream(all, parts[0].begin, parts[0].end);
        return has_bare_line_feeds_ ? hawser::make_stream(std::make_unique<filtered_stream<line_end_canonicalizer>>(
                                          std::move(part), line_end_canonicalizer{}))
                                    : std::move(part);
    };
    verify_detached(
        decode_transfer(make_stream(all, parts[1].body_begin, parts[1].end), parts[1].header.transfer_encoding()),
        content(), sealed.type.parameter("micalg"), *material_, policy_, facts_);
    return content();
}

void message_decoding::check_seals() const {
    if (!facts_.is_authenticated() && !policy_.allows_unauthenticated_encryption) {
        throw failure(
            "the message is encrypted in CBC mode without a signature inside, so that it could have been changed on "
            "its way unnoticed; ask the sender to sign it or to use AES-GCM, or set "
            "AllowUnauthenticatedEncryption to true");
    }
    if (policy_.requires_signature && !facts_.is_signed()) {
        throw failure(std::string("the message is not signed") +
                      (facts_.has_outer_signature() ? " inside its encryption, and who signed around it need not know "
                                                      "what is inside; the decoder's Require says that it has to be"
                                                    : ", and the decoder's Require says that it has to be"));
    }
    if (policy_.requires_encryption && !facts_.is_encrypted()) {
        throw failure("the message is not encrypted, and the decoder's Require says that it has to be");
    }
    if (policy_.requires_verified_sender && !facts_.is_sender_verified()) {
        throw failure("the message is signed by \"" + facts_.signer().subject +
                      "\", whose certificate does not have the address that it is from, and the decoder's Require says "
                      "that it has to be signed by its sender");
    }
}

body_stream message_decoding::open_body(entity one) {
    if (one.type.is_multipart()) {
        return open_part(std::move(one));
    }
    facts_.part_count = 1;
    facts_.body_part_index = 1;
    facts_.content_type = one.type.type;
    facts_.charset = printable(one.type.parameter("charset"));
    facts_.file_name = printable(one.header.file_name());
    if (policy_.body_part_index > 1 ||
        (!policy_.body_part_content_type.empty() && policy_.body_part_content_type != one.type.type)) {
        throw failure("the message has one part, of type " + printable(one.type.type) +
                      ", and that is not the one that BodyPartIndex and BodyPartContentType ask for");
    }
    body_stream body = decode_transfer(std::move(one.body), one.header.transfer_encoding());
    return drop_legacy_display(std::move(body), one.type, hidden_names_);
}

body_stream message_decoding::open_part(entity one) {
    parts_bytes_ = fill_spool(std::move(one.body));
    parts_ = find_leaves(parts_bytes_, 0, parts_bytes_->size(), one.type);
    for (const mime_part& leaf : parts_) {
        if (facts_.layers.empty() && is_seal(leaf.header, leaf.header.type())) {
            throw failure(
                "the message has a signed or encrypted part beside parts that are neither, which somebody may have "
                "put around it (EFAIL): it is not decrypted; ask the sender to seal the whole message");
        }
    }
    const mime_part& chosen = choose(parts_);
    const content_type type = chosen.header.type();
    facts_.part_count = parts_.size();
    facts_.body_part_index = static_cast<std::size_t>(&chosen - parts_.data()) + 1;
    facts_.content_type = type.type;
    facts_.charset = printable(type.parameter("charset"));
    facts_.file_name = printable(chosen.header.file_name());
    return open_leaf(chosen);
}

body_stream message_decoding::open_leaf(const mime_part& leaf) const {
    body_stream body =
        decode_transfer(make_stream(parts_bytes_, leaf.body_begin, leaf.end), leaf.header.transfer_encoding());
    return drop_legacy_display(std::move(body), leaf.header.type(), hidden_names_);
}

std::vector<message_decoding::further_part> message_decoding::take_further_parts() {
    std::vector<further_part> all;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (i + 1 == facts_.body_part_index) {
            continue;
        }
        const content_type type = parts_[i].header.type();
        message_part described;
        described.file_name = printable(parts_[i].header.file_name());
        described.name = described.file_name.empty() ? "part-" + std::to_string(i + 1) : described.file_name;
        described.content_type = printable(type.type);
        described.charset = printable(type.parameter("charset"));
        all.push_back({std::move(described), open_leaf(parts_[i])});
    }
    parts_.clear();
    return all;
}

const mime_part& message_decoding::choose(const std::vector<mime_part>& leaves) {
    const auto first = [&](auto&& fits) -> const mime_part* {
        for (const mime_part& one : leaves) {
            if (fits(one)) {
                return &one;
            }
        }
        return nullptr;
    };
    const std::string& wanted = policy_.body_part_content_type;
    if (policy_.body_part_index > 0) {
        const auto index = static_cast<std::size_t>(policy_.body_part_index);
        if (index > leaves.size() || (!wanted.empty() && leaves[index - 1].header.type().type != wanted)) {
            throw failure("the message has " + std::to_string(leaves.size()) + " parts, and none of them is number " +
                          std::to_string(index) + (wanted.empty() ? "" : " and of type " + wanted) +
                          ", as BodyPartIndex asks for");
        }
        return leaves[index - 1];
    }
    if (!wanted.empty()) {
        const mime_part* found = first([&](const mime_part& one) { return one.header.type().type == wanted; });
        if (found == nullptr) {
            throw failure("none of the message's " + std::to_string(leaves.size()) + " parts is of type " + wanted +
                          ", as BodyPartContentType asks for");
        }
        return *found;
    }
    const mime_part* found =
        first([](const mime_part& one) { return to_lower(one.header.value("Content-Description")) == "body"; });
    found = found != nullptr ? found : first([](const mime_part& one) { return one.header.type().type == "text/xml"; });
    found = found != nullptr
                ? found
                : first([](const mime_part& one) { return one.header.type().type.rfind("text/", 0) == 0; });
    return found != nullptr ? *found : leaves.front();
}

}  // namespace hawser::smime
