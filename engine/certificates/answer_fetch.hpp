// Gets one answer about revocation from a server that nobody vouches for, by http, https, ldap or ldaps: no redirects
// and no referrals, at most so many bytes and seconds, and only public addresses unless private ones are allowed.
// Blocks; any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace hawser::engine {

struct fetch_request {
    std::string url;
    std::string content_type;  // "": to read, else to POST the body
    std::string body;
};

struct fetch_limits {
    std::size_t size_max = 32UL << 20U;
    std::chrono::seconds time_max{15};
    bool allows_private_addresses = false;
    std::shared_ptr<const std::vector<std::string>> tls_anchors;  // DER; beside the system's; may be null
};

inline constexpr const char* server_away = "revocation.server";   // the code of an error: no answer of any kind
inline constexpr const char* answer_unfit = "revocation.answer";  // and of one that is no good

// The body of a 200 answer, or the value of the attribute. Fails saying what came instead; `is_stopping` ends it within
// a tenth of a second, but for the look-up of a name.
result<std::string> fetch(const fetch_request& request, const fetch_limits& limits,
                          const std::atomic<bool>& is_stopping);

}  // namespace hawser::engine
