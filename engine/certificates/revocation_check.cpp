#include "certificates/revocation_check.hpp"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/openssl_pointers.hpp"

namespace hawser::engine {
namespace {

using response_pointer = std::unique_ptr<OCSP_RESPONSE, openssl_deleter<&OCSP_RESPONSE_free>>;
using basic_response_pointer = std::unique_ptr<OCSP_BASICRESP, openssl_deleter<&OCSP_BASICRESP_free>>;
using request_pointer = std::unique_ptr<OCSP_REQUEST, openssl_deleter<&OCSP_REQUEST_free>>;
using certificate_id_pointer = std::unique_ptr<OCSP_CERTID, openssl_deleter<&OCSP_CERTID_free>>;
using store_pointer = std::unique_ptr<X509_STORE, openssl_deleter<&X509_STORE_free>>;

constexpr std::int64_t clock_skew_s = 300;
constexpr std::int64_t unbounded_answer_s = 3600;  // of an OCSP answer that does not say when there is a newer one

unexpected<error> refuse(std::string text) {
    ERR_clear_error();
    return fail("revocation.answer", std::move(text));
}

std::int64_t unix_time(const ASN1_TIME* time) {
    std::tm parts{};
    return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

result<revocation_validity> check_times(const revocation_validity& given, std::int64_t now_unix,
                                        bool has_lasting_use = false) {
    if (given.this_update_unix == 0 || given.next_update_unix == 0) {
        return refuse("it does not say from when to when it is good");
    }
    if (given.this_update_unix > now_unix + clock_skew_s) {
        return refuse("it is from the future: look whether the clock is right");
    }
    if (given.next_update_unix <= now_unix && !has_lasting_use) {
        return refuse("it has expired");
    }
    return given;
}

bool is_signed_by(X509_CRL* crl, X509* authority) {
    return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority)) == 0 &&
           (X509_get_key_usage(authority) & KU_CRL_SIGN) != 0 &&  // all bits are set where there is no key usage
           X509_CRL_verify(crl, X509_get0_pubkey(authority)) == 1;
}

crl_pointer parse_crl(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = bytes + der.size();
    crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())));
    return bytes == end ? std::move(crl) : nullptr;
}

result<revocation_validity> check_crl(const revocation_question& question, const std::string& der,
                                      const std::vector<std::string>& authorities, std::int64_t now_unix,
                                      answer_origin origin) {
    const crl_pointer crl = parse_crl(der);
    if (!crl) {
        return refuse("it is no CRL");
    }
    const bool is_delta = X509_CRL_get_ext_by_NID(crl.get(), NID_delta_crl, -1) >= 0;
    if (is_delta != (question.kind == revocation_kind::delta_crl)) {
        return refuse(is_delta ? "it is a delta CRL, and no whole one" : "it is a whole CRL, and no delta");
    }
    for (const std::string& one : authorities) {
        const x509_pointer authority = x509_of(one);
        if (authority && is_signed_by(crl.get(), authority.get())) {
            ERR_clear_error();  // of the authorities before it
            return check_times(
                {unix_time(X509_CRL_get0_lastUpdate(crl.get())), unix_time(X509_CRL_get0_nextUpdate(crl.get()))},
                now_unix, is_delta && origin == answer_origin::disk);
        }
    }
    return refuse("it is a CRL that no authority in the folders has signed");
}

// Whom a question is about.
class certificate_ids {
public:
    explicit certificate_ids(const revocation_question& question)
        : certificate_(x509_of(question.certificates.front())), issuer_(x509_of(question.issuer)) {}

    certificate_id_pointer by(const EVP_MD* digest) const {
        return certificate_id_pointer(
            certificate_ && issuer_ ? OCSP_cert_to_id(digest, certificate_.get(), issuer_.get()) : nullptr);
    }

private:
    x509_pointer certificate_;
    x509_pointer issuer_;
};

// Responders choose the hash by which they call a certificate (RFC 6960 section 4.1.1). Of several answers about the
// same one that it is revoked counts.
OCSP_SINGLERESP* find_answer(OCSP_BASICRESP* basic, const revocation_question& question) {
    const certificate_ids asked(question);
    OCSP_SINGLERESP* found = nullptr;
    for (const EVP_MD* digest : {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
        const certificate_id_pointer id = asked.by(digest);
        for (int i = id ? OCSP_resp_find(basic, id.get(), -1) : -1; i >= 0; i = OCSP_resp_find(basic, id.get(), i)) {
            OCSP_SINGLERESP* one = OCSP_resp_get0(basic, i);
            if (found == nullptr ||
                OCSP_single_get0_status(one, nullptr, nullptr, nullptr, nullptr) == V_OCSP_CERTSTATUS_REVOKED) {
                found = one;
            }
        }
    }
    return found;
}

// OpenSSL looks for the delegated responder's certificate in the answer, and whether the issuer gave it that purpose.
bool is_signed_for(OCSP_BASICRESP* basic, const std::string& issuer_der) {
    const x509_pointer issuer = x509_of(issuer_der);
    const store_pointer store(X509_STORE_new());
    STACK_OF(X509)* known = sk_X509_new_null();
    bool is_good = false;
    if (issuer && store && known != nullptr && sk_X509_push(known, issuer.get()) > 0) {
        X509_STORE_add_cert(store.get(), issuer.get());
        X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store.get()), 2);  // of 112 bits: no SHA-1, no RSA 1024
        is_good = OCSP_basic_verify(basic, known, store.get(), 0) == 1;
    }
    sk_X509_free(known);
    return is_good;
}

result<basic_response_pointer> read_response(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const auto* end = bytes + der.size();
    const response_pointer response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
    if (!response || bytes != end) {
        return refuse("it is no OCSP answer");
    }
    if (const int status = OCSP_response_status(response.get()); status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        return refuse(std::string("the responder does not answer: ") + OCSP_response_status_str(status));
    }
    basic_response_pointer basic(OCSP_response_get1_basic(response.get()));
    if (!basic) {
        return refuse("it is no basic OCSP answer");
    }
    return basic;
}

result<revocation_validity> check_ocsp(const revocation_question& question, const std::string& der,
                                       std::int64_t now_unix) {
    const result<basic_response_pointer> basic = read_response(der);
    if (!basic) {
        return unexpected{basic.error()};
    }
    if (!is_signed_for(basic->get(), question.issuer)) {
        return refuse("it is an OCSP answer that neither the certificate's issuer nor its delegate has signed");
    }
    OCSP_SINGLERESP* said = find_answer(basic->get(), question);
    if (said == nullptr) {
        return refuse("it is an OCSP answer about other certificates");
    }
    int reason = 0;
    ASN1_GENERALIZEDTIME* begin = nullptr;
    ASN1_GENERALIZEDTIME* end = nullptr;
    const int status = OCSP_single_get0_status(said, &reason, nullptr, &begin, &end);
    if (status == V_OCSP_CERTSTATUS_UNKNOWN) {
        return refuse("the responder does not know the certificate");
    }
    revocation_validity given{unix_time(begin), unix_time(end)};
    if (end == nullptr && given.this_update_unix != 0) {
        given.next_update_unix = given.this_update_unix + unbounded_answer_s;
    }
    given.is_final = status == V_OCSP_CERTSTATUS_REVOKED && reason != OCSP_REVOKED_STATUS_CERTIFICATEHOLD &&
                     reason != OCSP_REVOKED_STATUS_REMOVEFROMCRL;
    return check_times(given, now_unix, given.is_final);
}

using number_pointer = std::unique_ptr<ASN1_INTEGER, openssl_deleter<&ASN1_INTEGER_free>>;

number_pointer number_of(const X509_CRL* crl, int extension) {
    return number_pointer(static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, extension, nullptr, nullptr)));
}

bool has_same(const X509_CRL* left, const X509_CRL* right, int extension) {
    const auto value = [&](const X509_CRL* crl) {
        X509_EXTENSION* found = X509_CRL_get_ext(crl, X509_CRL_get_ext_by_NID(crl, extension, -1));
        return found == nullptr ? nullptr : X509_EXTENSION_get_data(found);
    };
    const ASN1_OCTET_STRING* one = value(left);
    const ASN1_OCTET_STRING* other = value(right);
    return one == nullptr || other == nullptr ? one == other : ASN1_OCTET_STRING_cmp(one, other) == 0;
}

}  // namespace

std::string make_ocsp_request(const revocation_question& question) {
    const request_pointer request(OCSP_REQUEST_new());
    certificate_id_pointer id = certificate_ids(question).by(EVP_sha1());  // which every responder knows (RFC 5019)
    std::string der;
    if (request && id && OCSP_request_add0_id(request.get(), id.get()) != nullptr) {
        static_cast<void>(id.release());  // the request's
        unsigned char* bytes = nullptr;
        if (const int size = i2d_OCSP_REQUEST(request.get(), &bytes); size > 0) {
            der.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
            OPENSSL_free(bytes);
        }
    }
    ERR_clear_error();
    return der;
}

result<revocation_validity> check_revocation_answer(const revocation_question& question, const std::string& der,
                                                    const std::vector<std::string>& authorities, std::int64_t now_unix,
                                                    answer_origin origin) {
    return question.kind == revocation_kind::ocsp ? check_ocsp(question, der, now_unix)
                                                  : check_crl(question, der, authorities, now_unix, origin);
}

delta_fit judge_delta(const std::string& base_der, const std::string& delta_der) {
    const crl_pointer base = parse_crl(base_der);
    const crl_pointer delta = parse_crl(delta_der);
    const number_pointer base_number = base ? number_of(base.get(), NID_crl_number) : nullptr;
    const number_pointer from = delta ? number_of(delta.get(), NID_delta_crl) : nullptr;
    ERR_clear_error();
    if (!base_number || !from ||
        X509_NAME_cmp(X509_CRL_get_issuer(base.get()), X509_CRL_get_issuer(delta.get())) != 0 ||
        !has_same(base.get(), delta.get(), NID_authority_key_identifier) ||
        !has_same(base.get(), delta.get(), NID_issuing_distribution_point)) {
        return delta_fit::is_foreign;
    }
    return ASN1_INTEGER_cmp(from.get(), base_number.get()) > 0 ? delta_fit::needs_newer_base : delta_fit::fits;
}

}  // namespace hawser::engine
