// The TLS settings that connections share: TLS 1.2 at least, verification always, the host's trust anchors where it has
// some, else the system's. Made anew when the host's certificates change. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "hawser/sdk/services.hpp"
#include "smtp_settings.hpp"

namespace boost::asio::ssl {
class context;
}

namespace hawser::smtp {

// What the connections of one transmission need; null where there is no TLS.
struct tls_contexts {
    std::shared_ptr<boost::asio::ssl::context> server;
    std::shared_ptr<boost::asio::ssl::context> token_endpoint;
};

class smtp_tls {
public:
    explicit smtp_tls(const host& owner) : host_(owner) {}
    tls_contexts contexts_for(const smtp_endpoint& endpoint);  // throws hawser::failure

private:
    std::shared_ptr<boost::asio::ssl::context> context();
    host host_;
    std::mutex mutex_;
    std::shared_ptr<boost::asio::ssl::context> context_;
    std::uint64_t revision_ = 0;
};

}  // namespace hawser::smtp
