#include "stapled_answers.hpp"

#include <doctest/doctest.h>

#include "certificate_check.hpp"
#include "sealed_samples.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

namespace {

using time_pointer = std::unique_ptr<ASN1_TIME, deleter<&ASN1_TIME_free>>;

struct stapling_people {
    authority trusted;
    authority namesake;  // of the same name, and another key
    identity alice = trusted.issue("Alice", "alice@example.test", key_kind::p256);
    identity bob = trusted.issue("Bob", "bob@example.test", key_kind::p256);
};
stapling_people& stapling() {
    static stapling_people one;
    return one;
}

template <typename Object>
std::string der_of(const Object* object, int (*encode)(const Object*, unsigned char**)) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

time_pointer generalized(std::int64_t unix_s) { return time_pointer(ASN1_GENERALIZEDTIME_set(nullptr, unix_s)); }

struct stapled_checking {
    trust_material trust;
    std::int64_t now = std::time(nullptr);
    stapled_checking() { trust.add_anchor(stapling().trusted.root().certificate.get()); }

    std::string crl(const authority& by, const identity* revoked, std::int64_t begin_s, std::int64_t end_s) const {
        const std::string der = by.revoke(revoked);
        const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
        const crl_pointer made(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())));
        X509_CRL_set1_lastUpdate(made.get(), time_pointer(ASN1_TIME_set(nullptr, now + begin_s)).get());
        X509_CRL_set1_nextUpdate(made.get(), time_pointer(ASN1_TIME_set(nullptr, now + end_s)).get());
        X509_CRL_sign(made.get(), by.root().key.get(), EVP_sha256());
        return der_of<X509_CRL>(made.get(), &i2d_X509_CRL);
    }
    std::string ocsp(const authority& by, const identity& about, int status, int reason, std::int64_t end_s) const {
        const std::unique_ptr<OCSP_BASICRESP, deleter<&OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
        const std::unique_ptr<OCSP_CERTID, deleter<&OCSP_CERTID_free>> id(
            OCSP_cert_to_id(EVP_sha1(), about.certificate.get(), by.root().certificate.get()));
        const time_pointer begin = generalized(now - 600);
        OCSP_basic_add1_status(basic.get(), id.get(), status, reason, begin.get(), begin.get(),
                               generalized(now + end_s).get());
        OCSP_basic_sign(basic.get(), by.root().certificate.get(), by.root().key.get(), EVP_sha256(), nullptr, 0);
        const std::unique_ptr<OCSP_RESPONSE, deleter<&OCSP_RESPONSE_free>> whole(
            OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
        return der_of<OCSP_RESPONSE>(whole.get(), &i2d_OCSP_RESPONSE);
    }
    doctest::String error(const std::vector<std::string>& crls, const std::vector<std::string>& ocsp_answers = {}) {
        stapled_answers brought;
        for (const std::string& one : crls) {
            brought.add_crl(one);
        }
        for (const std::string& one : ocsp_answers) {
            brought.add_ocsp(one);
        }
        try {
            const auto chain = check_certificate(
                stapling().alice.certificate.get(),
                {.purpose = certificate_purpose::signing, .now_unix = now, .stapled = &brought}, trust, "alice.pem");
            end_unix = chain->valid_until_unix;
            return "";
        } catch (const hawser::failure& refused) {
            return refused.what();
        }
    }
    std::int64_t end_unix = 0;
};

}  // namespace

TEST_CASE("a CRL that comes with a message counts, for it and for those that follow, until it ends") {
    stapled_checking one;
    CHECK(one.error({}) == Contains("there is no CRL"));
    CHECK(one.error({one.crl(stapling().trusted, nullptr, -60, 600)}) == "");
    CHECK(one.end_unix == one.now + 600);
    CHECK(one.error({}) == "");
    CHECK(one.end_unix == one.now + 600);
    one.now += 601;
    CHECK(one.error({}) == Contains("there is no CRL"));
}

TEST_CASE("a CRL that comes with a message and that its issuer has not signed, or that is not current, is none") {
    stapled_checking one;
    CHECK(one.error({one.crl(stapling().namesake, nullptr, -60, 600)}) == Contains("there is no CRL"));
    CHECK(one.error({one.crl(stapling().trusted, nullptr, -600, -60)}) == Contains("there is no CRL"));
    CHECK(one.error({one.crl(stapling().trusted, nullptr, 60, 600)}) == Contains("there is no CRL"));
    CHECK(one.error({"garbage"}, {"garbage"}) == Contains("there is no CRL"));
    // Beside a sound one it does no harm: a forged one that is newer does not take its place.
    CHECK(one.error({one.crl(stapling().namesake, &stapling().alice, -30, 600),
                     one.crl(stapling().trusted, nullptr, -60, 600)}) == "");
}

TEST_CASE("of the host's CRL and the message's the newer counts") {
    stapled_checking newer_of_host;
    newer_of_host.trust.add_crl(newer_of_host.crl(stapling().trusted, &stapling().alice, -60, 600), "root.crl");
    CHECK(newer_of_host.error({newer_of_host.crl(stapling().trusted, nullptr, -120, 600)}) == Contains("revoked"));
    stapled_checking newer_of_message;
    newer_of_message.trust.add_crl(newer_of_message.crl(stapling().trusted, nullptr, -120, 600), "root.crl");
    CHECK(newer_of_message.error({}) == "");  // which is kept, and yet:
    CHECK(newer_of_message.error({newer_of_message.crl(stapling().trusted, &stapling().alice, -60, 600)}) ==
          Contains("revoked"));
}

TEST_CASE("what is found good by an answer of a message is looked at again when another one brings a newer") {
    stapled_checking one;
    CHECK(one.error({one.crl(stapling().trusted, nullptr, -120, 600)}) == "");
    CHECK(one.error({one.crl(stapling().trusted, &stapling().alice, -60, 600)}) == Contains("revoked"));
    CHECK(one.error({one.crl(stapling().trusted, &stapling().bob, -30, 600)}) == "");
    CHECK(one.error({one.crl(stapling().trusted, nullptr, -120, 600)}) == "");
}

TEST_CASE("an OCSP answer that comes with a message counts where the issuer has signed it") {
    const authority& root = stapling().trusted;
    const identity& alice = stapling().alice;
    stapled_checking one;
    CHECK(one.error({}, {one.ocsp(stapling().namesake, alice, V_OCSP_CERTSTATUS_GOOD, 0, 600)}) == Contains("no CRL"));
    CHECK(one.error({}, {one.ocsp(root, stapling().bob, V_OCSP_CERTSTATUS_GOOD, 0, 600)}) == Contains("no CRL"));
    CHECK(one.error({}, {one.ocsp(root, alice, V_OCSP_CERTSTATUS_GOOD, 0, -60)}) == Contains("no CRL"));
    CHECK(one.error({}, {one.ocsp(root, alice, V_OCSP_CERTSTATUS_GOOD, 0, 600)}) == "");
    CHECK(one.error({}) == "");
    CHECK(one.end_unix == one.now + 600);
    CHECK(one.error({}, {one.ocsp(root, alice, V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_KEYCOMPROMISE, 600)}) ==
          Contains("revoked"));
}

TEST_CASE("revoked for good stays so however old the answer is, and on hold until the answer ends") {
    const identity& alice = stapling().alice;
    stapled_checking one;
    one.trust.add_crl(one.crl(stapling().trusted, nullptr, -60, 600), "root.crl");
    const auto revoked = [&](int reason, std::int64_t end_s) {
        return one.error({}, {one.ocsp(stapling().trusted, alice, V_OCSP_CERTSTATUS_REVOKED, reason, end_s)});
    };
    CHECK(revoked(OCSP_REVOKED_STATUS_KEYCOMPROMISE, -60) == Contains("revoked"));
    CHECK(revoked(OCSP_REVOKED_STATUS_NOSTATUS, -60) == Contains("revoked"));
    CHECK(revoked(OCSP_REVOKED_STATUS_CERTIFICATEHOLD, 600) == Contains("revoked"));
    CHECK(revoked(OCSP_REVOKED_STATUS_CERTIFICATEHOLD, -60) == "");
}

TEST_CASE("a message brings so many answers and bytes at most") {
    stapled_checking one;
    stapled_answers brought;
    for (std::int64_t i = 0; i < 20; ++i) {
        brought.add_crl(one.crl(stapling().trusted, nullptr, -60 - i, 600));
    }
    CHECK(brought.all().size() == stapled_answers::count_max);
    CHECK_FALSE(stapled_answers().has_room_for(stapled_answers::size_max + 1));
    CHECK_FALSE(brought.has_room_for(1));
}

TEST_CASE("what was kept of messages is bounded") {
    stapled_checking one;
    stapled_cache cache;
    for (std::int64_t i = 0; i < 300; ++i) {
        stapled_answers brought;
        brought.add_crl(one.crl(stapling().trusted, nullptr, -60 - i, 600));
        CHECK(cache.keep(brought.all(), one.now));
        CHECK_FALSE(cache.keep(brought.all(), one.now));
    }
    const auto* issuer = X509_get_subject_name(stapling().trusted.root().certificate.get());
    CHECK(cache.crls_of(issuer, one.now).size() == 300 - 256);
    CHECK(cache.end_after(one.now) == one.now + 600);
    CHECK_FALSE(cache.keep({}, one.now + 600));
    CHECK(cache.crls_of(issuer, one.now).empty());
}
