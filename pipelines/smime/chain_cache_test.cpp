#include "chain_cache.hpp"

#include <doctest/doctest.h>

using namespace hawser::smime;

namespace {

std::shared_ptr<const checked_chain> chain_until(std::int64_t end_unix) {
    auto made = std::make_shared<checked_chain>();
    made->checked_unix = 100;
    made->valid_until_unix = end_unix;
    return made;
}

}  // namespace

TEST_CASE("a chain is kept until it ends, and not for a clock that was set back") {
    chain_cache cache;
    const auto chain = chain_until(200);
    cache.keep("a", chain, cache.find("a", 100).generation);
    CHECK(cache.find("a", 100).chain == chain);
    CHECK(cache.find("a", 199).chain == chain);
    CHECK_FALSE(cache.find("a", 200).chain);
    CHECK_FALSE(cache.find("a", 99).chain);
    CHECK_FALSE(cache.find("b", 100).chain);
}

TEST_CASE("a chain that was looked at while the cache was cleared is not kept, and the next one is") {
    chain_cache cache;
    const chain_cache::place before = cache.find("a", 100);
    cache.keep("other", chain_until(200), before.generation);
    cache.clear();
    cache.keep("a", chain_until(200), before.generation);
    CHECK_FALSE(cache.find("a", 100).chain);
    CHECK_FALSE(cache.find("other", 100).chain);
    cache.keep("a", chain_until(200), cache.find("a", 100).generation);
    CHECK(cache.find("a", 100).chain);
}
