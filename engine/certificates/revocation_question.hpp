// What has to be asked, and where, to know whether certificates are revoked: a CRL at the certificate's distribution
// points, with the delta CRLs that go with it (RFC 5280 sections 4.2.1.15 and 5.2.6), or, for a certificate without,
// its issuer's OCSP responder. Values; any thread. The addresses are the certificate's word and not to be trusted; what
// is not http, https, ldap or ldaps is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "certificates/certificate_store.hpp"

namespace hawser::engine {

enum class revocation_kind : std::uint8_t { crl = 1, ocsp, delta_crl };

struct revocation_question {
    revocation_kind kind = revocation_kind::crl;
    std::vector<std::string> urls;          // any of them has the answer
    std::vector<std::string> certificates;  // DER; whose answer it is
    std::string issuer;                     // DER; of an OCSP question
    std::string file_name;                  // of the first certificate, for messages to a person
    std::string id;                         // letters and digits; the same question has the same
    std::string base_id;                    // of a delta CRL: the question that its base answers
};

// Of all the certificates of a host, each question once.
std::vector<revocation_question> find_revocation_questions(const certificate_snapshot& all);

// The delta that a CRL itself names. The id is the same as where a certificate names it.
std::optional<revocation_question> find_delta_question(const revocation_question& base, const std::string& crl_der);

}  // namespace hawser::engine
