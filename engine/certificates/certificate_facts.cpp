#include "certificates/certificate_facts.hpp"

#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/openssl_pointers.hpp"

namespace hawser::engine {
namespace {

void free_names(GENERAL_NAMES* names) { GENERAL_NAMES_free(names); }
using names_pointer = std::unique_ptr<GENERAL_NAMES, openssl_deleter<&free_names>>;

// A name with a NUL in it is meant to be read as another one: it is none.
void add_text(const ASN1_STRING* string, std::vector<std::string>& all) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, string);
    if (size < 0) {
        return;
    }
    std::string found(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
    if (!found.empty() && found.find('\0') == std::string::npos &&
        std::find(all.begin(), all.end(), found) == all.end()) {
        all.push_back(std::move(found));
    }
}

certificate_addresses addresses_of(const X509* certificate) {
    certificate_addresses all;
    const names_pointer names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_EMAIL) {
            add_text(name->d.rfc822Name, all.mailboxes);
        } else if (name->type == GEN_DNS) {
            add_text(name->d.dNSName, all.domains);
        } else if (name->type == GEN_OTHERNAME &&
                   OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
                   name->d.otherName->value->type == V_ASN1_UTF8STRING) {
            add_text(name->d.otherName->value->value.utf8string, all.mailboxes);
        }
    }
    const X509_NAME* subject = X509_get_subject_name(certificate);
    for (int at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) {
        add_text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), all.mailboxes);
    }
    return all;
}

std::string serial_of(const X509* certificate) {
    const std::unique_ptr<BIGNUM, openssl_deleter<&BN_free>> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    char* digits = number ? BN_bn2hex(number.get()) : nullptr;
    std::string text = digits == nullptr ? "" : digits;
    OPENSSL_free(digits);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c); });
    return text;
}

std::string key_text(const EVP_PKEY* key) {
    if (key == nullptr) {
        return "unknown";
    }
    char curve[80];
    std::size_t size = 0;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, curve, sizeof curve, &size) == 1) {
        return "EC " + std::string(curve, size);
    }
    const char* kind = EVP_PKEY_get0_type_name(key);
    const std::string name = kind == nullptr ? "unknown" : kind;
    return name.starts_with("RSA") ? name + ' ' + std::to_string(EVP_PKEY_get_bits(key)) : name;
}

}  // namespace

mail_usage mail_usage_of(X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    const bool agrees = key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    const std::uint32_t usage = X509_get_key_usage(certificate);  // all of them where there is no such extension
    const bool is_for_mail = (X509_get_extended_key_usage(certificate) & (XKU_SMIME | XKU_ANYEKU)) != 0;
    mail_usage found;
    found.is_authority = X509_check_ca(certificate) != 0;
    found.fits_signing = is_for_mail && (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
    found.fits_encryption = is_for_mail && (usage & (agrees ? KU_KEY_AGREEMENT : KU_KEY_ENCIPHERMENT)) != 0;
    ERR_clear_error();
    return found;
}

certificate_facts read_certificate_facts(const certificate_entry& entry) {
    certificate_facts facts;
    const x509_pointer owned = x509_of(entry.der);
    X509* certificate = owned.get();
    if (certificate == nullptr) {
        return facts;
    }
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    facts.addresses = addresses_of(certificate);
    facts.issuer = name_text(X509_get_issuer_name(certificate));
    facts.serial = serial_of(certificate);
    facts.key = key_text(key);
    const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
    facts.has_encryption_key = kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC;
    facts.has_signing_key = facts.has_encryption_key || kind == EVP_PKEY_RSA_PSS;
    facts.key_strength_bits = key == nullptr ? 0 : EVP_PKEY_get_security_bits(key);
    X509_get_signature_info(certificate, nullptr, nullptr, &facts.signature_strength_bits, nullptr);
    facts.is_self_signed = (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
    ERR_clear_error();
    return facts;
}

}  // namespace hawser::engine
