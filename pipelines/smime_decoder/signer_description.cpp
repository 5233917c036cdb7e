#include "signer_description.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <ctime>

#include "cms_structure.hpp"
#include "encoded_words.hpp"
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

std::vector<std::string> addresses_of(X509* certificate) {
    std::vector<std::string> all;
    STACK_OF(OPENSSL_STRING)* found = X509_get1_email(certificate);  // without those that have a zero in them
    for (int i = 0; i < sk_OPENSSL_STRING_num(found); ++i) {
        all.push_back(printable(sk_OPENSSL_STRING_value(found, i)));
    }
    X509_email_free(found);
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
