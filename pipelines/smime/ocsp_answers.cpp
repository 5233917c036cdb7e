#include "ocsp_answers.hpp"

#include <algorithm>
#include <limits>

#include "trust_material.hpp"

namespace hawser::smime {
namespace {

using response_pointer = std::unique_ptr<OCSP_RESPONSE, deleter<&OCSP_RESPONSE_free>>;
using certificate_id_pointer = std::unique_ptr<OCSP_CERTID, deleter<&OCSP_CERTID_free>>;

constexpr std::int64_t unbounded_answer_s = 3600;  // of an answer that does not say when there is a newer one

std::string text_of(const ASN1_INTEGER* number) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(number)),
            static_cast<std::size_t>(ASN1_STRING_length(number))};
}

std::int64_t end_of(const ASN1_GENERALIZEDTIME* begin, const ASN1_GENERALIZEDTIME* end) {
    return end == nullptr ? unix_time(begin) + unbounded_answer_s : unix_time(end);
}

}  // namespace

std::int64_t ocsp_answers::add(std::string_view der, const std::string& name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const response_pointer response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
    const std::shared_ptr<OCSP_BASICRESP> basic(response ? OCSP_response_get1_basic(response.get()) : nullptr,
                                                &OCSP_BASICRESP_free);
    if (!basic) {
        throw_openssl_failure("reading the OCSP answer of " + name);
    }
    std::int64_t first_end = std::numeric_limits<std::int64_t>::max();
    for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
        OCSP_SINGLERESP* single = OCSP_resp_get0(basic.get(), i);
        const OCSP_CERTID* id = OCSP_SINGLERESP_get0_id(single);
        ASN1_INTEGER* serial = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, const_cast<OCSP_CERTID*>(id));
        answers_.emplace(text_of(serial), basic);
        int reason = 0;
        ASN1_GENERALIZEDTIME* begin = nullptr;
        ASN1_GENERALIZEDTIME* end = nullptr;
        OCSP_single_get0_status(single, &reason, nullptr, &begin, &end);
        first_end = std::min(first_end, end_of(begin, end));
    }
    return first_end;
}

ocsp_status ocsp_answers::find(X509* certificate, X509* issuer, std::int64_t now_unix) const {
    ocsp_status found = ocsp_status::unknown;
    const auto [first, last] = answers_.equal_range(text_of(X509_get0_serialNumber(certificate)));
    for (auto one = first; one != last; ++one) {
        const certificate_id_pointer id(OCSP_cert_to_id(EVP_sha1(), certificate, issuer));
        int status = V_OCSP_CERTSTATUS_UNKNOWN;
        int reason = 0;
        ASN1_GENERALIZEDTIME* begin = nullptr;
        ASN1_GENERALIZEDTIME* end = nullptr;
        if (!id || OCSP_resp_find_status(one->second.get(), id.get(), &status, &reason, nullptr, &begin, &end) != 1) {
            continue;
        }
        if (status == V_OCSP_CERTSTATUS_REVOKED) {
            return ocsp_status::revoked;  // and stays so, whatever the age of the answer
        }
        if (status == V_OCSP_CERTSTATUS_GOOD && now_unix < end_of(begin, end)) {
            found = ocsp_status::good;
        }
    }
    return found;
}

}  // namespace hawser::smime
