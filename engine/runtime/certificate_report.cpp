// hawser::inspect_certificates: the certificates of a configuration, what uses them, and what is wrong with them.
#include "base/clock.hpp"
#include "hawser/host.hpp"
#include "runtime/certificate_review.hpp"
#include "runtime/counters.hpp"
#include "runtime/loaded_configuration.hpp"
#include "runtime/port_factory.hpp"
#include "runtime/seal_trial.hpp"

namespace hawser {
namespace engine {
namespace {

certificate_summary summary_of(const certificate_entry& entry, const std::string& folder,
                               const std::vector<certificate_use>& uses) {
    const certificate_facts facts = read_certificate_facts(entry);
    certificate_summary summary;
    summary.file = entry.file_name;
    summary.folder = folder;
    summary.subject = entry.subject;
    summary.issuer = facts.issuer;
    summary.mailboxes = facts.addresses.mailboxes;
    summary.domains = facts.addresses.domains;
    summary.serial = facts.serial;
    summary.sha1 = entry.sha1;
    summary.sha256 = entry.sha256;
    summary.key = facts.key;
    summary.not_before_unix_ms = entry.not_before_unix * 1000;
    summary.not_after_unix_ms = entry.not_after_unix * 1000;
    summary.has_private_key = !entry.private_key.empty();
    summary.is_authority = entry.usage.is_authority;
    summary.token = entry.token;
    for (const certificate_use& one : uses) {
        if (one.certificate == &entry) {
            (one.signs ? summary.signs_for : summary.encrypted_for_by).push_back(one.port);
        }
    }
    return summary;
}

}  // namespace
}  // namespace engine

certificate_report inspect_certificates(const configuration& loaded, std::int64_t within_ms) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    const certificate_store store(store_sources(own.bindings().host.certificates));
    const std::shared_ptr<const certificate_snapshot> all = store.current();
    const std::unique_ptr<revocation_refresher> revocation = make_revocation_refresher(own.bindings().host, store);
    const certificate_view view(store, revocation.get());
    counters counted;
    const engine_services services{&view, &counted, &system_clock()};
    port_seals seals;
    std::map<std::string, pipeline_failure> trials;
    for (const send_port_binding& port : own.bindings().send_ports) {
        seals[port.name] = configured_seals(own, services, port);
        if (std::optional<pipeline_failure> failure = try_seal(own, services, port)) {
            trials.emplace(port.name, std::move(*failure));
        }
    }
    const std::int64_t now_unix = system_clock().unix_ms() / 1000;
    const std::vector<certificate_use> uses = certificate_uses(own.bindings(), seals, *all, now_unix);
    certificate_report report;
    for (const auto& [folder, name] :
         {std::pair{&all->personal, "personal"}, std::pair{&all->other_people, "otherPeople"},
          std::pair{&all->trusted, "trusted"}}) {
        for (const certificate_entry& entry : folder->certificates) {
            report.certificates.push_back(summary_of(entry, name, uses));
        }
    }
    report.unreadable = all->problems();
    report.findings = certificate_review({own.bindings(), seals, *all, now_unix, within_ms, trials}).take_findings();
    return report;
}

}  // namespace hawser
