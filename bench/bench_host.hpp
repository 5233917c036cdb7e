// A Hawser host within a benchmark. Failure: exit code 1 with what is wrong.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "hawser/host.hpp"

namespace hawser::bench {

inline std::unique_ptr<configuration> load_or_exit(const std::string& path) {
    load_options options;
    options.plugin_folders = {PLUGIN_FOLDER};
    load_result loaded = load(path, options);
    for (const problem& one : loaded.problems) {
        std::fprintf(stderr, "%s\n", one.line_text().c_str());
    }
    if (!loaded.value) {
        std::exit(1);
    }
    return std::move(loaded.value);
}

template <typename Value>
std::unique_ptr<Value> value_or_exit(opened<Value> one) {
    if (!one.value) {
        std::fprintf(stderr, "%s\n", one.text.c_str());
        std::exit(1);
    }
    return std::move(one.value);
}

}  // namespace hawser::bench
