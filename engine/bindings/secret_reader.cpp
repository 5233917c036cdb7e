#include "bindings/secret_reader.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "base/secret_file.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t secret_size_max = 64 * 1024;

// Whoever it is, this says why and where.
struct secret_place {
    const json_value& value;
    const std::string& pointer;
    diagnostics& problems;

    std::nullopt_t refuse(const std::string& text, const std::string& hint = {}) const {
        problems.error(value.position, pointer, text, hint);
        return std::nullopt;
    }
};

std::optional<secret_text> read_file(const secret_place& place, const std::filesystem::path& path) {
    const result<secret_text> all = read_secret_file(path.string(), secret_size_max);
    if (!all) {
        return place.refuse("the secret file " + path.string() + " cannot be read: " + all.error().text);
    }
    std::string_view secret = all->text();
    if (secret.size() > secret_size_max) {
        return place.refuse("the secret file " + path.string() + " is larger than 64 KiB: it cannot be the one");
    }
    secret = secret.substr(0, secret.find_last_not_of("\r\n") + 1);  // an editor's last newline is no part of it
    return secret_text(std::string(secret));
}

std::optional<secret_text> read_environment(const secret_place& place, const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
        return place.refuse("the environment variable " + name + " is not set");
    }
    return secret_text(std::string(value));
}

std::optional<secret_text> read_credential(const secret_place& place, const std::string& name) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (name.find('/') != std::string::npos) {
        return place.refuse("a credential's name has no \"/\", and \"" + name + "\" has one");
    }
    if (folder == nullptr) {
        return place.refuse("there is no credential \"" + name +
                            "\": the service manager did not set CREDENTIALS_DIRECTORY");
    }
    return read_file(place, std::filesystem::path(folder) / name);
}

}  // namespace

std::optional<secret_text> read_secret(const json_value& value, const std::string& pointer,
                                       const std::string& base_directory, diagnostics& problems) {
    const secret_place place{value, pointer, problems};
    if (value.is(json_value::kind::string)) {
        problems.warning(
            value.position, pointer,
            "a secret stands in the file itself: better {\"env\": …}, {\"file\": …} or {\"credential\": …}");
        return secret_text(value.text);
    }
    if (!value.is(json_value::kind::object) || value.members.size() != 1 ||
        !value.members[0].value.is(json_value::kind::string)) {
        return place.refuse("a secret is {\"env\": \"NAME\"}, {\"file\": \"path\"} or {\"credential\": \"name\"}");
    }
    const std::string& source = value.members[0].key;
    const std::string& name = value.members[0].value.text;
    if (source == "env") {
        return read_environment(place, name);
    }
    if (source == "file") {
        return read_file(place, std::filesystem::path(base_directory) / name);
    }
    if (source == "credential") {
        return read_credential(place, name);
    }
    return place.refuse("unknown source of a secret \"" + source + '"', suggest(source, {"env", "file", "credential"}));
}

}  // namespace hawser::engine
