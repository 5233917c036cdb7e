#include "certificate_check.hpp"

#include <doctest/doctest.h>
#include <openssl/x509v3.h>

#include <hawser/test_kit.hpp>

#include "sealed_samples.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;
namespace kit = hawser::test_kit;

namespace {

constexpr std::int64_t day_s = 24 * 60 * 60;

struct people {
    authority trusted;
    identity alice = trusted.issue("Alice", "alice@example.test", key_kind::p256);
};
people& all() {
    static people one;
    return one;
}

// A CRL of nobody with this end.
std::string crl_until(std::int64_t end_unix) {
    const std::string der = all().trusted.revoke(nullptr);
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())));
    const std::unique_ptr<ASN1_TIME, deleter<&ASN1_TIME_free>> end(ASN1_TIME_set(nullptr, end_unix));
    X509_CRL_set1_nextUpdate(crl.get(), end.get());
    X509_CRL_sign(crl.get(), all().trusted.root().key.get(), EVP_sha256());
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_X509_CRL_bio(out.get(), crl.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

struct checking {
    trust_material trust;
    std::int64_t now = std::time(nullptr);
    checking() { trust.add_anchor(all().trusted.root().certificate.get()); }

    std::shared_ptr<const checked_chain> check(certificate_purpose purpose = certificate_purpose::signing,
                                               bool checks_revocation = true) {
        return check_certificate(all().alice.certificate.get(),
                                 {.purpose = purpose, .checks_revocation = checks_revocation, .now_unix = now}, trust,
                                 "alice.pem");
    }
    doctest::String error() {
        try {
            check();
            return "";
        } catch (const hawser::failure& refused) {
            return doctest::String(refused.what());
        }
    }
};

}  // namespace

TEST_CASE("a chain that was found good is found out once for a purpose and an hour") {
    checking one;
    one.trust.add_crl(crl_until(one.now + 30 * day_s), "root.crl");
    const auto first = one.check();
    CHECK(first->valid_until_unix == one.now + chain_lifetime_s);
    CHECK(one.check() == first);
    CHECK(one.check(certificate_purpose::encryption) != first);
    CHECK(one.check(certificate_purpose::signing, false) != first);
    one.now += chain_lifetime_s - 1;
    CHECK(one.check() == first);
    one.now += 1;
    CHECK(one.check() != first);
}

TEST_CASE("a clock that is set back makes a kept chain unusable") {
    checking one;
    one.trust.add_crl(crl_until(one.now + 30 * day_s), "root.crl");
    const auto first = one.check();
    one.now -= 10;
    CHECK(one.check() != first);
}

TEST_CASE("a kept chain ends with the CRL that it was checked by") {
    checking one;
    one.trust.add_crl(crl_until(one.now + 600), "root.crl");
    CHECK(one.check()->valid_until_unix == one.now + 600);
    CHECK(one.check(certificate_purpose::signing, false)->valid_until_unix == one.now + chain_lifetime_s);
    one.now += 601;
    CHECK(one.error() == Contains("the CRL of \"CN=Test Root\" has expired"));
}

TEST_CASE("a kept chain ends with the first of its certificates") {
    checking one;
    one.now = unix_time(X509_get0_notAfter(all().alice.certificate.get())) - 60;
    CHECK(one.check(certificate_purpose::signing, false)->valid_until_unix == one.now + 60);
}

TEST_CASE("what was not found good is looked at again") {
    checking one;
    CHECK(one.error() == Contains("there is no CRL of"));
    one.trust.add_crl(crl_until(one.now + day_s), "root.crl");
    CHECK(one.error() == "");
}

TEST_CASE("a CRL that cannot be read fails those who ask for revocation, and is named") {
    checking one;
    one.trust.add_crl(crl_until(one.now + day_s), "root.crl");
    one.trust.add_crl("no CRL", "newer.crl");
    CHECK(one.error() == Contains("newer.crl cannot be read"));
    CHECK(one.check(certificate_purpose::signing, false) != nullptr);
}

TEST_CASE("hosts with the same certificates share what was parsed, and no others do") {
    kit::host mine;
    kit::host yours;
    furnish(mine, all().trusted, {&all().alice});
    furnish(yours, all().trusted, {&all().alice});
    yours.certificates[HAWSER_CERTIFICATES_CRLS] = mine.certificates[HAWSER_CERTIFICATES_CRLS];
    const auto first = load_trust_material(hawser::host(mine.abi()));
    CHECK(load_trust_material(hawser::host(yours.abi())) == first);
    yours.certificates[HAWSER_CERTIFICATES_CRLS] = {{all().trusted.revoke(&all().alice), "", "root.crl"}};
    CHECK(load_trust_material(hawser::host(yours.abi())) != first);
    yours.certificates[HAWSER_CERTIFICATES_CRLS] = mine.certificates[HAWSER_CERTIFICATES_CRLS];
    yours.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {{all().alice.der(), "", "alice.pem"}};
    CHECK(load_trust_material(hawser::host(yours.abi())) != first);
    yours.certificates.erase(HAWSER_CERTIFICATES_TRUSTED);
    yours.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {};
    CHECK(load_trust_material(hawser::host(yours.abi())) != first);
}

namespace {

// What a check of a sender's certificate under `trusted` says, with the CRLs of the authorities.
struct strength_case {
    bool allows_legacy_algorithms = false;
    const EVP_MD* crl_digest = EVP_sha256();

    doctest::String error(const identity& who, const authority& trusted,
                          const authority* intermediate = nullptr) const {
        trust_material trust;
        trust.add_anchor(trusted.root().certificate.get());
        trust.add_crl(trusted.revoke(nullptr, crl_digest), "root.crl");
        if (intermediate != nullptr) {
            trust.add_intermediate(intermediate->root().certificate.get());
            trust.add_crl(intermediate->revoke(nullptr), "intermediate.crl");
        }
        std::string said;
        for (const certificate_purpose purpose : {certificate_purpose::signing, certificate_purpose::encryption}) {
            try {
                check_certificate(who.certificate.get(),
                                  {.purpose = purpose, .allows_legacy_algorithms = allows_legacy_algorithms}, trust,
                                  who.name);
                said += "good ";
            } catch (const hawser::failure& refused) {
                said += refused.what();
            }
        }
        return said.c_str();
    }
};

const strength_case usual{};
const strength_case legacy{true};

}  // namespace

TEST_CASE("keys and hashes that are too weak hold no chain together") {
    const authority root(key_kind::rsa_2048);
    const auto issued = [&](key_kind kind, const EVP_MD* digest = EVP_sha256()) {
        return root.issue("Carol", "carol@example.test", kind, digest);
    };
    CHECK(usual.error(issued(key_kind::rsa_2048), root) == "good good ");
    SUBCASE("a key of 80 bits of strength, with legacy algorithms") {
        for (const key_kind kind : {key_kind::rsa_1024, key_kind::p192}) {
            const identity who = issued(kind);
            CHECK(usual.error(who, root) == Contains("has a key that is too small to be safe"));
            CHECK(legacy.error(who, root) == "good good ");
        }
    }
    SUBCASE("one that is smaller, never") {
        const identity who = issued(key_kind::rsa_512);
        CHECK(usual.error(who, root) == Contains("too small to be safe (RSA 512 bits"));
        CHECK(legacy.error(who, root) == Contains("too small to be safe (RSA 512 bits"));
    }
    SUBCASE("nor in the middle of the chain") {
        const authority middle(key_kind::rsa_512, &root);
        const identity who = middle.issue("Carol", "carol@example.test", key_kind::p256);
        CHECK(usual.error(who, root, &middle) ==
              Contains("the issuer \"CN=Test Intermediate\", which has a key that is too small"));
        CHECK(legacy.error(who, root, &middle) == Contains("too small"));
    }
    SUBCASE("SHA-1 with legacy algorithms, MD5 never") {
        const identity who = issued(key_kind::rsa_2048, EVP_sha1());
        CHECK(usual.error(who, root) == Contains("is signed with sha1, which can be forged"));
        CHECK(legacy.error(who, root) == "good good ");
        CHECK(legacy.error(issued(key_kind::rsa_2048, EVP_md5()), root) == Contains("is signed with md5"));
        CHECK(usual.error(issued(key_kind::rsa_2048, EVP_md5()), root) == Contains("is signed with md5"));
    }
    SUBCASE("the same for a CRL") {
        const identity who = issued(key_kind::rsa_2048);
        CHECK(strength_case{false, EVP_sha1()}.error(who, root) == Contains("is signed with a hash that is too weak"));
        CHECK(strength_case{true, EVP_sha1()}.error(who, root) == "good good ");
        CHECK(strength_case{true, EVP_md5()}.error(who, root) == Contains("is signed with a hash that is too weak"));
    }
}

TEST_CASE("a certificate for any extended key usage is one for mail as well") {
    const authority root(key_kind::rsa_2048);
    const auto issued = [&](const char* usage, key_kind kind) {
        identity who = root.issue("Carol", "carol@example.test", kind);
        X509* certificate = who.certificate.get();
        X509_EXTENSION_free(X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1)));
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, usage);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        X509_sign(certificate, root.root().key.get(), EVP_sha256());
        return who;
    };
    for (const key_kind kind : {key_kind::rsa_2048, key_kind::p256}) {
        CHECK(usual.error(issued("anyExtendedKeyUsage", kind), root) == "good good ");
        CHECK(usual.error(issued("serverAuth,emailProtection", kind), root) == "good good ");
        CHECK(usual.error(issued("serverAuth", kind), root) == Contains("is not usable for signing mail"));
        CHECK(usual.error(issued("serverAuth", kind), root) == Contains("is not usable for encrypting mail"));
    }
}
