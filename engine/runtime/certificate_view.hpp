// The host's certificates as plugins may see them: the service behind hawser.certificates/1.
#pragma once

#include <memory>

#include "bindings/bindings.hpp"
#include "certificates/certificate_store.hpp"
#include "certificates/revocation_refresher.hpp"
#include "plugins/bridge/instance_host.hpp"

namespace hawser::engine {

certificate_store::sources store_sources(const certificate_sources& sources);

class certificate_view final : public certificate_source {
public:
    // `revocation` may be null.
    explicit certificate_view(const certificate_store& store, const revocation_refresher* revocation = nullptr)
        : store_(store), revocation_(revocation) {}
    result<void> each(const working_message* message, std::uint32_t set, bool with_keys,
                      const visitor& visit) const override;
    result<void> find_recipient(std::uint32_t set, const std::string& selector, const visitor& visit) const override;
    result<std::string> use_key(const std::string& private_key, const key_use& wanted) const override {
        return store_.use_key(private_key, wanted);
    }
    // Of both, in one number: neither is ever reached four thousand million times.
    std::uint64_t revision() const noexcept override {
        return (store_.current()->revision << 32U) + (revocation_ == nullptr ? 0 : revocation_->revision());
    }

private:
    const certificate_store& store_;
    const revocation_refresher* revocation_;
};

// Null where the bindings say that nothing is fetched. What is on disk is there at once.
std::unique_ptr<revocation_refresher> make_revocation_refresher(const host_binding& host,
                                                                const certificate_store& store);

}  // namespace hawser::engine
