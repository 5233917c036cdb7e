// Chains that were found good, until that has to be found out again. Any thread. What is not good is not kept: whoever
// mends it need not wait. What was looked at while the cache was cleared is not kept either: it may have been found
// good by what counted before.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "openssl_pointers.hpp"

namespace hawser::smime {

struct checked_chain {
    stack_pointer issuers;  // without the certificate itself and its anchor
    std::int64_t checked_unix = 0;
    std::int64_t valid_until_unix = 0;  // the first end of a certificate, a CRL or chain_lifetime_s
};

inline constexpr std::int64_t chain_lifetime_s = 60 * 60;

class chain_cache {
public:
    struct place {
        std::shared_ptr<const checked_chain> chain;
        std::uint64_t generation = 0;  // for keep()
    };
    // A null chain: unknown, or too old; a clock that was set back makes it too old as well.
    place find(const std::string& key, std::int64_t now_unix) const;
    // `generation` is that of find(), before the chain was looked at.
    void keep(const std::string& key, std::shared_ptr<const checked_chain> chain, std::uint64_t generation);
    void clear();

private:
    static constexpr std::size_t count_max = 10'000;  // about 20 MB

    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const checked_chain>> chains_;
    std::uint64_t generation_ = 0;  // how often it was cleared
};

}  // namespace hawser::smime
