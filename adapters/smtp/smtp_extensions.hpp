// What a server's EHLO reply offers (RFC 5321 section 4.1.1.1). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smtp_reply.hpp"

namespace hawser::smtp {

struct smtp_extensions {
    bool is_known = false;                    // EHLO was answered
    bool has_pipelining = false;              // RFC 2920
    bool has_8bitmime = false;                // RFC 6152
    bool has_starttls = false;                // RFC 3207
    bool has_dsn = false;                     // RFC 3461
    bool has_requiretls = false;              // RFC 8689
    bool has_size = false;                    // RFC 1870
    bool has_smtputf8 = false;                // RFC 6531
    bool has_chunking = false;                // RFC 3030
    bool has_binarymime = false;              // RFC 3030
    std::uint64_t size_max = 0;               // 0 = not said
    std::uint64_t recipients_max = 0;         // of one transaction (RFC 9422, RCPTMAX); 0 = not said
    std::vector<std::string> authentication;  // mechanisms in upper case (RFC 4954)

    bool offers(const std::string& mechanism) const;
};

smtp_extensions parse_extensions(const smtp_reply& ehlo);

}  // namespace hawser::smtp
