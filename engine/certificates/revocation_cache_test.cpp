// What is on disk of answers about revocation, also where the disk does not give it.
#include "certificates/revocation_cache.hpp"

#include <doctest/doctest.h>

#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

TEST_CASE("an answer that cannot be read from the disk is none") {
    const made_folder folder;
    const revocation_cache cache(folder.path.string());
    REQUIRE(cache.write("there", "der"));
    CHECK(cache.read("there") == "der");
    CHECK(cache.read("missing").empty());
    std::filesystem::create_symlink("/proc/self/mem", folder.path / "broken.answer");  // its first byte cannot be read
    CHECK(cache.read("broken").empty());
    cache.keep_only([](const std::string& id) { return id == "there"; });
    CHECK_FALSE(std::filesystem::exists(std::filesystem::symlink_status(folder.path / "broken.answer")));
    CHECK(cache.read("there") == "der");
}
