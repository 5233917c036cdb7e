// Reads a bindings file with its includes and overlays into one JSON document whose values know the file they came
// from.
#pragma once

#include <string>
#include <vector>

#include "bindings/json_document.hpp"

namespace hawser::engine {

struct bindings_document {
    json_value root;
    std::string file;            // as it was named
    std::string base_directory;  // absolute folder of it
};

// "include" globs are relative to the file; lists are joined and objects merged, a name defined twice is an error that
// shows both places. Overlays are JSON merge patches (RFC 7396) with the members of lists matched by "name".
// False: problems has an error.
bool read_bindings_document(const std::string& path, const std::vector<std::string>& overlays, bindings_document& out,
                            diagnostics& problems);

struct named_plugin {
    std::string name;
    source_position position;
    std::string pointer;
};
// The "plugins" list, needed before the rest can be checked.
std::vector<named_plugin> plugins_of(const bindings_document& document, diagnostics& problems);

}  // namespace hawser::engine
