#include "decoded_properties.hpp"

#include "encoded_words.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t promoted_size_max = 255;

constexpr const char* all_names[] = {"SMIME.IsSigned",
                                     "SMIME.IsEncrypted",
                                     "SMIME.Layers",
                                     "SMIME.EncryptionAlgorithm",
                                     "SMIME.KeyEncryptionAlgorithm",
                                     "SMIME.RecipientThumbprint",
                                     "SMIME.SignerSubject",
                                     "SMIME.SignerIssuer",
                                     "SMIME.SignerSerialNumber",
                                     "SMIME.SignerAddress",
                                     "SMIME.SignerDomain",
                                     "SMIME.SignerThumbprint",
                                     "SMIME.SignerCount",
                                     "SMIME.OuterSignerSubject",
                                     "SMIME.OuterSignerAddress",
                                     "SMIME.OuterSignerThumbprint",
                                     "SMIME.SigningTime",
                                     "SMIME.DigestAlgorithm",
                                     "SMIME.SignatureAlgorithm",
                                     "SMIME.ChainResult",
                                     "SMIME.RevocationResult",
                                     "SMIME.IsSenderVerified",
                                     "SMIME.SenderAddress",
                                     "SMIME.SenderFieldAddress",
                                     "SMIME.ProtectedFields",
                                     "SMIME.SignedFields",
                                     "SMIME.EncryptedFields",
                                     "SMIME.IsFromMismatched",
                                     "SMIME.MismatchedFrom",
                                     "BTS.SignatureCertificate",
                                     "MIME.ContentType",
                                     "MIME.FileName",
                                     "MIME.PartCount",
                                     "MIME.BodyPartIndex",
                                     "MIME.Subject",
                                     "MIME.From",
                                     "MIME.To",
                                     "MIME.CC",
                                     "MIME.Date",
                                     "MIME.ReplyTo",
                                     "MIME.Sender",
                                     "MIME.MessageID",
                                     "MIME.OuterSubject",
                                     "MIME.OuterFrom",
                                     "MIME.OuterTo",
                                     "MIME.OuterCC",
                                     "MIME.OuterDate",
                                     "MIME.OuterReplyTo",
                                     "MIME.OuterSender",
                                     "MIME.OuterMessageID"};

std::string join(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& one : all) {
        out += (out.empty() ? "" : ",") + printable(one);
    }
    return out;
}

const char* name_of(layer one) {
    switch (one) {
    case layer::signed_opaque: return "BlobSign";
    case layer::signed_clear: return "ClearSign";
    case layer::encrypted_cbc: return "Encrypted";
    default: return "AuthEncrypted";
    }
}

// A long value is kept whole rather than promoted in part: half a name would be another's.
class writer {
public:
    explicit writer(message& to) : to_(to) {}
    void text(const char* name, const std::string& value, property_kind kind = property_kind::string) {
        if (value.empty()) {
            return;
        }
        value.size() <= promoted_size_max ? to_.promote(name, value, kind) : to_.set(name, value, kind);
    }
    // For people to see, and no filter to go by.
    void unpromoted(const char* name, const std::string& value) {
        if (!value.empty()) {
            to_.set(name, value);
        }
    }
    void flag(const char* name, bool value) { text(name, value ? "true" : "false", property_kind::boolean); }
    void number(const char* name, std::size_t value) { text(name, std::to_string(value), property_kind::integer); }

private:
    message& to_;
};

void write_signer(writer& to, const decode_facts& facts, bool checked_revocation) {
    const signer_facts& signer = facts.signer();
    to.text("SMIME.SignerSubject", signer.subject);
    to.text("SMIME.SignerIssuer", signer.issuer);
    to.text("SMIME.SignerSerialNumber", signer.serial);
    to.text("SMIME.SignerAddress", join(signer.addresses.mailboxes));
    to.text("SMIME.SignerDomain", join(signer.addresses.domains));
    to.text("SMIME.SignerThumbprint", signer.thumbprint);
    to.text("BTS.SignatureCertificate", signer.thumbprint);
    to.number("SMIME.SignerCount", facts.signers.size());
    to.text("SMIME.SigningTime", signer.signing_time, property_kind::date_time);
    to.text("SMIME.DigestAlgorithm", signer.digest_algorithm);
    to.text("SMIME.SignatureAlgorithm", signer.signature_algorithm);
    to.text("SMIME.ChainResult", "trusted");  // anything else has failed the message
    to.text("SMIME.RevocationResult", checked_revocation ? "good" : "notChecked");
}

}  // namespace

void erase_decoded_properties(message& one) {
    for (const char* name : all_names) {
        one.erase(name);
    }
}

void promote_decoded_properties(message& one, const decode_facts& facts, bool checked_revocation) {
    writer to(one);
    to.flag("SMIME.IsSigned", facts.is_signed());
    to.flag("SMIME.IsEncrypted", facts.is_encrypted());
    std::vector<std::string> layers;
    for (const layer each : facts.layers) {
        layers.emplace_back(name_of(each));
    }
    to.text("SMIME.Layers", join(layers));
    to.text("SMIME.EncryptionAlgorithm", facts.encryption_algorithm);
    to.text("SMIME.KeyEncryptionAlgorithm", facts.key_encryption_algorithm);
    to.text("SMIME.RecipientThumbprint", facts.recipient_thumbprint);
    if (facts.is_signed()) {
        write_signer(to, facts, checked_revocation);
    }
    if (facts.has_outer_signature()) {
        const signer_facts& outer = facts.outer_signers.front();
        to.text("SMIME.OuterSignerSubject", outer.subject);
        to.text("SMIME.OuterSignerAddress", join(outer.addresses.mailboxes));
        to.text("SMIME.OuterSignerThumbprint", outer.thumbprint);
    }
    to.flag("SMIME.IsSenderVerified", facts.is_sender_verified());
    if (facts.is_sender_verified()) {
        to.text("SMIME.SenderAddress", plain_address(facts.from_address));
    }
    if (facts.is_sender_field_verified()) {
        to.text("SMIME.SenderFieldAddress", plain_address(facts.sender_address));
    }
    to.text("SMIME.ProtectedFields", join(facts.protected_fields));
    to.text("SMIME.SignedFields", join(facts.signed_fields));
    to.text("SMIME.EncryptedFields", join(facts.encrypted_fields));
    if (facts.is_header_protected) {
        to.flag("SMIME.IsFromMismatched", facts.is_from_mismatched);
        to.unpromoted("SMIME.MismatchedFrom", facts.mismatched_from);
    }
    to.text("MIME.ContentType", facts.content_type);
    to.text("MIME.FileName", facts.file_name);
    to.number("MIME.PartCount", facts.part_count);
    to.number("MIME.BodyPartIndex", facts.body_part_index);
    for (const auto& [name, value] : facts.header) {
        to.text(("MIME." + name).c_str(), value);
    }
    for (const auto& [name, value] : facts.outer_header) {
        to.text(("MIME.Outer" + name).c_str(), value);
    }
}

}  // namespace hawser::smime
