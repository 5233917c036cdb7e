#include <doctest/doctest.h>

#include <hawser/test_kit.hpp>

#include "certificate_check.hpp"
#include "sealed_samples.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;
namespace kit = hawser::test_kit;

namespace {

struct ocsp_people {
    authority trusted;
    identity alice = trusted.issue("Alice", "alice@example.test", key_kind::p256);
    identity bob = trusted.issue("Bob", "bob@example.test", key_kind::p256);
};
ocsp_people& all_with_ocsp() {
    static ocsp_people one;
    return one;
}

// The root's answer about one certificate.
std::string answer_about(const identity& one, int status, std::int64_t begin_unix, std::int64_t end_unix,
                         const EVP_MD* digest = EVP_sha1(), const EVP_MD* signature_digest = EVP_sha256()) {
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    OCSP_CERTID* id = OCSP_cert_to_id(digest, one.certificate.get(), all_with_ocsp().trusted.root().certificate.get());
    ASN1_TIME* begin = ASN1_TIME_set(nullptr, begin_unix);
    ASN1_TIME* end = ASN1_TIME_set(nullptr, end_unix);
    ASN1_TIME_to_generalizedtime(begin, &begin);
    ASN1_TIME_to_generalizedtime(end, &end);
    OCSP_basic_add1_status(basic, id, status, 0, begin, begin, end);
    OCSP_basic_sign(basic, all_with_ocsp().trusted.root().certificate.get(), all_with_ocsp().trusted.root().key.get(),
                    signature_digest, nullptr, 0);
    OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* bytes = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    return der;
}

struct ocsp_checking {
    trust_material trust;
    kit::host host;
    std::int64_t now = std::time(nullptr);
    std::uint64_t revision = 1;
    ocsp_checking() { trust.add_anchor(all_with_ocsp().trusted.root().certificate.get()); }

    doctest::String error() {
        const hawser::host owner(host.abi());
        try {
            const auto chain = check_certificate(
                all_with_ocsp().alice.certificate.get(),
                {.purpose = certificate_purpose::signing, .now_unix = now, .owner = &owner, .owner_revision = revision},
                trust, "alice.pem");
            end_unix = chain->valid_until_unix;
            return "";
        } catch (const hawser::failure& refused) {
            status = refused.status();
            return refused.what();
        }
    }
    std::int64_t end_unix = 0;
    hawser_status status = HAWSER_OK;
};

}  // namespace

TEST_CASE("an OCSP answer takes the place of a CRL until it ends") {
    ocsp_checking one;
    CHECK(one.error() == Contains("there is no CRL"));
    CHECK(one.status == HAWSER_FAILED);
    one.trust.add_ocsp_answer(answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_GOOD, one.now - 60, one.now + 600),
                              "ocsp");
    CHECK(one.error() == "");
    CHECK(one.end_unix == one.now + 600);
    one.now += 601;
    CHECK(one.error() == Contains("there is no CRL"));
}

TEST_CASE("a responder may call the certificate by another hash than SHA-1") {
    for (const EVP_MD* each : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
        ocsp_checking one;
        one.trust.add_ocsp_answer(
            answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_GOOD, one.now - 60, one.now + 600, each), "good");
        CHECK(one.error() == "");
        ocsp_checking other;
        other.trust.add_ocsp_answer(
            answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_REVOKED, one.now - 60, one.now + 600, each), "bad");
        CHECK(other.error() == Contains("revoked"));
    }
    ocsp_checking one;
    one.trust.add_ocsp_answer(
        answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_GOOD, one.now - 60, one.now + 600, EVP_md5()), "weak");
    CHECK(one.error() == Contains("there is no CRL"));
}

TEST_CASE("an answer that is signed with SHA-1 is none") {
    ocsp_checking one;
    one.trust.add_ocsp_answer(answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_GOOD, one.now - 60, one.now + 600,
                                           EVP_sha1(), EVP_sha1()),
                              "weak");
    CHECK(one.error() == Contains("there is no CRL"));
}

TEST_CASE("an OCSP answer is for its certificate alone") {
    ocsp_checking one;
    one.trust.add_ocsp_answer(answer_about(all_with_ocsp().bob, V_OCSP_CERTSTATUS_GOOD, one.now - 60, one.now + 600),
                              "ocsp");
    CHECK(one.error() == Contains("there is no CRL"));
}

TEST_CASE("what one answer revokes no other makes good") {
    ocsp_checking one;
    one.trust.add_crl(all_with_ocsp().trusted.revoke(nullptr), "root.crl");
    one.trust.add_ocsp_answer(
        answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_REVOKED, one.now - 60, one.now + 600), "ocsp");
    CHECK(one.error() == Contains("revoked"));
    ocsp_checking other;
    other.trust.add_crl(all_with_ocsp().trusted.revoke(&all_with_ocsp().alice), "root.crl");
    other.trust.add_ocsp_answer(
        answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_GOOD, other.now - 60, other.now + 600), "ocsp");
    CHECK(other.error() == Contains("revoked"));
}

TEST_CASE("an answer that the host is about to have is waited for, and no other") {
    ocsp_checking one;
    one.host.certificates[HAWSER_CERTIFICATES_REVOCATION_PENDING] = {
        {all_with_ocsp().bob.der(), "", "http://b/: away"}};
    CHECK(one.error() == Contains("there is no CRL"));
    CHECK(one.status == HAWSER_FAILED);
    one.host.certificates[HAWSER_CERTIFICATES_REVOCATION_PENDING].push_back(
        {all_with_ocsp().alice.der(), "", "http://a/: away"});
    CHECK(one.error() == Contains("alice.pem (CN=Alice) cannot be checked for revocation yet: http://a/: away"));
    CHECK(one.status == HAWSER_TRY_LATER);
    one.trust.add_crl(all_with_ocsp().trusted.revoke(&all_with_ocsp().alice), "root.crl");
    CHECK(one.error() == Contains("revoked"));
    CHECK(one.status == HAWSER_FAILED);
}

TEST_CASE("an answer that came after the others were loaded is waited for") {
    ocsp_checking one;
    one.host.certificate_revision = 2;
    CHECK(one.error() == Contains("have just changed"));
    CHECK(one.status == HAWSER_TRY_LATER);
}

TEST_CASE("an OCSP answer revokes where there is no CRL at all, whatever its age") {
    ocsp_checking one;
    one.trust.add_ocsp_answer(
        answer_about(all_with_ocsp().alice, V_OCSP_CERTSTATUS_REVOKED, one.now - 600, one.now - 60), "ocsp");
    CHECK(one.error() == Contains("revoked"));
    CHECK(one.status == HAWSER_FAILED);
}

TEST_CASE("what is no OCSP answer is refused by name") {
    trust_material trust;
    CHECK_THROWS_WITH_AS(trust.add_ocsp_answer("no answer", "http://o/"), Contains("http://o/"), hawser::failure);
}
