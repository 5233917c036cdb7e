#include "smime_decoder.hpp"

#include "decoded_properties.hpp"
#include "encoded_words.hpp"
#include "hawser/sdk/draft_message_parts.hpp"
#include "message_decoding.hpp"

namespace hawser::smime {
namespace {

constexpr std::int64_t body_part_index_max = 1000;

// The message as it comes; each read looks whether the host wants to stop, because the first read of the decoded body
// may take as long as the whole message.
class cancellable_source final : public stream_source {
public:
    cancellable_source(body_stream upstream, message one) : upstream_(std::move(upstream)), message_(std::move(one)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        if (message_.is_cancelled()) {
            throw failure(HAWSER_CANCELLED, "decoding was cancelled");
        }
        return upstream_.read(buffer, capacity);
    }

private:
    body_stream upstream_;
    message message_;
};

class decoded_source final : public stream_source {
public:
    decoded_source(message one, body_stream whole, message_decoding decoding, bool checked_revocation)
        : message_(std::move(one)),
          whole_(std::move(whole)),
          decoding_(std::move(decoding)),
          checked_revocation_(checked_revocation) {}

    std::size_t read(void* buffer, std::size_t capacity) override {
        if (!body_) {
            body_ = decoding_.open(std::move(whole_));
        }
        const std::size_t size = body_.read(buffer, capacity);
        if (size == 0 && !is_told_) {
            is_told_ = true;
            hand_over_parts();
            promote_decoded_properties(message_, decoding_.facts(), checked_revocation_);
        }
        return size;
    }

private:
    void hand_over_parts() {  // the body part is described, the others added
        const decode_facts& facts = decoding_.facts();
        const bool takes_parts = takes_draft_parts(message_.host());
        if (takes_parts && !facts.content_type.empty()) {  // empty: it is no MIME message, and passes as it is
            describe_draft_body(message_, {.content_type = printable(facts.content_type),
                                           .charset = facts.charset,
                                           .file_name = facts.file_name});
        }
        std::vector<message_decoding::further_part> parts = decoding_.take_further_parts();
        if (!parts.empty() && !takes_parts) {
            message_.host().log(log_level::warning,
                                "the message has " + std::to_string(parts.size()) +
                                    " parts beside its body part, and this engine takes none from a decoder",
                                message_.abi());
            return;
        }
        for (message_decoding::further_part& one : parts) {
            add_draft_part(message_, one.described, std::move(one.body));
        }
    }

    message message_;
    body_stream whole_;
    message_decoding decoding_;
    body_stream body_;
    bool checked_revocation_;
    bool is_told_ = false;
};

}  // namespace

config_spec smime_decoder::spec() {
    config_spec made;
    made.boolean("AllowNonMIMEMessage", "Lets a message that is no MIME message pass as it is.", "false")
        .string("BodyPartContentType", "The body part is the first part of this content type (text/xml).")
        .integer("BodyPartIndex", "The body part is the part of this number, from 1; 0 = not by number.", 0,
                 body_part_index_max, "0")
        .boolean("CheckRevocationList", "Requires a current CRL of every issuer that does not list the signer.", "true")
        .enumeration("Require", "What a message has to be, else it is refused.",
                     "none=0|signed=1|encrypted=2|signedAndEncrypted=3|signedBySender=4|signedBySenderAndEncrypted=5",
                     "none")
        .boolean("AllowUnauthenticatedEncryption",
                 "Takes messages that are encrypted in CBC mode and not signed inside, which can be changed unnoticed.",
                 "false")
        .boolean(
            "AllowLegacyAlgorithms",
            "Takes what is not secure any more: DES3, DES, RC2, SHA-1 (signatures, certificates, CRLs), short salts of "
            "RSASSA-PSS, RSA keys from 1024 bits.",
            "false");
    return made;
}

smime_decoder::smime_decoder(const config& values) {
    const std::string required = values.string("/Require");
    policy_.allows_non_mime = values.boolean("/AllowNonMIMEMessage");
    policy_.allows_unauthenticated_encryption = values.boolean("/AllowUnauthenticatedEncryption");
    policy_.allows_legacy_algorithms = values.boolean("/AllowLegacyAlgorithms");
    policy_.checks_revocation = values.boolean("/CheckRevocationList");
    policy_.requires_verified_sender = required == "signedBySender" || required == "signedBySenderAndEncrypted";
    policy_.requires_signature =
        required == "signed" || required == "signedAndEncrypted" || policy_.requires_verified_sender;
    policy_.requires_encryption =
        required == "encrypted" || required == "signedAndEncrypted" || required == "signedBySenderAndEncrypted";
    policy_.body_part_content_type = to_lower(values.string("/BodyPartContentType"));
    policy_.body_part_index = values.integer("/BodyPartIndex");
}

void smime_decoder::execute(message& one) {
    erase_decoded_properties(one);
    message_decoding decoding(material_of(one.host()), policy_);
    body_stream whole = make_stream(std::make_unique<cancellable_source>(one.take_body(), one));
    one.put_body(make_stream(
        std::make_unique<decoded_source>(one, std::move(whole), std::move(decoding), policy_.checks_revocation)));
}

std::shared_ptr<const decode_material> smime_decoder::material_of(const host& owner) {
    const std::uint64_t revision = owner.certificate_revision();
    if (!material_ || material_revision_ != revision) {
        material_ = load_decode_material(owner);
        material_revision_ = revision;
    }
    return material_;
}

}  // namespace hawser::smime
