#include "certificate_check.hpp"

#include <doctest/doctest.h>

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
