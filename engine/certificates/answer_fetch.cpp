#include "certificates/answer_fetch.hpp"

#include <optional>

#include "certificates/fetch_url.hpp"
#include "certificates/http_fetch.hpp"
#include "certificates/ldap_fetch.hpp"

namespace hawser::engine {

result<std::string> fetch(const fetch_request& request, const fetch_limits& limits,
                          const std::atomic<bool>& is_stopping) {
    const std::optional<fetch_url> to = parse_fetch_url(request.url);
    if (!to || to->host.empty() || (to->is_ldap() && !request.content_type.empty())) {
        return fail(answer_unfit, "it is no address that can be asked");
    }
    try {
        return to->is_ldap() ? fetch_ldap(*to, limits, is_stopping) : fetch_http(*to, request, limits, is_stopping);
    } catch (const std::exception& failure) {  // memory, descriptors
        return fail(answer_unfit, failure.what());
    }
}

}  // namespace hawser::engine
