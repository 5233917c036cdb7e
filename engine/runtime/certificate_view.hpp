// The host's certificates as plugins may see them: the service behind hawser.certificates/1.
#pragma once

#include "bindings/bindings.hpp"
#include "certificates/certificate_store.hpp"
#include "plugins/bridge/instance_host.hpp"

namespace hawser::engine {

certificate_store::sources store_sources(const certificate_sources& sources);

class certificate_view final : public certificate_source {
public:
    explicit certificate_view(const certificate_store& store) : store_(store) {}
    result<void> each(const working_message* message, std::uint32_t set, bool with_keys,
                      const visitor& visit) const override;
    std::uint64_t revision() const noexcept override { return store_.current()->revision; }

private:
    const certificate_store& store_;
};

}  // namespace hawser::engine
