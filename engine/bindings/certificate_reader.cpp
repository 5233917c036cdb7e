#include "bindings/certificate_reader.hpp"

#include <filesystem>

#include "bindings/revocation_reader.hpp"
#include "bindings/secret_reader.hpp"

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
        std::string password;
        if (read_secret(one.value, pointer, base_directory, problems, password)) {
            sources.passwords.insert_or_assign(one.key, secret_text(std::move(password)));
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
    fields.finish();
    return sources;
}

}  // namespace hawser::engine
