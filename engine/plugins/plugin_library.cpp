#include "plugins/plugin_library.hpp"

#include <sys/stat.h>

#include <boost/dll/library_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <filesystem>
#include <map>
#include <mutex>

#include "base/log.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {
namespace {

constexpr const char* entry_symbol = "hawser_plugin_entry_1";

struct kept_library {
    boost::dll::shared_library library;
    const hawser_entry* entry = nullptr;
};

bool is_writable_by_others(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0;
}

// Reads the symbol table of the file; nothing of the plugin has run yet.
result<void> check_symbols(const std::string& path) {
    std::vector<std::string> symbols;
    try {
        symbols = boost::dll::library_info(path).symbols();
    } catch (const std::exception& failure) {
        return fail("plugin.not-loadable", path + " is no shared library: " + failure.what());
    }
    std::string other_major;
    for (const std::string& symbol : symbols) {
        if (symbol == entry_symbol) {
            return {};
        }
        if (symbol.rfind("hawser_plugin_entry_", 0) == 0) {
            other_major = symbol.substr(20);
        }
    }
    if (!other_major.empty()) {
        return fail("plugin.abi",
                    path + " was built for version " + other_major +
                        " of the plugin interface; this engine has version 1: build it again with this SDK");
    }
    return fail("plugin.no-entry", path + " has no symbol " + entry_symbol +
                                       ": it is no Hawser plugin (is HAWSER_PLUGIN missing, or is the symbol hidden?)");
}

result<void> check_versions(const std::string& path, const hawser_entry& entry) {
    if (entry.abi_major != HAWSER_ABI_MAJOR) {
        return fail("plugin.abi", path + " says that it is for version " + std::to_string(entry.abi_major) +
                                      " of the plugin interface; this engine has version " +
                                      std::to_string(HAWSER_ABI_MAJOR));
    }
    if (entry.abi_minor > HAWSER_ABI_MINOR) {
        return fail("plugin.abi", path + " needs version 1." + std::to_string(entry.abi_minor) +
                                      " of the plugin interface; this engine has 1." +
                                      std::to_string(HAWSER_ABI_MINOR) + ": use a newer engine, or an older plugin");
    }
    if (entry.init == nullptr || entry.get_factory == nullptr) {
        return fail("plugin.abi", path + " has an entry without init or get_factory");
    }
    return {};
}

// A C++ plugin guards its own code; one that lets an exception out of init all the same is told so.
result<void> initialise(const std::string& path, const hawser_entry& entry) {
    error_text error;
    try {
        if (const hawser_status status = entry.init(error.abi()); status < 0) {
            return fail("plugin.init",
                        path + " could not start: " +
                            (error.text().empty() ? "init answered " + std::to_string(status) + " without a reason"
                                                  : printable(error.text())));
        }
    } catch (const std::exception& thrown) {
        return fail("plugin.init", path + " threw an exception in init (" + printable(thrown.what()) +
                                       "): plugins must not let exceptions out");
    } catch (...) {
        return fail("plugin.init", path + " threw an exception in init: plugins must not let exceptions out");
    }
    return {};
}

}  // namespace

result<const hawser_entry*> load_plugin_library(const std::string& absolute_path) {
    static std::mutex mutex;
    // Never freed: a plugin is never unloaded, not even while static objects are destroyed at exit.
    static auto& kept = *new std::map<std::string, kept_library>();
    const std::lock_guard lock(mutex);
    if (const auto known = kept.find(absolute_path); known != kept.end()) {
        return known->second.entry;
    }
    const std::string folder = std::filesystem::path(absolute_path).parent_path().string();
    for (const std::string& path : {absolute_path, folder}) {
        if (is_writable_by_others(path)) {
            return fail("plugin.unsafe",
                        path + " may be written by every user, so a plugin is not loaded from it: chmod o-w " + path);
        }
    }
    if (result<void> checked = check_symbols(absolute_path); !checked) {
        return unexpected{std::move(checked).error()};
    }
    kept_library library;
    try {
        library.library.load(absolute_path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
        library.entry = &library.library.get<const hawser_entry>(entry_symbol);
    } catch (const std::exception& failure) {
        return fail("plugin.not-loadable", absolute_path + " cannot be loaded: " + failure.what());
    }
    result<void> checked = check_versions(absolute_path, *library.entry);
    if (checked) {
        checked = initialise(absolute_path, *library.entry);
    }
    const hawser_entry* entry = library.entry;
    if (!checked) {
        static auto& refused = *new std::vector<kept_library>();  // its code has run: it stays
        refused.push_back(std::move(library));
        return unexpected{std::move(checked).error()};
    }
    kept[absolute_path] = std::move(library);
    return entry;
}

}  // namespace hawser::engine
