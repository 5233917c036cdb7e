// Whether a certificate is for a mail address (RFC 5280 section 4.2.1.6, RFC 8550 section 3, RFC 9598): local parts are
// compared byte by byte, domains without regard to case and to whether they are written in U-labels or A-labels. Pure;
// what is no address matches nothing. The S/MIME decoder's sender_match has the same rules and tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hawser::engine {

// What a certificate's subject alternative names, and the emailAddress of its subject, say.
struct certificate_addresses {
    std::vector<std::string> mailboxes;  // "ap@partner.example", UTF-8
    std::vector<std::string> domains;    // dNSName: of every mailbox of exactly this domain
};

bool is_for_address(const certificate_addresses& certificate, std::string_view address);

// The addresses of a list as ports have them in To, CC, BCC and From ("Name <a@b.example>; c@d.example"), or of a
// mailto: URI, which is percent-decoded. Nothing is checked beyond that: what is no address is left out.
std::vector<std::string> addresses_in(std::string_view list);

}  // namespace hawser::engine
