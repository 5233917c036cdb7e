#include "certificates/key_derivation.hpp"

#include <memory>

#include "base/openssl_pointers.hpp"

namespace hawser::engine {
namespace {

void free_safes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }
void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) { sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free); }

// A number that is none, or does not fit, is more than any limit.
long count_of(const ASN1_INTEGER* rounds) {
    const long count = rounds == nullptr ? 1 : ASN1_INTEGER_get(rounds);
    return count < 0 || count > key_derivation_rounds_max ? key_derivation_rounds_max + 1 : count;
}

template <typename Type>
Type* unpack(const ASN1_ITEM* item, const ASN1_TYPE* parameter) {
    return parameter == nullptr ? nullptr : static_cast<Type*>(ASN1_TYPE_unpack_sequence(item, parameter));
}

bool is_affordable_safe(const PKCS7* safe) {
    if (PKCS7_type_is_encrypted(const_cast<PKCS7*>(safe)) != 0) {
        return safe->d.encrypted == nullptr || is_affordable(safe->d.encrypted->enc_data->algorithm);
    }
    if (PKCS7_type_is_data(const_cast<PKCS7*>(safe)) == 0) {
        return true;
    }
    const std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), openssl_deleter<&free_bags>> bags(
        PKCS12_unpack_p7data(const_cast<PKCS7*>(safe)));
    for (int i = 0; bags != nullptr && i < sk_PKCS12_SAFEBAG_num(bags.get()); ++i) {
        const PKCS12_SAFEBAG* bag = sk_PKCS12_SAFEBAG_value(bags.get(), i);
        if (PKCS12_SAFEBAG_get_nid(bag) == NID_pkcs8ShroudedKeyBag) {
            const X509_ALGOR* encryption = nullptr;
            X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &encryption, nullptr);
            if (!is_affordable(encryption)) {
                return false;
            }
        }
    }
    return true;
}

}  // namespace

bool is_affordable(const X509_ALGOR* encryption) {
    return key_derivation_rounds(encryption) <= key_derivation_rounds_max;
}

long key_derivation_rounds(const X509_ALGOR* encryption) {
    const ASN1_OBJECT* algorithm = nullptr;
    X509_ALGOR_get0(&algorithm, nullptr, nullptr, encryption);
    if (OBJ_obj2nid(algorithm) == NID_pbes2) {
        const std::unique_ptr<PBE2PARAM, openssl_deleter<&PBE2PARAM_free>> scheme(
            unpack<PBE2PARAM>(ASN1_ITEM_rptr(PBE2PARAM), encryption->parameter));
        if (!scheme) {
            return 0;  // it cannot be decrypted at all
        }
        X509_ALGOR_get0(&algorithm, nullptr, nullptr, scheme->keyfunc);
        if (OBJ_obj2nid(algorithm) != NID_id_pbkdf2) {
            return 0;  // scrypt: OpenSSL limits its memory, and so its time
        }
        const std::unique_ptr<PBKDF2PARAM, openssl_deleter<&PBKDF2PARAM_free>> derivation(
            unpack<PBKDF2PARAM>(ASN1_ITEM_rptr(PBKDF2PARAM), scheme->keyfunc->parameter));
        return derivation ? count_of(derivation->iter) : 0;
    }
    const std::unique_ptr<PBEPARAM, openssl_deleter<&PBEPARAM_free>> scheme(
        unpack<PBEPARAM>(ASN1_ITEM_rptr(PBEPARAM), encryption->parameter));
    return scheme ? count_of(scheme->iter) : 0;
}

bool is_affordable(const PKCS12* container) {
    const ASN1_INTEGER* rounds = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &rounds, container);
    if (count_of(rounds) > key_derivation_rounds_max) {
        return false;
    }
    const std::unique_ptr<STACK_OF(PKCS7), openssl_deleter<&free_safes>> safes(PKCS12_unpack_authsafes(container));
    for (int i = 0; safes != nullptr && i < sk_PKCS7_num(safes.get()); ++i) {
        if (!is_affordable_safe(sk_PKCS7_value(safes.get(), i))) {
            return false;
        }
    }
    return true;
}

}  // namespace hawser::engine
