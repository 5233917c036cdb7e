#include "ocsp_answers.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "signature_strength.hpp"
#include "trust_material.hpp"

namespace hawser::smime {
namespace {

using response_pointer = std::unique_ptr<OCSP_RESPONSE, deleter<&OCSP_RESPONSE_free>>;
using certificate_id_pointer = std::unique_ptr<OCSP_CERTID, deleter<&OCSP_CERTID_free>>;

constexpr std::int64_t unbounded_answer_s = 3600;  // of an answer that does not say when there is a newer one
constexpr std::int64_t clock_skew_s = 300;

std::string text_of(const ASN1_INTEGER* number) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
            static_cast<std::size_t>(ASN1_STRING_length(number))};
}

// What a certificate is called in answers: by whichever hash the responder chose (RFC 6960 section 4.1.1).
class certificate_ids {
public:
    certificate_ids(const X509* certificate, const X509* issuer) : certificate_(certificate), issuer_(issuer) {}

    bool has(const OCSP_CERTID* id) {
        ASN1_OBJECT* algorithm = nullptr;
        OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, const_cast<OCSP_CERTID*>(id));
        const int digest = OBJ_obj2nid(algorithm);
        if (digest != NID_sha1 && digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512) {
            return false;
        }
        certificate_id_pointer& own = by_digest_[digest];
        if (!own) {
            own.reset(OCSP_cert_to_id(EVP_get_digestbynid(digest), certificate_, issuer_));
        }
        return own && OCSP_id_cmp(own.get(), id) == 0;
    }

private:
    const X509* certificate_;
    const X509* issuer_;
    std::map<int, certificate_id_pointer> by_digest_;
};

std::int64_t end_of(const ASN1_GENERALIZEDTIME* begin, const ASN1_GENERALIZEDTIME* end) {
    return end == nullptr ? unix_time(begin) + unbounded_answer_s : unix_time(end);
}

// What is on hold may be released again (RFC 5280 section 5.3.1); nothing else may.
bool is_final(int reason) {
    return reason != OCSP_REVOKED_STATUS_CERTIFICATEHOLD && reason != OCSP_REVOKED_STATUS_REMOVEFROMCRL;
}

ocsp_status status_of(OCSP_SINGLERESP* single, std::int64_t now_unix) {
    int reason = 0;
    ASN1_GENERALIZEDTIME* begin = nullptr;
    ASN1_GENERALIZEDTIME* end = nullptr;
    const int status = OCSP_single_get0_status(single, &reason, nullptr, &begin, &end);
    const bool is_current = unix_time(begin) <= now_unix + clock_skew_s && now_unix < end_of(begin, end);
    if (status == V_OCSP_CERTSTATUS_REVOKED && (is_current || is_final(reason))) {
        return ocsp_status::revoked;
    }
    return status == V_OCSP_CERTSTATUS_GOOD && is_current ? ocsp_status::good : ocsp_status::unknown;
}

}  // namespace

ocsp_answer parse_ocsp_answer(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const response_pointer response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
    OCSP_BASICRESP* basic = response ? OCSP_response_get1_basic(response.get()) : nullptr;
    return basic == nullptr ? nullptr : ocsp_answer(basic, &OCSP_BASICRESP_free);
}

std::int64_t first_end_of(const ocsp_answer& answer) {
    std::int64_t first_end = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < OCSP_resp_count(answer.get()); ++i) {
        int reason = 0;
        ASN1_GENERALIZEDTIME* begin = nullptr;
        ASN1_GENERALIZEDTIME* end = nullptr;
        OCSP_single_get0_status(OCSP_resp_get0(answer.get(), i), &reason, nullptr, &begin, &end);
        first_end = std::min(first_end, end_of(begin, end));
    }
    return first_end;
}

ocsp_status status_in(const ocsp_answer& answer, X509* certificate, X509* issuer, std::int64_t now_unix) {
    certificate_ids ids(certificate, issuer);
    ocsp_status found = ocsp_status::unknown;
    for (int i = 0; i < OCSP_resp_count(answer.get()); ++i) {
        OCSP_SINGLERESP* single = OCSP_resp_get0(answer.get(), i);
        if (ids.has(OCSP_SINGLERESP_get0_id(single))) {
            found = std::max(found, status_of(single, now_unix));  // what is revoked none makes good
        }
    }
    return found;
}

bool is_strongly_signed(const ocsp_answer& answer) {
    return has_strong_digest(OCSP_resp_get0_tbs_sigalg(answer.get()), false);
}

// OpenSSL refuses as well an answer that speaks of other issuers' certificates besides.
bool is_signed_for(const ocsp_answer& answer, X509* issuer) {
    if (!is_strongly_signed(answer)) {
        return false;
    }
    const store_pointer store(X509_STORE_new());
    STACK_OF(X509)* known = sk_X509_new_null();
    bool is_good = false;
    if (store && known != nullptr && sk_X509_push(known, issuer) > 0 && X509_STORE_add_cert(store.get(), issuer) == 1) {
        X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
        X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store.get()), strong_auth_level);
        is_good = OCSP_basic_verify(answer.get(), known, store.get(), 0) == 1;
    }
    sk_X509_free(known);  // the certificate stays the caller's
    ERR_clear_error();
    return is_good;
}

std::int64_t ocsp_answers::add(std::string_view der, const std::string& name) {
    const ocsp_answer answer = parse_ocsp_answer(der);
    if (!answer) {
        throw_openssl_failure("reading the OCSP answer of " + name);
    }
    add(answer);
    return first_end_of(answer);
}

void ocsp_answers::add(const ocsp_answer& answer) {
    if (!is_strongly_signed(answer)) {
        return;
    }
    std::set<std::string> serials;
    for (int i = 0; i < OCSP_resp_count(answer.get()); ++i) {
        const OCSP_CERTID* id = OCSP_SINGLERESP_get0_id(OCSP_resp_get0(answer.get(), i));
        ASN1_INTEGER* serial = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, const_cast<OCSP_CERTID*>(id));
        serials.insert(text_of(serial));
    }
    for (const std::string& serial : serials) {
        answers_.emplace(serial, answer);
    }
}

ocsp_status ocsp_answers::find(X509* certificate, X509* issuer, std::int64_t now_unix) const {
    ocsp_status found = ocsp_status::unknown;
    const auto [first, last] = answers_.equal_range(text_of(X509_get0_serialNumber(certificate)));
    for (auto one = first; one != last; ++one) {
        found = std::max(found, status_in(one->second, certificate, issuer, now_unix));
    }
    return found;
}

}  // namespace hawser::smime
