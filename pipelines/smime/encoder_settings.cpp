#include "encoder_settings.hpp"

#include "seal_algorithms.hpp"

namespace hawser::smime {
namespace {

// By the Profile where it is not given: those that are for parity, or for a market whose programs read the subject,
// change no mail.
header_policy policy_of(const config& values) {
    const std::string word = values.string("/HeaderProtection");
    if (!word.empty()) {
        return header_policy_named(word);
    }
    return values.string("/Profile") == "smime4" ? header_policy::baseline : header_policy::none;
}

bool hides_fields(header_policy policy) { return policy == header_policy::baseline || policy == header_policy::shy; }

class effect_checker {
public:
    effect_checker(const config& values, problems& found)
        : values_(values),
          found_(found),
          is_signed_(values.string("/SignatureType") != "NoSign"),
          is_encrypted_(values.boolean("/EnableEncryption")) {}

    void check() {
        check_seals();
        check_algorithms();
        check_header_protection();
        const std::string encoding = values_.string("/ContentTransferEncoding");
        if (values_.string("/SignatureType") == "ClearSign" && (encoding == "EightBit" || encoding == "Binary")) {
            found_.warning("/ContentTransferEncoding",
                           "ClearSign signs what is 7bit only, and suspends messages of which " + encoding +
                               " makes something else");
        }
    }

private:
    void check_seals() {
        if (values_.boolean("/TripleWrap") && !(is_signed_ && is_encrypted_)) {
            found_.error("/TripleWrap",
                         "what is wrapped three times is signed and encrypted: set SignatureType and "
                         "EnableEncryption, or leave TripleWrap out");
        }
        if (!values_.string("/EncryptToSelf").empty() && !is_encrypted_) {
            found_.error("/EncryptToSelf", "nothing is encrypted: set EnableEncryption, or leave EncryptToSelf out");
        }
        if (!values_.boolean("/AddSigningCertToMessage") && !is_signed_) {
            found_.warning("/AddSigningCertToMessage", "this has no effect: nothing is signed");
        }
        if (!values_.boolean("/CheckRevocationList") && !is_signed_ && !is_encrypted_) {
            found_.warning("/CheckRevocationList", "this has no effect: nothing is signed or encrypted");
        }
    }
    void warn_where_given(const char* property, bool has_effect, const char* reason) {
        if (!has_effect && !values_.string(property).empty()) {
            found_.warning(property, std::string("this has no effect: ") + reason);
        }
    }
    void check_algorithms() {
        for (const char* property : {"/SignaturePadding", "/Digest"}) {
            warn_where_given(property, is_signed_, "nothing is signed; set SignatureType, or leave it out");
        }
        for (const char* property : {"/EncryptionAlgorithm", "/KeyTransport"}) {
            warn_where_given(property, is_encrypted_, "nothing is encrypted; set EnableEncryption, or leave it out");
        }
        if (values_.boolean("/AllowLegacyAlgorithms") && !is_encrypted_ && !is_signed_) {
            found_.warning("/AllowLegacyAlgorithms", "this has no effect: nothing is signed or encrypted");
        }
        const std::string profile = values_.string("/Profile");
        if (!profile.empty() && profile != "biztalk" && !is_signed_ && !is_encrypted_) {
            found_.warning("/Profile", "this has no effect: nothing is signed or encrypted");
        }
    }
    void check_header_protection() {
        const std::string word = values_.string("/HeaderProtection");
        const header_policy policy = policy_of(values_);
        if (!word.empty() && word != "none" && !is_signed_ && !is_encrypted_) {
            found_.warning("/HeaderProtection", "this has no effect: nothing is signed or encrypted");
        } else if (!word.empty() && hides_fields(policy) && !is_encrypted_) {
            found_.warning("/HeaderProtection",
                           "the header is signed, but nothing of it is hidden, because nothing is "
                           "encrypted: set EnableEncryption, or hcp_no_confidentiality");
        }
        if (word == "hcp_no_confidentiality" && is_encrypted_) {
            found_.warning("/HeaderProtection",
                           "the subject stays readable for everybody beside the encrypted mail: hcp_baseline hides it");
        }
        if (!values_.boolean("/LegacyDisplay") && !(hides_fields(policy) && is_encrypted_)) {
            found_.warning("/LegacyDisplay", "this has no effect: no header field is hidden");
        }
    }

    const config& values_;
    problems& found_;
    bool is_signed_;
    bool is_encrypted_;
};

}  // namespace

config_spec describe_encoder() {
    config_spec made;
    made.enumeration("SignatureType", "NoSign; ClearSign: readable without S/MIME; BlobSign: opaque.",
                     "NoSign=0|ClearSign=1|BlobSign=2", "NoSign")
        .boolean("EnableEncryption", "Encrypts for the port's encryptionCertificates.", "false")
        .boolean("AddSigningCertToMessage", "Sends the signing certificate and its chain along.", "true")
        .boolean("CheckRevocationList", "Requires a current CRL of every issuer that does not list the certificate.",
                 "true")
        .enumeration("ContentTransferEncoding",
                     "The encoding of the message's parts, where the adapter composes no mail and a part has no "
                     "MIME.ContentTransferEncoding.",
                     "Base64=0|QuotedPrintable=1|SevenBit=2|EightBit=3|Binary=4|UUEncode=5", "Base64")
        .with(property_flag::without_composer)
        .boolean("SendBodyPartAsAttachment",
                 "Gives the body part an attachment disposition, where the adapter composes no mail.", "false")
        .with(property_flag::without_composer)
        .string("EncryptToSelf",
                "Encrypts for this certificate of the personal folder too: a thumbprint, or a file name, of which the "
                "current one that may be encrypted for is taken.")
        .with(property_flag::own_recipient)
        .boolean("TripleWrap", "Signs, encrypts, and signs what was encrypted (RFC 2634 section 1.1).", "false");
    describe_algorithms(made);
    made.enumeration("HeaderProtection",
                     "Which mail header fields are sealed too (RFC 9788): none; or all, of which an encrypted mail "
                     "shows outside: hcp_no_confidentiality: all; hcp_baseline: no Subject, Comments and Keywords; "
                     "hcp_shy: besides, no display names and no time zone. Without it by Profile: smime4: "
                     "hcp_baseline, the others: none.",
                     "none=0|hcp_no_confidentiality=1|hcp_baseline=2|hcp_shy=3")
        .with(property_flag::needs_composer)
        .boolean("LegacyDisplay",
                 "Repeats hidden fields at the start of the mail's text, for mail programs that decrypt but do not "
                 "know RFC 9788.",
                 "true")
        .with(property_flag::needs_composer);
    return made;
}

void validate_encoder(const config& values, problems& found) {
    validate_algorithms(values, found);
    effect_checker(values, found).check();
}

header_protection read_header_protection(const config& values) {
    return {policy_of(values), values.boolean("/EnableEncryption"), values.string("/SignatureType") == "ClearSign",
            values.boolean("/LegacyDisplay")};
}

part_settings read_part_settings(const config& values) {
    return {part_encoding_named(values.string("/ContentTransferEncoding")),
            values.boolean("/SendBodyPartAsAttachment")};
}

}  // namespace hawser::smime
