// One HTTP exchange of answer_fetch. Follows no redirect.
#pragma once

#include "certificates/answer_fetch.hpp"
#include "certificates/fetch_url.hpp"

namespace hawser::engine {

result<std::string> fetch_http(const fetch_url& to, const fetch_request& request, const fetch_limits& limits,
                               const std::atomic<bool>& is_stopping);

}  // namespace hawser::engine
