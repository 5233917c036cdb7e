#include "certificates/revocation_check.hpp"

#include <doctest/doctest.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "base/openssl_pointers.hpp"
#include "certificates/revocation_cache.hpp"

using namespace hawser::engine;
using doctest::Contains;

namespace {

template <typename Object>
std::string encode(const Object* object, int (*encoder)(const Object*, unsigned char**)) {
    unsigned char* bytes = nullptr;
    const int size = encoder(object, &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

struct certified {
    key_pointer key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
    x509_pointer certificate{X509_new()};

    // Signed by itself where there is no issuer. Extensions as in openssl.cnf.
    certified(const char* name, const certified* issuer, const std::vector<std::pair<int, const char*>>& extensions) {
        static long serial = 0;
        X509* made = certificate.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
        X509_gmtime_adj(X509_getm_notBefore(made), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made), 86400);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
        const certified& by = issuer == nullptr ? *this : *issuer;
        X509_set_issuer_name(made, X509_get_subject_name(by.certificate.get()));
        X509_set_pubkey(made, key.get());
        for (const auto& [nid, value] : extensions) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
            X509_add_ext(made, extension, -1);
            X509_EXTENSION_free(extension);
        }
        X509_sign(made, by.key.get(), EVP_sha256());
    }
    std::string der() const { return encode<X509>(certificate.get(), &i2d_X509); }
    certificate_entry entry() const {
        certificate_entry made;
        made.der = der();
        made.sha256 = made.der;  // of its own is all that is needed
        made.file_name = "one.pem";
        return made;
    }
};

struct authorities {
    std::int64_t now = std::time(nullptr);
    certified root{"root", nullptr, {{NID_basic_constraints, "CA:true"}, {NID_key_usage, "keyCertSign,cRLSign"}}};
    certified stranger{"root", nullptr, {{NID_basic_constraints, "CA:true"}}};
    certified leaf{"leaf", &root, {{NID_info_access, "OCSP;URI:http://o.example/"}}};
    certified responder{"responder", &root, {{NID_ext_key_usage, "OCSPSigning"}}};
    certified pretender{"pretender", &root, {{NID_ext_key_usage, "emailProtection"}}};

    revocation_question about_leaf() const {
        return {revocation_kind::ocsp, {"http://o.example/"}, {leaf.der()}, root.der(), "leaf.pem", "id"};
    }
    // With these extensions: crlNumber, deltaCRLIndicator, …
    std::string crl(const certified& signer, std::int64_t begin_s, std::int64_t end_s,
                    const std::vector<std::pair<int, long>>& numbers = {}, const char* delta_url = nullptr) const {
        const crl_pointer made(X509_CRL_new());
        X509_CRL_set_version(made.get(), X509_CRL_VERSION_2);
        X509_CRL_set_issuer_name(made.get(), X509_get_subject_name(signer.certificate.get()));
        ASN1_TIME* begin = ASN1_TIME_set(nullptr, now + begin_s);
        ASN1_TIME* end = ASN1_TIME_set(nullptr, now + end_s);
        X509_CRL_set1_lastUpdate(made.get(), begin);
        X509_CRL_set1_nextUpdate(made.get(), end);
        ASN1_TIME_free(begin);
        ASN1_TIME_free(end);
        for (const auto& [nid, value] : numbers) {
            ASN1_INTEGER* number = ASN1_INTEGER_new();
            ASN1_INTEGER_set(number, value);
            X509_CRL_add1_ext_i2d(made.get(), nid, number, nid == NID_delta_crl ? 1 : 0, 0);
            ASN1_INTEGER_free(number);
        }
        if (delta_url != nullptr) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_freshest_crl, delta_url);
            X509_CRL_add_ext(made.get(), extension, -1);
            X509_EXTENSION_free(extension);
        }
        X509_CRL_sign(made.get(), signer.key.get(), EVP_sha256());
        return encode<X509_CRL>(made.get(), &i2d_X509_CRL);
    }
    std::string answer(const certified& signer, const certified& about, int status, std::int64_t end_s, int reason = 0,
                       const EVP_MD* digest = EVP_sha1()) const {
        OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
        OCSP_CERTID* id = OCSP_cert_to_id(digest, about.certificate.get(), root.certificate.get());
        ASN1_TIME* begin = ASN1_GENERALIZEDTIME_set(nullptr, now - 60);
        ASN1_TIME* end = ASN1_GENERALIZEDTIME_set(nullptr, now + end_s);
        OCSP_basic_add1_status(basic, id, status, reason, begin, begin, end_s == 0 ? nullptr : end);
        OCSP_basic_sign(basic, signer.certificate.get(), signer.key.get(), EVP_sha256(), nullptr, 0);
        OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
        std::string der = encode<OCSP_RESPONSE>(response, &i2d_OCSP_RESPONSE);
        OCSP_RESPONSE_free(response);
        OCSP_BASICRESP_free(basic);
        OCSP_CERTID_free(id);
        ASN1_TIME_free(begin);
        ASN1_TIME_free(end);
        return der;
    }
    doctest::String error(const revocation_question& question, const std::string& der) const {
        const auto good = check_revocation_answer(question, der, {stranger.der(), root.der()}, now);
        return good ? "" : doctest::String(good.error().text.c_str());
    }
};

}  // namespace

TEST_CASE("a CRL is taken from an authority of the folders, while it is good") {
    const authorities all;
    const revocation_question question{revocation_kind::crl, {"http://c.example/"}, {}, "", "leaf.pem", "id"};
    const auto good = check_revocation_answer(question, all.crl(all.root, -60, 600), {all.root.der()}, all.now);
    REQUIRE(good);
    CHECK(good->this_update_unix == all.now - 60);
    CHECK(good->next_update_unix == all.now + 600);
    CHECK(all.error(question, all.crl(all.root, -600, -60)) == Contains("has expired"));
    CHECK(all.error(question, all.crl(all.root, 3600, 7200)) == Contains("future"));
    CHECK(all.error(question, all.crl(all.leaf, -60, 600)) == Contains("no authority"));
    CHECK_FALSE(check_revocation_answer(question, all.crl(all.root, -60, 600), {all.stranger.der()}, all.now));
    CHECK(all.error(question, all.crl(all.root, -60, 600) + "more") == Contains("no CRL"));
    CHECK(all.error(question, "") == Contains("no CRL"));
}

TEST_CASE("an OCSP answer is taken from the issuer or its delegate, about the certificate that was asked for") {
    const authorities all;
    const revocation_question question = all.about_leaf();
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600)) == "");
    CHECK(all.error(question, all.answer(all.responder, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600)) == "");
    CHECK(all.error(question, all.answer(all.responder, all.leaf, V_OCSP_CERTSTATUS_REVOKED, 600)) == "");
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600, 0, EVP_sha256())) == "");
    CHECK(check_revocation_answer(question,
                                  all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_REVOKED, 600,
                                             OCSP_REVOKED_STATUS_KEYCOMPROMISE, EVP_sha384()),
                                  {}, all.now)
              ->is_final);
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600, 0, EVP_md5())) ==
          Contains("other"));
    CHECK(all.error(question, all.answer(all.pretender, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600)) == Contains("neither"));
    CHECK(all.error(question, all.answer(all.leaf, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600)) == Contains("neither"));
    CHECK(all.error(question, all.answer(all.stranger, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600)) == Contains("neither"));
    CHECK(all.error(question, all.answer(all.root, all.responder, V_OCSP_CERTSTATUS_GOOD, 600)) == Contains("other"));
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_UNKNOWN, 600)) ==
          Contains("does not know"));
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, -30)) == Contains("expired"));
    CHECK(all.error(question, "garbage") == Contains("no OCSP answer"));
    CHECK(all.error(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, 600) + "more") ==
          Contains("no OCSP answer"));
    const auto unbounded =
        check_revocation_answer(question, all.answer(all.root, all.leaf, V_OCSP_CERTSTATUS_GOOD, 0), {}, all.now);
    REQUIRE(unbounded);
    CHECK(unbounded->next_update_unix == all.now - 60 + 3600);
}

TEST_CASE("what is asked is what certificates say, once, and no other") {
    const authorities all;
    const certified listed("listed", &all.root,
                           {{NID_crl_distribution_points,
                             "URI:ftp://l.example/,URI:ldap:///cn=x?certificateRevocationList,"
                             "URI:ldap://d.example/cn=x?certificateRevocationList,URI:http://c.example/r.crl"}});
    const certified twin("twin", &all.root,
                         {{NID_crl_distribution_points,
                           "URI:http://c.example/r.crl,"
                           "URI:ldap://d.example/cn=x?certificateRevocationList"}});
    const certified ftp("ftp", &all.root, {{NID_crl_distribution_points, "URI:ftp://l.example/"}});
    certificate_snapshot folders;
    folders.trusted.certificates.push_back(all.root.entry());
    for (const certified* one : {&listed, &twin, &ftp, &all.leaf}) {
        folders.other_people.certificates.push_back(one->entry());
    }
    const std::vector<revocation_question> asked = find_revocation_questions(folders);
    REQUIRE(asked.size() == 2);
    const revocation_question& crl = asked[0].kind == revocation_kind::crl ? asked[0] : asked[1];
    const revocation_question& ocsp = asked[0].kind == revocation_kind::crl ? asked[1] : asked[0];
    CHECK(crl.urls ==
          std::vector<std::string>{"http://c.example/r.crl", "ldap://d.example/cn=x?certificateRevocationList"});
    CHECK(crl.certificates.size() == 2);
    CHECK(ocsp.urls == std::vector<std::string>{"http://o.example/"});
    CHECK(ocsp.issuer == all.root.der());
    CHECK_FALSE(make_ocsp_request(ocsp).empty());
}

TEST_CASE("a delta is asked for where the certificate or its CRL names one, once") {
    const authorities all;
    const certified named("named", &all.root,
                          {{NID_crl_distribution_points, "URI:http://c.example/r.crl"},
                           {NID_freshest_crl, "URI:http://c.example/d.crl"}});
    certificate_snapshot folders;
    folders.other_people.certificates.push_back(named.entry());
    const std::vector<revocation_question> asked = find_revocation_questions(folders);
    REQUIRE(asked.size() == 2);
    const revocation_question& base = asked[0].kind == revocation_kind::crl ? asked[0] : asked[1];
    const revocation_question& delta = asked[0].kind == revocation_kind::crl ? asked[1] : asked[0];
    CHECK(delta.kind == revocation_kind::delta_crl);
    CHECK(delta.urls == std::vector<std::string>{"http://c.example/d.crl"});
    CHECK(delta.base_id == base.id);
    const auto by_crl = find_delta_question(base, all.crl(all.root, -60, 600, {}, "URI:http://c.example/d.crl"));
    REQUIRE(by_crl);
    CHECK(by_crl->id == delta.id);
    CHECK_FALSE(find_delta_question(base, all.crl(all.root, -60, 600)));
    CHECK_FALSE(find_delta_question(base, "garbage"));
}

TEST_CASE("a whole CRL and a delta do not take each other's place") {
    const authorities all;
    revocation_question question{revocation_kind::crl, {"http://c.example/"}, {}, "", "leaf.pem", "id", ""};
    const std::string delta = all.crl(all.root, -60, 600, {{NID_crl_number, 2}, {NID_delta_crl, 1}});
    CHECK(all.error(question, delta) == Contains("is a delta CRL"));
    question.kind = revocation_kind::delta_crl;
    CHECK(all.error(question, delta) == "");
    CHECK(all.error(question, all.crl(all.root, -60, 600, {{NID_crl_number, 2}})) == Contains("a whole CRL"));
    CHECK(all.error(question, all.crl(all.leaf, -60, 600, {{NID_crl_number, 2}, {NID_delta_crl, 1}})) ==
          Contains("no authority"));
}

TEST_CASE("a delta goes with a CRL of its issuer that is not older than the one it starts from") {
    const authorities all;
    const std::string base = all.crl(all.root, -60, 600, {{NID_crl_number, 3}});
    const auto judge = [&](const certified& signer, long number, long from) {
        return judge_delta(base, all.crl(signer, -60, 600, {{NID_crl_number, number}, {NID_delta_crl, from}}));
    };
    CHECK(judge(all.root, 4, 3) == delta_fit::fits);
    CHECK(judge(all.root, 4, 1) == delta_fit::fits);
    CHECK(judge(all.root, 3, 3) == delta_fit::fits);  // nothing new
    CHECK(judge(all.root, 5, 4) == delta_fit::needs_newer_base);
    CHECK(judge(all.leaf, 4, 3) == delta_fit::is_foreign);
    CHECK(judge_delta(all.crl(all.root, -60, 600), base) == delta_fit::is_foreign);
    CHECK(judge_delta("garbage", "garbage") == delta_fit::is_foreign);
}

TEST_CASE("what can only revoke more is taken from the disk when it has expired, and what is final from anywhere") {
    const authorities all;
    revocation_question delta{revocation_kind::delta_crl, {"http://c.example/"}, {}, "", "leaf.pem", "id", "base"};
    const std::string expired = all.crl(all.root, -600, -60, {{NID_crl_number, 2}, {NID_delta_crl, 1}});
    CHECK(all.error(delta, expired) == Contains("has expired"));
    CHECK(check_revocation_answer(delta, expired, {all.root.der()}, all.now, answer_origin::disk));
    delta.kind = revocation_kind::crl;
    CHECK_FALSE(
        check_revocation_answer(delta, all.crl(all.root, -600, -60), {all.root.der()}, all.now, answer_origin::disk));
    const auto answered = [&](int status, int reason) {
        return check_revocation_answer(all.about_leaf(), all.answer(all.root, all.leaf, status, -30, reason), {},
                                       all.now);
    };
    const auto revoked = answered(V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
    REQUIRE(revoked);
    CHECK(revoked->is_final);
    CHECK_FALSE(answered(V_OCSP_CERTSTATUS_REVOKED, OCSP_REVOKED_STATUS_CERTIFICATEHOLD));
    CHECK_FALSE(answered(V_OCSP_CERTSTATUS_GOOD, 0));
}

TEST_CASE("answers are on disk until nobody wants them") {
    char folder[] = "/tmp/revocation-cache-XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    const revocation_cache cache(std::string(folder) + "/made/later");
    CHECK(cache.read("a").empty());
    REQUIRE(cache.write("a", "first"));
    REQUIRE(cache.write("a", "second"));
    REQUIRE(cache.write("b", "other"));
    CHECK(cache.read("a") == "second");
    cache.keep_only([](const std::string& id) { return id == "a"; });
    CHECK(cache.read("a") == "second");
    CHECK(cache.read("b").empty());
    std::filesystem::create_symlink("/proc/self/mem", std::string(folder) + "/made/later/c.answer");
    CHECK(cache.read("c").empty());  // no byte of which can be read
    const auto unwritable = revocation_cache("/proc/no").write("a", "x");
    REQUIRE_FALSE(unwritable);
    CHECK(unwritable.error().text.find("/proc/no/a") != std::string::npos);
    std::filesystem::remove_all(folder);
}
