// What has to be asked, and where, to know whether certificates are revoked: a CRL at the certificate's distribution
// points, or, for one without, its issuer's OCSP responder. Values; any thread. The addresses are the certificate's
// word and not to be trusted; what is not http is left out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "certificates/certificate_store.hpp"

namespace hawser::engine {

enum class revocation_kind : std::uint8_t { crl = 1, ocsp };

struct revocation_question {
    revocation_kind kind = revocation_kind::crl;
    std::vector<std::string> urls;          // any of them has the answer
    std::vector<std::string> certificates;  // DER; whose answer it is
    std::string issuer;                     // DER; of an OCSP question
    std::string file_name;                  // of the first certificate, for messages to a person
    std::string id;                         // letters and digits; the same question has the same
};

// Of all the certificates of a host, each question once.
std::vector<revocation_question> find_revocation_questions(const certificate_snapshot& all);

}  // namespace hawser::engine
