// Whether a certificate is for a sender's mail address (RFC 5280 section 4.2.1.6, RFC 8550 section 3, RFC 9598), by the
// rules of engine/certificates/mail_address_match, whose tests are the same: local parts are compared byte by byte,
// domains without regard to case and to whether they are written in U-labels or A-labels. Pure; what is no address
// matches nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hawser::smime {

// What a certificate's subject alternative names, and the emailAddress of its subject, say.
struct certificate_addresses {
    std::vector<std::string> mailboxes;  // "ap@partner.example", UTF-8
    std::vector<std::string> domains;    // dNSName: of every mailbox of exactly this domain
};

bool is_for_address(const certificate_addresses& certificate, std::string_view address);
bool is_same_mailbox(std::string_view one, std::string_view other);

// The address of a header field that has exactly one (RFC 5322 section 3.4), as it is written there; "" for every
// other.
std::string sole_address(std::string_view field);

// One spelling for all of a mailbox: the domain in lower case and A-labels, the local part in quotes only where it
// needs them.
std::string plain_address(std::string_view address);

}  // namespace hawser::smime
