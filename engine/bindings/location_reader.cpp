#include "bindings/location_reader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t pattern_size_max = 1024;

std::vector<std::string> schemes_of(const component_catalogue& catalogue) {
    std::vector<std::string> schemes;
    for (const std::string& name : catalogue.names(HAWSER_KIND_SEND_ADAPTER)) {
        schemes.push_back(address_scheme(*catalogue.find(HAWSER_KIND_SEND_ADAPTER, name)));
    }
    return schemes;
}

// What no location that is allowed has, so that a pattern with it would never match.
bool has_forbidden(const std::string& pattern, bool is_mail) {
    return std::any_of(pattern.begin(), pattern.end(), [&](char one) {
        return static_cast<unsigned char>(one) < 0x20 || one == 0x7f ||
               std::string_view(",;?%#\"'<>\\").find(one) != std::string_view::npos || (is_mail && one == ' ');
    });
}

// "mailto:*partner.example" would allow the domain evilpartner.example as well.
void check_mail_pattern(const json_value& value, const std::string& pointer, diagnostics& problems) {
    const std::string addresses = value.text.substr(value.text.find(':') + 1);
    const std::size_t at = addresses.find('@');
    if (addresses == "*" || addresses == "**") {
        return;
    }
    if (at == std::string::npos || addresses.find('@', at + 1) != std::string::npos) {
        problems.error(
            value.position, pointer,
            "a pattern of mail addresses has one '@', like \"mailto:*@partner.example\", or is \"mailto:*\"");
        return;
    }
    const std::size_t letters = addresses.find_first_not_of('*', at + 1);
    if (letters != at + 1 && letters != std::string::npos && addresses[letters] != '.') {
        problems.warning(value.position, pointer,
                         "this matches every domain that ends so, like \"evil" + addresses.substr(letters) +
                             "\": \"*." + addresses.substr(letters) + "\" matches only what is below it");
    }
}

}  // namespace

std::string address_scheme(const hawser_descriptor& adapter) {
    return scheme_of_location(std::string(adapter.address_scheme.data, adapter.address_scheme.size) + ':');
}

std::string read_location_pattern(const json_value& value, const std::string& pointer,
                                  const component_catalogue& catalogue, diagnostics& problems) {
    const std::string scheme = value.is(json_value::kind::string) ? scheme_of_location(value.text) : "";
    if (scheme.empty() || value.text.size() > pattern_size_max) {
        problems.error(value.position, pointer,
                       "a location is written with its scheme, like \"mailto:*@partner.example\", in at most " +
                           std::to_string(pattern_size_max) + " bytes");
        return "";
    }
    const std::vector<std::string> schemes = schemes_of(catalogue);
    if (std::find(schemes.begin(), schemes.end(), scheme) == schemes.end()) {
        problems.error(value.position, pointer,
                       "no loaded plugin has a send adapter for \"" + printable(scheme, 60) + ":\"",
                       suggest(scheme, schemes));
        return "";
    }
    if (has_forbidden(value.text, scheme == "mailto")) {
        problems.error(value.position, pointer,
                       "this could never match: no location that is allowed has a control character or one of "
                       ", ; ? % # \" ' < > \\, and no mail address has a space");
        return "";
    }
    if (scheme == "mailto") {
        check_mail_pattern(value, pointer, problems);
    }
    return value.text;
}

}  // namespace hawser::engine
