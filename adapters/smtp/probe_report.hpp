// What `smtp probe` says of a server, made of the facts of a session that was opened with it, or could not be.
#pragma once

#include <cstdint>
#include <optional>

#include "hawser/sdk/adapter.hpp"
#include "session_facts.hpp"
#include "smtp_extensions.hpp"
#include "smtp_settings.hpp"

namespace hawser::smtp {

struct probed_session {
    const smtp_endpoint& endpoint;
    const session_facts& facts;
    const smtp_extensions& extensions;
    std::vector<certificate_facts> chain;  // as the server sent it
    std::optional<outcome> refused;        // nullopt: mail could be sent
};

void report_session(const probed_session& session, std::int64_t now_unix_s, findings& found);
// Of a server whose certificate was not trusted: what it showed.
void report_chain(const std::vector<certificate_facts>& chain, std::int64_t now_unix_s, findings& found);

}  // namespace hawser::smtp
