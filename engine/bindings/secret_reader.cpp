#include "bindings/secret_reader.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hawser::engine {
namespace {

// Whoever it is, this says why and where.
struct secret_place {
    const json_value& value;
    const std::string& pointer;
    diagnostics& problems;

    bool refuse(const std::string& text, const std::string& hint = {}) const {
        problems.error(value.position, pointer, text, hint);
        return false;
    }
};

bool read_secret_file(const secret_place& place, const std::filesystem::path& path, std::string& out) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return place.refuse("the secret file " + path.string() + " cannot be read");
    }
    out.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) {  // an editor's last newline is no part of it
        out.pop_back();
    }
    return true;
}

bool read_environment(const secret_place& place, const std::string& name, std::string& out) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
        return place.refuse("the environment variable " + name + " is not set");
    }
    out = value;
    return true;
}

bool read_credential(const secret_place& place, const std::string& name, std::string& out) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || name.find('/') != std::string::npos) {
        return place.refuse("there is no credential \"" + name +
                            "\": the service manager did not set CREDENTIALS_DIRECTORY");
    }
    return read_secret_file(place, std::filesystem::path(folder) / name, out);
}

}  // namespace

bool read_secret(const json_value& value, const std::string& pointer, const std::string& base_directory,
                 diagnostics& problems, std::string& out) {
    const secret_place place{value, pointer, problems};
    if (value.is(json_value::kind::string)) {
        problems.warning(
            value.position, pointer,
            "a secret stands in the file itself: better {\"env\": …}, {\"file\": …} or {\"credential\": …}");
        out = value.text;
        return true;
    }
    if (!value.is(json_value::kind::object) || value.members.size() != 1 ||
        !value.members[0].value.is(json_value::kind::string)) {
        return place.refuse("a secret is {\"env\": \"NAME\"}, {\"file\": \"path\"} or {\"credential\": \"name\"}");
    }
    const std::string& source = value.members[0].key;
    const std::string& name = value.members[0].value.text;
    if (source == "env") {
        return read_environment(place, name, out);
    }
    if (source == "file") {
        return read_secret_file(place, std::filesystem::path(base_directory) / name, out);
    }
    if (source == "credential") {
        return read_credential(place, name, out);
    }
    return place.refuse("unknown source of a secret \"" + source + '"', suggest(source, {"env", "file", "credential"}));
}

}  // namespace hawser::engine
