#include "signer_description.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "cms_structure.hpp"
#include "spool.hpp"

namespace hawser::smime {
namespace {

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
        out.push_back(digits[bytes[i] >> 4U]);
        out.push_back(digits[bytes[i] & 0x0fU]);
    }
    return out;
}

// SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, … }, ESSCertIDv2 ::= SEQUENCE { hashAlgorithm
// AlgorithmIdentifier DEFAULT sha256, certHash OCTET STRING, … }
std::string first_certificate_hash(const ASN1_STRING* value, int& digest) {
    auto all = std::make_shared<spool>();
    all->append({reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                 static_cast<std::size_t>(ASN1_STRING_length(value))});
    ber_reader reader{byte_reader(make_stream(all, 0, all->size()))};
    reader.enter(ber::sequence, "the signing certificate");
    reader.enter(ber::sequence, "the list of signing certificates");
    reader.enter(ber::sequence, "the signing certificate's identifier");
    if (reader.is_next(ber::sequence)) {
        reader.enter(ber::sequence, "the hash algorithm");
        digest = nid_of(reader.capture(ber::object_identifier, small_element_max, "the hash algorithm"));
        reader.skip_rest();
        reader.leave();
    }
    reader.enter_octets(ber::octet_string, "the certificate's hash");
    std::array<char, EVP_MAX_MD_SIZE> hash{};
    return {hash.data(), reader.read_octets(hash.data(), hash.size())};
}

// A name with a NUL in it is meant to be read as another one: it is none.
void add_name(const ASN1_STRING* name, std::vector<std::string>& all) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, name);
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

}  // namespace

std::string thumbprint_of(X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha1(), digest.data(), &size) != 1) {
        throw_openssl_failure("working out a thumbprint");
    }
    return hexadecimal(digest.data(), size);
}

std::string serial_of(const ASN1_INTEGER* serial) {
    return hexadecimal(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
}

certificate_addresses addresses_of(const X509* certificate) {
    certificate_addresses all;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    for (int at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, -1); at >= 0;
         at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) {
        add_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), all.mailboxes);
    }
    const std::unique_ptr<GENERAL_NAMES, deleter<&GENERAL_NAMES_free>> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_EMAIL) {
            add_name(name->d.rfc822Name, all.mailboxes);
        } else if (name->type == GEN_DNS) {
            add_name(name->d.dNSName, all.domains);
        } else if (name->type == GEN_OTHERNAME &&
                   OBJ_obj2nid(name->d.otherName->type_id) == NID_id_on_SmtpUTF8Mailbox &&
                   name->d.otherName->value->type == V_ASN1_UTF8STRING) {
            add_name(name->d.otherName->value->value.utf8string, all.mailboxes);
        }
    }
    return all;
}

bool names_certificate(CMS_SignerInfo* signer, X509* certificate) {
    if (CMS_signed_get_attr_by_NID(signer, NID_id_smime_aa_signingCertificateV2, -1) < 0) {
        return true;
    }
    const auto* value = static_cast<const ASN1_STRING*>(
        CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2), -3, V_ASN1_SEQUENCE));
    if (value == nullptr) {
        return false;
    }
    int digest = NID_sha256;
    const std::string named = first_certificate_hash(value, digest);
    const EVP_MD* algorithm = EVP_get_digestbynid(digest);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    return algorithm != nullptr && X509_digest(certificate, algorithm, hash.data(), &size) == 1 &&
           named == std::string_view(reinterpret_cast<const char*>(hash.data()), size);
}

std::string signing_time_of(CMS_SignerInfo* signer) {
    const int at = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
    const X509_ATTRIBUTE* attribute = at < 0 ? nullptr : CMS_signed_get_attr(signer, at);
    const ASN1_TYPE* value =
        attribute == nullptr ? nullptr : X509_ATTRIBUTE_get0_type(const_cast<X509_ATTRIBUTE*>(attribute), 0);
    std::tm time{};
    if (value == nullptr || (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME) ||
        ASN1_TIME_to_tm(value->value.asn1_string, &time) != 1) {
        return "";
    }
    std::array<char, 40> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &time);
    return {text.data(), size};
}

}  // namespace hawser::smime
