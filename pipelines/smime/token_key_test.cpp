// Keys that ask their host, over a host that has them in software. tests/integration/pkcs11_test.py has a real token.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "token_key.hpp"

#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <vector>

#include "hawser/abi_draft.h"
#include "legacy_library.hpp"

namespace hawser::smime {
namespace {

using context_pointer = std::unique_ptr<EVP_PKEY_CTX, deleter<&EVP_PKEY_CTX_free>>;

// The token: one key, and what it answers if not HAWSER_OK.
struct software_token {
    key_pointer key;
    hawser_status status = HAWSER_OK;
    std::uint32_t last_operation = 0;
};

std::string rsa_answer(EVP_PKEY* key, std::uint32_t operation, std::string_view input) {
    const auto* from = reinterpret_cast<const unsigned char*>(input.data());
    std::string made(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
    auto* to = reinterpret_cast<unsigned char*>(made.data());
    const RSA* rsa = EVP_PKEY_get0_RSA(key);
    const bool is_raw = operation == HAWSER_DRAFT_KEY_SIGN_RAW || operation == HAWSER_DRAFT_KEY_DECRYPT_RAW;
    const bool signs = operation == HAWSER_DRAFT_KEY_SIGN_RAW || operation == HAWSER_DRAFT_KEY_SIGN_PKCS1;
    const int padding = is_raw ? RSA_NO_PADDING : RSA_PKCS1_PADDING;
    const int size = (signs ? &RSA_private_encrypt : &RSA_private_decrypt)(static_cast<int>(input.size()), from, to,
                                                                           const_cast<RSA*>(rsa), padding);
    made.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return made;
}

std::string ec_answer(EVP_PKEY* key, std::uint32_t operation, std::string_view input) {
    const auto* from = reinterpret_cast<const unsigned char*>(input.data());
    const auto* ec = EVP_PKEY_get0_EC_KEY(key);
    std::string made(64, '\0');
    auto* to = reinterpret_cast<unsigned char*>(made.data());
    if (operation == HAWSER_DRAFT_KEY_SIGN_ECDSA) {
        ECDSA_SIG* signature = ECDSA_do_sign(from, static_cast<int>(input.size()), const_cast<EC_KEY*>(ec));
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), to, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), to + 32, 32);
        ECDSA_SIG_free(signature);
        return made;
    }
    EC_POINT* point = EC_POINT_new(EC_KEY_get0_group(ec));
    EC_POINT_oct2point(EC_KEY_get0_group(ec), point, from, input.size(), nullptr);
    const int size = ECDH_compute_key(to, 32, point, ec, nullptr);
    EC_POINT_free(point);
    made.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return made;
}

hawser_status use_key(const hawser_host* host, hawser_string key, std::uint32_t operation, hawser_string input,
                      const hawser_text_sink* out, const hawser_error* error) noexcept {
    auto& token = *static_cast<software_token*>(host->self);
    token.last_operation = operation;
    if (token.status != HAWSER_OK || std::string_view(key.data, key.size) != "pkcs11:token=t") {
        error->set(error->self, token.status, {"the token is out", 16});
        return token.status;
    }
    const std::string_view text(input.data, input.size);
    const std::string made = EVP_PKEY_get_base_id(token.key.get()) == EVP_PKEY_RSA
                                 ? rsa_answer(token.key.get(), operation, text)
                                 : ec_answer(token.key.get(), operation, text);
    out->append(out->self, {made.data(), made.size()});
    return made.empty() ? HAWSER_FAILED : HAWSER_OK;
}

const void* get_service(const hawser_host*, hawser_string id) noexcept {
    static constexpr hawser_draft_private_keys_api table{sizeof(hawser_draft_private_keys_api), 0, &use_key};
    return std::string_view(id.data, id.size) == HAWSER_DRAFT_PRIVATE_KEYS ? &table : nullptr;
}

struct fixture {
    explicit fixture(key_pointer software) {
        token.key = std::move(software);
        X509_set_pubkey(certificate.get(), token.key.get());
        hawser_certificate given{};
        given.struct_size = sizeof given;
        given.private_key = {"pkcs11:token=t", 14};
        key = make_token_key(host(&abi), given, certificate.get());
    }
    software_token token;
    hawser_host abi{sizeof(hawser_host), HAWSER_ABI_MAJOR, HAWSER_ABI_MINOR, 0, &token, &get_service};
    x509_pointer certificate{X509_new()};
    key_pointer key;

    std::vector<unsigned char> sign(bool is_pss) const {
        const std::unique_ptr<EVP_MD_CTX, deleter<&EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* parameters = nullptr;
        std::vector<unsigned char> signature(512);
        std::size_t size = signature.size();
        const unsigned char text[] = "text";
        const bool is_signed = EVP_DigestSignInit(context.get(), &parameters, EVP_sha256(), nullptr, key.get()) == 1 &&
                               (!is_pss || EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1) &&
                               EVP_DigestSign(context.get(), signature.data(), &size, text, sizeof text) == 1;
        signature.resize(is_signed ? size : 0);
        return signature;
    }
    bool verifies(const std::vector<unsigned char>& signature, bool is_pss) const {
        const std::unique_ptr<EVP_MD_CTX, deleter<&EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
        EVP_PKEY_CTX* parameters = nullptr;
        const unsigned char text[] = "text";
        return EVP_DigestVerifyInit(context.get(), &parameters, EVP_sha256(), nullptr, token.key.get()) == 1 &&
               (!is_pss || EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1) &&
               EVP_DigestVerify(context.get(), signature.data(), signature.size(), text, sizeof text) == 1;
    }
    // Encrypts for the public key, and gives what the one in the token makes of it.
    std::string round_trip(int padding, bool is_damaged = false, OSSL_LIB_CTX* library = nullptr) const {
        const context_pointer to(EVP_PKEY_CTX_new(X509_get0_pubkey(certificate.get()), nullptr));
        std::string secret(512, '\0');
        std::size_t size = secret.size();
        const unsigned char text[] = "key";
        REQUIRE(EVP_PKEY_encrypt_init(to.get()) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_padding(to.get(), padding) == 1);
        auto* bytes = reinterpret_cast<unsigned char*>(secret.data());
        REQUIRE(EVP_PKEY_encrypt(to.get(), bytes, &size, text, 3) == 1);
        bytes[size - 1] ^= is_damaged ? 1 : 0;
        const context_pointer from(EVP_PKEY_CTX_new_from_pkey(library, key.get(), nullptr));
        std::string clear(512, '\0');
        std::size_t clear_size = clear.size();
        REQUIRE(EVP_PKEY_decrypt_init(from.get()) == 1);
        REQUIRE(EVP_PKEY_CTX_set_rsa_padding(from.get(), padding) == 1);
        const bool is_read =
            EVP_PKEY_decrypt(from.get(), reinterpret_cast<unsigned char*>(clear.data()), &clear_size, bytes, size) == 1;
        clear.resize(is_read ? clear_size : 0);
        return clear;
    }
};

key_pointer make_rsa() { return key_pointer(EVP_RSA_gen(2048)); }
key_pointer make_ec() { return key_pointer(EVP_EC_gen("P-256")); }

}  // namespace

TEST_CASE("an RSA key in a token signs and decrypts, each padding by its own operation") {
    fixture f(make_rsa());
    CHECK(X509_check_private_key(f.certificate.get(), f.key.get()) == 1);
    CHECK(f.verifies(f.sign(false), false));
    CHECK(f.token.last_operation == HAWSER_DRAFT_KEY_SIGN_PKCS1);
    CHECK(f.verifies(f.sign(true), true));
    CHECK(f.token.last_operation == HAWSER_DRAFT_KEY_SIGN_RAW);
    CHECK(f.round_trip(RSA_PKCS1_PADDING) == "key");
    CHECK(f.token.last_operation == HAWSER_DRAFT_KEY_DECRYPT_PKCS1);
    CHECK(f.round_trip(RSA_PKCS1_OAEP_PADDING) == "key");
    CHECK(f.token.last_operation == HAWSER_DRAFT_KEY_DECRYPT_RAW);
    CHECK(f.round_trip(RSA_PKCS1_PADDING, false, legacy_library()) == "key");  // of what is encrypted with RC2
    CHECK(f.round_trip(RSA_PKCS1_OAEP_PADDING, true).empty());
    throw_key_failure();  // that was the message's fault
}

TEST_CASE("a key on a curve in a token signs and derives") {
    fixture f(make_ec());
    CHECK(X509_check_private_key(f.certificate.get(), f.key.get()) == 1);
    CHECK(f.verifies(f.sign(false), false));
    const key_pointer other = make_ec();
    const auto derived = [](EVP_PKEY* own, EVP_PKEY* peer, OSSL_LIB_CTX* library = nullptr) {
        const context_pointer context(EVP_PKEY_CTX_new_from_pkey(library, own, nullptr));
        std::string secret(32, '\0');
        std::size_t size = secret.size();
        REQUIRE(EVP_PKEY_derive_init(context.get()) == 1);
        REQUIRE(EVP_PKEY_derive_set_peer(context.get(), peer) == 1);
        REQUIRE(EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.data()), &size) == 1);
        return secret;
    };
    CHECK(derived(f.key.get(), other.get()) == derived(other.get(), f.token.key.get()));
    CHECK(derived(f.key.get(), other.get(), legacy_library()) == derived(other.get(), f.token.key.get()));
}

TEST_CASE("what the host says of the token comes out of OpenSSL again, once; what does not fit the key does not") {
    for (const bool is_rsa : {true, false}) {
        fixture f(is_rsa ? make_rsa() : make_ec());
        f.token.status = HAWSER_TRY_LATER;
        CHECK(f.sign(false).empty());
        try {
            throw_key_failure();
            FAIL("nothing was thrown");
        } catch (const failure& thrown) {
            CHECK(thrown.status() == HAWSER_TRY_LATER);
            CHECK(std::string(thrown.what()) == "the token is out");
        }
        throw_key_failure();
        f.token.status = HAWSER_FAILED;
        CHECK(f.sign(false).empty());
        throw_key_failure();
    }
}

TEST_CASE("a key of another kind is refused with its name") {
    const key_pointer edwards(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const x509_pointer certificate(X509_new());
    X509_set_pubkey(certificate.get(), edwards.get());
    software_token token;
    const hawser_host abi{sizeof(hawser_host), HAWSER_ABI_MAJOR, HAWSER_ABI_MINOR, 0, &token, &get_service};
    hawser_certificate given{};
    given.name = {"ed.pem", 6};
    CHECK_THROWS_WITH_AS(make_token_key(host(&abi), given, certificate.get()), doctest::Contains("ed.pem"), failure);
}

}  // namespace hawser::smime
