// The TLS contexts that connections share: one for each policy in use, made anew when the host's certificates change.
// Verification always; the policy's anchors, else the host's where it has some, else the system's. Thread-safe.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "hawser/sdk/services.hpp"
#include "smtp_settings.hpp"
#include "tls_context.hpp"

namespace hawser::smtp {

// What the connections of one transmission need; null where there is no TLS.
struct tls_contexts {
    std::shared_ptr<tls_context> server;
    std::shared_ptr<boost::asio::ssl::context> token_endpoint;
};

class smtp_tls {
public:
    explicit smtp_tls(const host& owner) : host_(owner) {}
    tls_contexts contexts_for(const smtp_endpoint& endpoint);  // throws hawser::failure

private:
    std::shared_ptr<tls_context> context_for(const tls_policy& policy);
    std::shared_ptr<tls_context> make(const tls_policy& policy) const;

    struct entry {
        tls_policy policy;
        std::shared_ptr<tls_context> context;
    };
    host host_;
    std::mutex mutex_;
    std::list<entry> entries_;  // the last used first
    std::uint64_t revision_ = 0;
};

}  // namespace hawser::smtp
