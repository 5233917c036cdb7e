// What OCSP responders said about certificates, as the host fetched and verified it. Filled by one thread, then
// immutable; any thread.
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

class ocsp_answers {
public:
    // Gives when the first of what it says ends. Throws where it is none.
    std::int64_t add(std::string_view der, const std::string& name);
    // `unknown` too where the answer is not good any more.
    ocsp_status find(X509* certificate, X509* issuer, std::int64_t now_unix) const;
    bool is_empty() const noexcept { return answers_.empty(); }

private:
    std::multimap<std::string, std::shared_ptr<OCSP_BASICRESP>> answers_;  // by serial number
};

}  // namespace hawser::smime
