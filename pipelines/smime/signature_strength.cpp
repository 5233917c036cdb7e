#include "signature_strength.hpp"

#include <algorithm>
#include <array>

#include "pss_parameters.hpp"

namespace hawser::smime {
namespace {

int nid_of(const X509_ALGOR* signature) {
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, signature);
    return OBJ_obj2nid(object);
}

int digest_of(const X509_ALGOR* signature) {
    const int nid = nid_of(signature);
    int digest = NID_undef;
    if (nid == NID_rsassaPss) {
        return parse_pss_parameters(signature).digest;
    }
    return OBJ_find_sigid_algs(nid, &digest, nullptr) == 1 ? digest : NID_undef;
}

}  // namespace

bool has_strong_digest(const X509_ALGOR* signature, bool allows_legacy) {
    constexpr std::array strong{NID_sha224,   NID_sha256,   NID_sha384,   NID_sha512,
                                NID_sha3_224, NID_sha3_256, NID_sha3_384, NID_sha3_512};
    const int nid = nid_of(signature);
    if (nid == NID_ED25519 || nid == NID_ED448) {  // with a hash of their own
        return true;
    }
    const int digest = digest_of(signature);
    return std::find(strong.begin(), strong.end(), digest) != strong.end() || (allows_legacy && digest == NID_sha1);
}

bool is_strong_key(const EVP_PKEY* key, bool allows_legacy) {
    return key != nullptr && EVP_PKEY_get_security_bits(key) >= (allows_legacy ? 80 : 112);
}

std::string signature_text(const X509* certificate) {
    const X509_ALGOR* signature = X509_get0_tbs_sigalg(certificate);
    const int digest = digest_of(signature);
    return OBJ_nid2ln(digest == NID_undef ? nid_of(signature) : digest);
}

std::string key_text(const X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    const char* kind = key == nullptr ? nullptr : EVP_PKEY_get0_type_name(key);
    return kind == nullptr ? "of an unknown kind"
                           : std::string(kind) + ' ' + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
}

}  // namespace hawser::smime
