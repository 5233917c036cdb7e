// One HTTP exchange with a server that nobody vouches for: plain http, no redirects, at most so many bytes and seconds,
// and only public addresses unless private ones are allowed. Blocks; any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/result.hpp"

namespace hawser::engine {

struct http_request {
    std::string url;           // "http://…"
    std::string content_type;  // "": GET, else POST of the body
    std::string body;
};

struct http_limits {
    std::size_t size_max = 32UL << 20U;
    std::chrono::seconds time_max{15};
    bool allows_private_addresses = false;
};

inline constexpr const char* server_away = "revocation.server";  // the code of an error: no answer of any kind

// The body of a 200 answer. Fails saying what came instead; `is_stopping` ends it within a tenth of a second, but for
// the look-up of a name, which the system does not let go of.
result<std::string> fetch(const http_request& request, const http_limits& limits, const std::atomic<bool>& is_stopping);

std::string server_of(const std::string& url);    // "host:port"; "" where it is no http URL
bool is_public_address(const std::string& text);  // of an IPv4 or IPv6 address

}  // namespace hawser::engine
