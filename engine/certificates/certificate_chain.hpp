// Whether a certificate leads to an anchor of the host: without regard to dates, usages and revocation, which are asked
// about elsewhere. Made once for a snapshot, which outlives it; used by one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "certificates/certificate_store.hpp"

namespace hawser::engine {

class certificate_chains {
public:
    explicit certificate_chains(const certificate_snapshot& all);
    ~certificate_chains();
    certificate_chains(const certificate_chains&) = delete;
    certificate_chains& operator=(const certificate_chains&) = delete;

    // "" = there is a chain; else why there is none.
    std::string problem_of(const certificate_entry& entry) const;

private:
    struct objects;
    std::unique_ptr<objects> objects_;
};

}  // namespace hawser::engine
