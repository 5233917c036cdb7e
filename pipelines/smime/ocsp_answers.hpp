// What OCSP responders said about certificates, verified by whoever adds it. Filled by one thread, then immutable; any
// thread.
#pragma once

#include <openssl/ocsp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "openssl_pointers.hpp"

namespace hawser::smime {

enum class ocsp_status : std::uint8_t { unknown = 1, good, revoked };

using ocsp_answer = std::shared_ptr<OCSP_BASICRESP>;

ocsp_answer parse_ocsp_answer(std::string_view der);   // null: it is none; OpenSSL's queue has the reason
std::int64_t first_end_of(const ocsp_answer& answer);  // the largest number where it says nothing
// `unknown` too where what it says is not good any more. Revoked for good stays so, whatever the age of the answer.
ocsp_status status_in(const ocsp_answer& answer, X509* certificate, X509* issuer, std::int64_t now_unix);
// With SHA-256 or a hash as strong, by the issuer itself, or whom its answer's certificate shows to be its delegate
// (RFC 6960 section 4.2.2.2).
bool is_signed_for(const ocsp_answer& answer, X509* issuer);

class ocsp_answers {
public:
    // Gives when the first of what it says ends. Throws where it is none.
    std::int64_t add(std::string_view der, const std::string& name);
    void add(const ocsp_answer& answer);  // one that is signed with a weaker hash counts as none
    ocsp_status find(X509* certificate, X509* issuer, std::int64_t now_unix) const;

private:
    std::multimap<std::string, ocsp_answer> answers_;  // by serial number
};

}  // namespace hawser::smime
