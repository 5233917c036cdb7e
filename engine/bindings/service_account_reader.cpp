#include "bindings/service_account_reader.hpp"

#include <algorithm>

#include "bindings/secret_reader.hpp"

namespace hawser::engine {
namespace {

// A part of a name that goes to a server: nothing that could end it early, or make a domain of a user.
std::string read_name(field_reader& fields, const char* key, const json_value& object, diagnostics& problems) {
    std::string name = fields.string(key);
    const bool is_wrong = std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == '\\' || c == '@';
    });
    if (is_wrong) {
        const json_value* value = object.find(key);
        problems.error(value == nullptr ? object.position : value->position, fields.at(key),
                       "a name without control characters, \\ and @ is wanted: the domain has a key of its own");
        return {};
    }
    return name;
}

}  // namespace

service_account_binding read_service_account(field_reader& host, const std::string& base_directory,
                                             diagnostics& problems) {
    service_account_binding account;
    const json_value* object = host.of("serviceAccount", json_value::kind::object);
    if (object == nullptr) {
        return account;
    }
    field_reader fields(*object, host.at("serviceAccount"), problems);
    account.domain = read_name(fields, "domain", *object, problems);
    account.user = read_name(fields, "user", *object, problems);
    const json_value* password = fields.any("password");
    fields.finish();
    if (password != nullptr) {
        account.password =
            read_secret(*password, fields.at("password"), base_directory, problems).value_or(secret_text());
    }
    if (object->find("user") == nullptr || password == nullptr) {
        problems.error(object->position, host.at("serviceAccount"),
                       "a service account has a user and a password; without one, the process's own account is used");
    }
    return account;
}

}  // namespace hawser::engine
