// What is wrong with the certificates of a configuration, and with how its ports use them. Used once, on one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "certificates/certificate_chain.hpp"
#include "certificates/certificate_facts.hpp"
#include "hawser/types.hpp"
#include "pipeline/pipeline.hpp"
#include "runtime/certificate_use.hpp"

namespace hawser::engine {

class certificate_review {
public:
    // All of them outlive it.
    struct subject {
        const host_bindings& bindings;
        const port_seals& seals;
        const certificate_snapshot& all;
        std::int64_t now_unix = 0;
        std::int64_t within_ms = 0;                           // what ends earlier is warned of
        std::map<std::string, pipeline_failure> trials = {};  // why a port's components would not seal, by its name
    };

    explicit certificate_review(const subject& of);
    std::vector<certificate_finding> take_findings();

private:
    void add(finding_kind kind, const std::string& file, const std::string& port, const std::string& text);
    void check_folder(const certificate_folder& folder);
    void check_dates(const certificate_entry& entry, bool is_used);
    void check_uses();
    void check_fitness(const certificate_entry& entry, bool signs);
    void check_strength(const certificate_entry& entry, const certificate_facts& facts);
    void check_signing(const send_port_binding& port);
    void check_sender(const send_port_binding& port, const transport_binding& transport,
                      const certificate_entry& signer);
    void check_encryption(const send_port_binding& port);
    void check_trials(const std::vector<certificate_use>& uses);
    void check_own_recipients(const send_port_binding& port);
    void check_recipients(const send_port_binding& port, const std::vector<const certificate_entry*>& certificates);
    const certificate_facts& facts_of(const certificate_entry& entry);

    subject of_;
    certificate_chains chains_;
    std::map<std::string, certificate_facts> facts_;  // by thumbprint
    std::vector<certificate_finding> findings_;
};

}  // namespace hawser::engine
