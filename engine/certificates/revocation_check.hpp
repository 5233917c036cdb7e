// Whether what a server gave answers a question about revocation: its form, who signed it, and when it is good. Any
// thread. Everything that comes in is hostile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "certificates/revocation_question.hpp"

namespace hawser::engine {

struct revocation_validity {
    std::int64_t this_update_unix = 0;
    std::int64_t next_update_unix = 0;
    bool is_final = false;  // OCSP says that it is revoked for good: nothing newer can say otherwise
};

enum class answer_origin : std::uint8_t { network = 1, disk };

// The request for an OCSP question, DER; without a nonce, so that responders may answer from what they have signed
// before.
std::string make_ocsp_request(const revocation_question& question);

// Fails saying what is wrong with it. A CRL is signed by one of `authorities` (DER); an OCSP answer by the issuer of
// the certificate, or whom that has delegated it to (RFC 6960 section 4.2.2.2). Neither is from the future or has
// ended, but for what can only add to what is revoked: a delta CRL from the disk, and what is final.
result<revocation_validity> check_revocation_answer(const revocation_question& question, const std::string& der,
                                                    const std::vector<std::string>& authorities, std::int64_t now_unix,
                                                    answer_origin origin = answer_origin::network);

// Whether a delta CRL goes with a CRL, both checked before (RFC 5280 section 5.2.4).
enum class delta_fit : std::uint8_t { fits = 1, needs_newer_base, is_foreign };
delta_fit judge_delta(const std::string& base_der, const std::string& delta_der);

}  // namespace hawser::engine
