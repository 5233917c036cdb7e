#include "pss_parameters.hpp"

#include <openssl/asn1t.h>
#include <openssl/rsa.h>

namespace hawser::smime {

pss_parameters parse_pss_parameters(const X509_ALGOR* algorithm) {
    const std::unique_ptr<RSA_PSS_PARAMS, deleter<&RSA_PSS_PARAMS_free>> parsed(
        static_cast<RSA_PSS_PARAMS*>(ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(RSA_PSS_PARAMS), algorithm->parameter)));
    pss_parameters found;
    if (!parsed) {
        return {NID_undef, NID_undef, 0};
    }
    if (parsed->hashAlgorithm != nullptr) {
        found.digest = OBJ_obj2nid(parsed->hashAlgorithm->algorithm);
    }
    if (parsed->maskGenAlgorithm != nullptr) {
        const std::unique_ptr<X509_ALGOR, deleter<&X509_ALGOR_free>> mask(static_cast<X509_ALGOR*>(
            ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(X509_ALGOR), parsed->maskGenAlgorithm->parameter)));
        found.mask_digest = mask ? OBJ_obj2nid(mask->algorithm) : NID_undef;
    }
    if (parsed->saltLength != nullptr) {
        found.salt_size = ASN1_INTEGER_get(parsed->saltLength);
    }
    return found;
}

}  // namespace hawser::smime
