#include "plugins/plugin_registry.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace hawser::engine;
namespace fs = std::filesystem;

namespace {

const std::string folder = TEST_PLUGIN_FOLDER;

error load_error(plugin_registry& registry, const std::string& name) {
    const result<void> loaded = registry.load(name, folder);
    return loaded ? error{"loaded", ""} : loaded.error();
}

error load_error(const std::string& name) {
    plugin_registry registry({folder});
    return load_error(registry, name);
}

}  // namespace

TEST_CASE("a plugin's components are found by kind and id") {
    plugin_registry registry({folder});
    REQUIRE(registry.load("good_one", folder));
    REQUIRE(registry.load("good_one", folder));  // twice is once
    CHECK(registry.find(HAWSER_KIND_PIPELINE_COMPONENT, "Test.Twin") != nullptr);
    CHECK(registry.find(HAWSER_KIND_SEND_ADAPTER, "Test.Twin") == nullptr);
    CHECK(registry.all().size() == 1);
}

TEST_CASE("every reason not to load a plugin has its own words") {
    const error missing = load_error("no_such_plugin");
    CHECK(missing.code == "plugin.missing");
    CHECK(missing.text.find(folder) != std::string::npos);
    CHECK(load_error("./no_such.so").code == "plugin.missing");
    CHECK(load_error("no_entry").code == "plugin.no-entry");
    const error major = load_error("wrong_major");
    CHECK(major.code == "plugin.abi");
    CHECK(major.text.find("version 2") != std::string::npos);
    const error minor = load_error("later_minor");
    CHECK(minor.code == "plugin.abi");
    CHECK(minor.text.find("1.1") != std::string::npos);
    const error refused = load_error("refusing_init");
    CHECK(refused.code == "plugin.init");
    CHECK(refused.text.find("no licence dongle") != std::string::npos);
    const error thrown = load_error("throwing_init");
    CHECK(thrown.code == "plugin.init");
    CHECK(thrown.text.find("thrown in init") != std::string::npos);
    CHECK(load_error("bad_descriptor").code == "plugin.descriptor");
    CHECK(load_error("no_factory").code == "plugin.descriptor");
}

TEST_CASE("two plugins with one id are refused, and both files are named") {
    plugin_registry registry({folder});
    REQUIRE(registry.load("good_one", folder));
    const error duplicate = load_error(registry, "good_two");
    CHECK(duplicate.code == "plugin.duplicate");
    CHECK(duplicate.text.find("good_one.so") != std::string::npos);
    CHECK(duplicate.text.find("good_two.so") != std::string::npos);
}

TEST_CASE("garbage is no plugin, and a file that everybody may write is not loaded") {
    const std::string garbage = folder + "/garbage.so";
    std::ofstream(garbage) << "not an ELF file";
    CHECK(load_error(garbage).code == "plugin.not-loadable");
    const std::string open_to_all = folder + "/open_to_all.so";
    fs::copy_file(folder + "/good_one.so", open_to_all, fs::copy_options::overwrite_existing);
    ::chmod(open_to_all.c_str(), 0666);
    CHECK(load_error(open_to_all).code == "plugin.unsafe");
}
