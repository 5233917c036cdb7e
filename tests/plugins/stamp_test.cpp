// The sample plugin of samples/stamp, loaded as a host loads it.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;

TEST_CASE("the stamp stands above the body, whatever the sizes of the reads") {
    void* const library = dlopen(STAMP_PLUGIN, RTLD_NOW | RTLD_LOCAL);   // never closed
    REQUIRE_MESSAGE(library != nullptr, dlerror());
    const auto* const entry = static_cast<const hawser_entry*>(dlsym(library, "hawser_plugin_entry_1"));
    REQUIRE(entry != nullptr);
    const hawser_factory* factory = entry->get_factory(hawser::detail::to_abi(HAWSER_PIPELINE_COMPONENT));
    for (const std::size_t size : {std::size_t{1}, std::size_t{65536}}) {
        CAPTURE(size);
        kit::host host;
        kit::instance stamp(host, factory, 0);
        for (const std::string body : {"one\r\n", ""}) {
            kit::message message(body);
            CHECK(kit::run(stamp, message, size).body == "Stamped.\r\n" + body);
            CHECK(message.get("Sample.Stamped") == "true");
        }
        CHECK(host.violations().empty());
    }
}
