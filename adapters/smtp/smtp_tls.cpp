#include "smtp_tls.hpp"

#include <algorithm>

namespace hawser::smtp {
namespace {

constexpr std::size_t entry_count_max = 64;

std::string_view der_of(const hawser_certificate& one) { return {one.der.data, one.der.size}; }

}  // namespace

tls_contexts smtp_tls::contexts_for(const smtp_endpoint& endpoint) {
    const std::lock_guard lock(mutex_);
    if (const std::uint64_t revision = host_.certificate_revision(); revision != revision_) {
        entries_.clear();
        revision_ = revision;
    }
    tls_contexts made;
    if (endpoint.tls != tls_mode::none) {
        made.server = context_for(endpoint.policy);
    }
    if (endpoint.uses_token()) {  // another server: the mail server's policy is not for it
        const std::shared_ptr<tls_context> plain = context_for({});
        made.token_endpoint = {plain, &plain->native()};
    }
    return made;
}

std::shared_ptr<tls_context> smtp_tls::context_for(const tls_policy& policy) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&](const entry& one) { return one.policy == policy; });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
        return entries_.front().context;
    }
    entries_.push_front({policy, make(policy)});
    if (entries_.size() > entry_count_max) {
        entries_.pop_back();
    }
    return entries_.front().context;
}

std::shared_ptr<tls_context> smtp_tls::make(const tls_policy& policy) const {
    auto made = std::make_shared<tls_context>(policy);
    if (!policy.trusted.empty()) {
        return made;
    }
    const bool has_own = host_.each_certificate(nullptr, certificate_set::trusted,
                                                [&](const hawser_certificate& one) { made->add_anchor(der_of(one)); });
    if (!has_own) {
        made->use_system_anchors();
        return made;
    }
    host_.each_certificate(nullptr, certificate_set::crls,
                           [&](const hawser_certificate& one) { made->add_revocation_list(der_of(one)); });
    return made;
}

}  // namespace hawser::smtp
