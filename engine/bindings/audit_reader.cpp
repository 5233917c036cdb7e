#include "bindings/audit_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"
#include "bindings/used_adapters.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t sign_after_records_max = 1'000'000;
constexpr std::int64_t sign_after_max_ms = std::int64_t{365} * 24 * 3600 * 1000;

// The place that a path leads to, however it is written; what is not there yet stays as it is.
std::string real_path(const std::string& base, const std::string& path) {
    const std::filesystem::path whole = (std::filesystem::path(base) / path).lexically_normal();
    std::error_code failure;
    std::filesystem::path found = std::filesystem::weakly_canonical(whole, failure);
    std::string text = (failure ? whole : found).string();
    while (text.size() > 1 && text.back() == '/') {
        text.pop_back();
    }
    return text;
}

// A path that has to be given; its absolute form.
std::string read_path(field_reader& fields, const char* key, const std::string& base, const std::string& why,
                      diagnostics& problems) {
    const json_value* value = fields.any(key);
    const std::string path = fields.string(key);
    if (value == nullptr) {
        problems.error(fields.position(), fields.pointer(), why);
    } else if (path.empty() && value->is(json_value::kind::string)) {
        problems.error(value->position, fields.at(key), why);
    }
    return path.empty() ? "" : real_path(base, path);
}

audit_archive_binding read_archive(const json_member& member, const std::string& pointer, const std::string& base,
                                   diagnostics& problems) {
    audit_archive_binding archive;
    archive.name = member.key;
    archive.position = member.value.position;
    archive.pointer = pointer;
    field_reader fields(member.value, pointer, problems);
    if (!member.value.is(json_value::kind::object)) {
        return archive;
    }
    archive.folder =
        read_path(fields, "path", base, "an audit archive needs a path: the folder that it is kept in", problems);
    archive.signing_key =
        read_path(fields, "signingKey", base,
                  "an audit archive needs a signingKey, the PEM file of a private key: openssl genpkey "
                  "-algorithm ed25519 makes one",
                  problems);
    archive.keeps_bytes = fields.word("content", {"bytes", "hash"}, "bytes") == "bytes";
    archive.sign_after_records = static_cast<std::uint32_t>(
        fields.integer("signAfterRecords", archive.sign_after_records, 1, sign_after_records_max));
    archive.sign_after_ms = fields.duration_ms("signAfter", archive.sign_after_ms, sign_after_max_ms, 1000);
    fields.finish();
    return archive;
}

void check_adapter(const json_value& value, const std::string& pointer, const std::string& type,
                   const component_catalogue& catalogue, diagnostics& problems) {
    const hawser_descriptor* descriptor = catalogue.find(HAWSER_KIND_SEND_ADAPTER, type);
    if (descriptor != nullptr && (descriptor->flags & HAWSER_FLAG_AUDITS) == 0) {
        problems.error(value.position, pointer,
                       "the port may send by " + type +
                           ", and that adapter does not record what it sends: it cannot be "
                           "used where there is an archive");
    }
}

}  // namespace

std::vector<audit_archive_binding> read_audit_archives(field_reader& host, const std::string& base_directory,
                                                       diagnostics& problems) {
    std::vector<audit_archive_binding> all;
    const json_value* object = host.of("auditArchives", json_value::kind::object);
    for (const json_member& member : object == nullptr ? std::vector<json_member>{} : object->members) {
        audit_archive_binding one =
            read_archive(member, host.at("auditArchives") + '/' + pointer_token(member.key), base_directory, problems);
        const auto twin = std::find_if(all.begin(), all.end(), [&](const audit_archive_binding& other) {
            return !one.folder.empty() && other.folder == one.folder;
        });
        if (twin != all.end()) {
            problems.error(one.position, one.pointer + "/path",
                           "this is the folder of \"" + twin->name + "\" already: each archive needs one of its own");
        }
        all.push_back(std::move(one));
    }
    return all;
}

void read_audit(field_reader& fields, send_port_binding& port, const std::vector<audit_archive_binding>& archives,
                const component_catalogue& catalogue, diagnostics& problems) {
    const json_value* value = fields.of("audit", json_value::kind::string);
    if (value == nullptr) {
        return;
    }
    port.audit = fields.string("audit");
    std::vector<std::string> names;
    for (const audit_archive_binding& one : archives) {
        names.push_back(one.name);
    }
    if (std::find(names.begin(), names.end(), port.audit) == names.end()) {
        problems.error(value->position, fields.at("audit"),
                       "there is no audit archive \"" + printable(port.audit, 60) + "\" in /host/auditArchives",
                       suggest(port.audit, names));
    }
    const std::set<std::string> types = used_adapters(port, catalogue);
    for (const std::string& type : types) {
        check_adapter(*value, fields.at("audit"), type, catalogue, problems);
    }
}

}  // namespace hawser::engine
