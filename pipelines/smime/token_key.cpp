// OpenSSL 3.0 calls these methods deprecated and has nothing else in their place that is less than a whole provider.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "token_key.hpp"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "hawser/sdk/draft_private_keys.hpp"
#include "trust_material.hpp"

namespace hawser::smime {
namespace {

using rsa_pointer = std::unique_ptr<RSA, deleter<&RSA_free>>;
using ec_key_pointer = std::unique_ptr<EC_KEY, deleter<&EC_KEY_free>>;

struct key_place {
    host owner;
    std::string uri;
};

thread_local std::optional<failure> last_failure;

void free_place(void*, void* place, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<key_place*>(place); }

int rsa_place_index() {
    static const int index = RSA_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_place);
    return index;
}

int ec_place_index() {
    static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, nullptr, &free_place);
    return index;
}

// Nothing is thrown through OpenSSL.
std::optional<std::string> use(const void* place, std::uint32_t operation, std::string_view input) noexcept {
    last_failure.reset();
    try {
        const auto& key = *static_cast<const key_place*>(place);
        return use_draft_private_key(key.owner, key.uri, operation, input);
    } catch (const failure& thrown) {
        if (thrown.status() != HAWSER_FAILED) {
            last_failure = thrown;
        }
    } catch (const std::exception& thrown) {
        last_failure = try_later(thrown.what());
    }
    return std::nullopt;
}

std::string_view text_of(const unsigned char* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

int use_rsa(std::uint32_t operation, int size, const unsigned char* from, unsigned char* to, RSA* key) noexcept {
    std::optional<std::string> made =
        use(RSA_get_ex_data(key, rsa_place_index()), operation, text_of(from, static_cast<std::size_t>(size)));
    if (!made || made->size() > static_cast<std::size_t>(RSA_size(key))) {
        return -1;
    }
    std::memcpy(to, made->data(), made->size());
    OPENSSL_cleanse(made->data(), made->size());
    return static_cast<int>(made->size());
}

int sign_with_rsa(int size, const unsigned char* from, unsigned char* to, RSA* key, int padding) noexcept {
    return padding == RSA_PKCS1_PADDING ? use_rsa(HAWSER_DRAFT_KEY_SIGN_PKCS1, size, from, to, key)
           : padding == RSA_NO_PADDING  ? use_rsa(HAWSER_DRAFT_KEY_SIGN_RAW, size, from, to, key)
                                        : -1;
}

int decrypt_with_rsa(int size, const unsigned char* from, unsigned char* to, RSA* key, int padding) noexcept {
    return padding == RSA_PKCS1_PADDING ? use_rsa(HAWSER_DRAFT_KEY_DECRYPT_PKCS1, size, from, to, key)
           : padding == RSA_NO_PADDING  ? use_rsa(HAWSER_DRAFT_KEY_DECRYPT_RAW, size, from, to, key)
                                        : -1;
}

ECDSA_SIG* sign_with_ec(const unsigned char* digest, int size, const BIGNUM*, const BIGNUM*, EC_KEY* key) noexcept {
    // A hash that is longer than the curve's order is cut (FIPS 186-4 section 6.4), which not all tokens do.
    const std::size_t order_size = (static_cast<std::size_t>(EC_GROUP_order_bits(EC_KEY_get0_group(key))) + 7) / 8;
    const std::optional<std::string> made = use(EC_KEY_get_ex_data(key, ec_place_index()), HAWSER_DRAFT_KEY_SIGN_ECDSA,
                                                text_of(digest, std::min(static_cast<std::size_t>(size), order_size)));
    if (!made || made->empty() || made->size() % 2 != 0) {
        return nullptr;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(made->data());
    const int half = static_cast<int>(made->size() / 2);
    BIGNUM* r = BN_bin2bn(bytes, half, nullptr);
    BIGNUM* s = BN_bin2bn(bytes + half, half, nullptr);
    ECDSA_SIG* signature = ECDSA_SIG_new();
    if (ECDSA_SIG_set0(signature, r, s) == 1) {
        return signature;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return nullptr;
}

int derive_with_ec(unsigned char** to, std::size_t* size, const EC_POINT* point, const EC_KEY* key) noexcept {
    unsigned char* encoded = nullptr;
    const std::size_t encoded_size =
        EC_POINT_point2buf(EC_KEY_get0_group(key), point, POINT_CONVERSION_UNCOMPRESSED, &encoded, nullptr);
    std::optional<std::string> made;
    if (encoded_size > 0) {
        made = use(EC_KEY_get_ex_data(key, ec_place_index()), HAWSER_DRAFT_KEY_DERIVE_ECDH,
                   text_of(encoded, encoded_size));
        OPENSSL_free(encoded);
    }
    if (!made || made->empty()) {
        return 0;
    }
    *to = static_cast<unsigned char*>(OPENSSL_memdup(made->data(), made->size()));
    *size = made->size();
    OPENSSL_cleanse(made->data(), made->size());
    return *to == nullptr ? 0 : 1;
}

const RSA_METHOD* rsa_method() {  // made once and never freed
    static const RSA_METHOD* const method = [] {
        RSA_METHOD* made = RSA_meth_dup(RSA_get_default_method());
        const bool is_made = made != nullptr && RSA_meth_set_priv_enc(made, &sign_with_rsa) == 1 &&
                             RSA_meth_set_priv_dec(made, &decrypt_with_rsa) == 1 &&
                             RSA_meth_set_flags(made, RSA_METHOD_FLAG_NO_CHECK | RSA_FLAG_EXT_PKEY) == 1;
        return is_made ? made : nullptr;
    }();
    return method;
}

const EC_KEY_METHOD* ec_method() {
    static const EC_KEY_METHOD* const method = [] {
        EC_KEY_METHOD* made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
        if (made != nullptr) {
            int (*sign)(int, const unsigned char*, int, unsigned char*, unsigned*, const BIGNUM*, const BIGNUM*,
                        EC_KEY*) = nullptr;
            int (*set_up)(EC_KEY*, BN_CTX*, BIGNUM**, BIGNUM**) = nullptr;
            EC_KEY_METHOD_get_sign(made, &sign, &set_up, nullptr);
            EC_KEY_METHOD_set_sign(made, sign, set_up, &sign_with_ec);
            EC_KEY_METHOD_set_compute_key(made, &derive_with_ec);
        }
        return made;
    }();
    return method;
}

// The caller's `place` is the key's once it is set.
bool becomes_rsa(EVP_PKEY* key, const EVP_PKEY* public_key, std::unique_ptr<key_place>& place) {
    const rsa_pointer known(EVP_PKEY_get1_RSA(const_cast<EVP_PKEY*>(public_key)));
    const rsa_pointer made(known ? RSAPublicKey_dup(known.get()) : nullptr);
    if (!made || rsa_method() == nullptr || RSA_set_method(made.get(), rsa_method()) != 1 ||
        RSA_set_ex_data(made.get(), rsa_place_index(), place.get()) != 1) {
        return false;
    }
    static_cast<void>(place.release());
    return EVP_PKEY_set1_RSA(key, made.get()) == 1;
}

bool becomes_ec(EVP_PKEY* key, const EVP_PKEY* public_key, std::unique_ptr<key_place>& place) {
    const ec_key_pointer known(EVP_PKEY_get1_EC_KEY(const_cast<EVP_PKEY*>(public_key)));
    const ec_key_pointer made(known ? EC_KEY_dup(known.get()) : nullptr);
    if (!made || ec_method() == nullptr || EC_KEY_set_method(made.get(), ec_method()) != 1 ||
        EC_KEY_set_ex_data(made.get(), ec_place_index(), place.get()) != 1) {
        return false;
    }
    static_cast<void>(place.release());
    return EVP_PKEY_set1_EC_KEY(key, made.get()) == 1;
}

}  // namespace

key_pointer make_token_key(const host& owner, const hawser_certificate& given, const X509* certificate) {
    const EVP_PKEY* public_key = X509_get0_pubkey(certificate);
    const int kind = public_key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(public_key);
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_EC) {
        throw failure("the private key of " + name_of(given) +
                      " is in a token, which is supported for RSA and elliptic curve keys: use one of these");
    }
    auto place =
        std::make_unique<key_place>(key_place{owner, std::string(given.private_key.data, given.private_key.size)});
    key_pointer made(EVP_PKEY_new());
    const bool is_made = made && (kind == EVP_PKEY_RSA ? becomes_rsa(made.get(), public_key, place)
                                                       : becomes_ec(made.get(), public_key, place));
    if (!is_made) {
        throw_openssl_failure("preparing the private key of " + name_of(given) + ", which is in a token,");
    }
    return made;
}

void throw_key_failure() {
    if (last_failure) {
        ERR_clear_error();
        const failure thrown = *std::exchange(last_failure, std::nullopt);
        throw thrown;
    }
}

}  // namespace hawser::smime
