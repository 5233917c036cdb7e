#include "bindings/certificate_reader.hpp"

#include <filesystem>
#include <set>

#include "bindings/revocation_reader.hpp"
#include "bindings/secret_reader.hpp"
#include "certificates/pkcs11_uri.hpp"

namespace hawser::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t warn_before_max_ms = std::int64_t{3650} * 24 * 3600 * 1000;

bool is_in_a_folder(const certificate_sources& sources, const std::string& file_name) {
    for (const std::string* folder : {&sources.personal, &sources.other_people, &sources.trusted}) {
        std::error_code failure;
        if (!folder->empty() && fs::exists(fs::path(*folder) / file_name, failure)) {
            return true;
        }
    }
    return false;
}

void read_passwords(field_reader& fields, const std::string& base_directory, certificate_sources& sources,
                    diagnostics& problems) {
    const json_value* object = fields.of("passwords", json_value::kind::object);
    if (object == nullptr) {
        return;
    }
    for (const json_member& one : object->members) {
        const std::string pointer = fields.at("passwords") + '/' + pointer_token(one.key);
        if (one.key.empty() || one.key.find('/') != std::string::npos) {
            problems.error(one.value.position, pointer,
                           "a password belongs to a file name without its folder, like \"bus.p12\"");
            continue;
        }
        if (!is_in_a_folder(sources, one.key)) {
            problems.warning(one.value.position, pointer,
                             "there is no file \"" + one.key +
                                 "\" in the certificate folders: correct the name, or "
                                 "put it there");
        }
        if (std::optional<secret_text> password = read_secret(one.value, pointer, base_directory, problems)) {
            sources.passwords.insert_or_assign(one.key, *std::move(password));
        }
    }
}

// The module is code that runs as this user: it is named by an absolute path, and nobody looks for it anywhere.
bool is_module(const json_value& entry, field_reader& fields, const std::string& module, diagnostics& problems) {
    const json_value* value = entry.find("module");
    if (module.empty() || module.front() != '/') {
        problems.error(value == nullptr ? entry.position : value->position, fields.at("module"),
                       "a PKCS #11 module is named by its absolute path, like \"/usr/lib/softhsm/libsofthsm2.so\"");
        return false;
    }
    return true;
}

bool is_token(const json_value& entry, field_reader& fields, const std::string& uri, diagnostics& problems) {
    static const std::set<std::string> token_attributes{"token", "manufacturer", "model", "serial"};
    const json_value* value = entry.find("token");
    const auto refuse = [&](const std::string& text) {
        problems.error(value == nullptr ? entry.position : value->position, fields.at("token"), text);
        return false;
    };
    const result<pkcs11_uri> parsed = parse_pkcs11_uri(uri);
    if (!parsed) {
        return refuse("a token is named by a PKCS #11 URI (RFC 7512), like \"pkcs11:token=bus\": " +
                      parsed.error().text);
    }
    if (parsed->query.count("pin-value") != 0 || parsed->query.count("pin-source") != 0) {
        return refuse("a PIN does not belong into the URI: give it as \"pin\": {\"file\": …}");
    }
    for (const auto& [name, ignored] : parsed->path) {
        if (token_attributes.count(name) == 0) {
            return refuse("\"" + name + "\" does not name a token: token, manufacturer, model and serial do");
        }
    }
    return parsed->path.empty() || !parsed->query.empty()
               ? refuse("a token is named by its attributes and no query, like \"pkcs11:token=bus\"")
               : true;
}

void read_tokens(field_reader& fields, const std::string& base_directory, certificate_sources& sources,
                 diagnostics& problems) {
    const json_value* list = fields.of("tokens", json_value::kind::array);
    for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
        const json_value& entry = list->elements[i];
        const std::string pointer = fields.at("tokens") + '/' + std::to_string(i);
        if (!entry.is(json_value::kind::object)) {
            problems.error(entry.position, pointer, "a token is {\"module\": …, \"token\": …, \"pin\": …}");
            continue;
        }
        field_reader token(entry, pointer, problems);
        token_source source{token.string("module"), token.string("token"), {}};
        const bool has_module = is_module(entry, token, source.module, problems);
        const bool has_token = is_token(entry, token, source.uri, problems);
        if (const json_value* secret = token.any("pin")) {
            source.pin = read_secret(*secret, token.at("pin"), base_directory, problems).value_or(secret_text());
        }
        token.finish();
        if (has_module && has_token) {
            sources.tokens.push_back(std::move(source));
        }
    }
}

}  // namespace

certificate_sources read_certificate_sources(field_reader& host, const std::string& base_directory,
                                             diagnostics& problems) {
    certificate_sources sources;
    const json_value* object = host.of("certificates", json_value::kind::object);
    if (object == nullptr) {
        return sources;
    }
    field_reader fields(*object, host.at("certificates"), problems);
    const auto folder = [&](const char* key) {
        const json_value* value = object->find(key);
        const std::string given = fields.string(key);
        const std::string path = given.empty() ? "" : (fs::path(base_directory) / given).lexically_normal().string();
        std::error_code failure;
        if (value != nullptr && !path.empty() && !fs::is_directory(path, failure)) {
            problems.error(value->position, fields.at(key), "there is no folder " + path);
        }
        return path;
    };
    sources.personal = folder("personal");
    sources.other_people = folder("otherPeople");
    sources.trusted = folder("trusted");
    sources.signing = fields.string("signing");
    if (const json_value* signing = object->find("signing")) {
        sources.signing_position = signing->position;
    }
    sources.warn_before_ms = fields.duration_ms("warnBefore", sources.warn_before_ms, warn_before_max_ms);
    sources.revocation = read_revocation(fields, base_directory);
    read_passwords(fields, base_directory, sources, problems);
    read_tokens(fields, base_directory, sources, problems);
    fields.finish();
    return sources;
}

}  // namespace hawser::engine
