#include "chain_cache.hpp"

namespace hawser::smime {

chain_cache::place chain_cache::find(const std::string& key, std::int64_t now_unix) const {
    const std::lock_guard lock(mutex_);
    const auto known = chains_.find(key);
    const bool is_usable =
        known != chains_.end() && known->second->checked_unix <= now_unix && now_unix < known->second->valid_until_unix;
    return {is_usable ? known->second : nullptr, generation_};
}

void chain_cache::keep(const std::string& key, std::shared_ptr<const checked_chain> chain, std::uint64_t generation) {
    const std::lock_guard lock(mutex_);
    if (generation != generation_) {
        return;
    }
    if (chains_.size() >= count_max) {
        chains_.clear();  // senders may be as many as they like
    }
    chains_[key] = std::move(chain);
}

void chain_cache::clear() {
    const std::lock_guard lock(mutex_);
    ++generation_;
    chains_.clear();
}

}  // namespace hawser::smime
