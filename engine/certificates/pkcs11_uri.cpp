#include "certificates/pkcs11_uri.hpp"

#include <algorithm>
#include <optional>

#include "base/percent_encoding.hpp"

namespace hawser::engine {
namespace {

constexpr std::string_view letters_and_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kept_in_path = "-._~:[]@!$'()*+,=";
constexpr std::string_view kept_in_query = "-._~:[]@!$'()*+,=/";

std::string percent_encoded(const std::string& text, std::string_view kept) {
    static constexpr const char* digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        // Without any to keep it is bytes ("id"), and none of them is meant for a person.
        const bool is_kept = !kept.empty() && (letters_and_digits.find(c) != std::string_view::npos ||
                                               kept.find(c) != std::string_view::npos);
        encoded += is_kept ? std::string(1, c) : std::string{'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    return encoded;
}

bool is_attribute_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return letters_and_digits.find(c) != std::string_view::npos || c == '-' || c == '_';
    });
}

// What is wrong is not quoted: it may be the rest of a PIN with a separator in it.
result<void> read_attributes(std::string_view text, char separator, std::map<std::string, std::string>& into) {
    for (int number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find(separator), text.size());
        const std::string_view one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos || !is_attribute_name(one.substr(0, equals))) {
            return fail("pkcs11.uri", "attribute " + std::to_string(number) + (separator == '&' ? " after the ?" : "") +
                                          " is not NAME=VALUE, with letters, digits, - and _ in its name");
        }
        const std::string name(one.substr(0, equals));
        std::optional<std::string> value = percent_decoded(one.substr(equals + 1));
        if (!value) {
            return fail("pkcs11.uri", "the value of " + name + " has a % that no two hexadecimal digits follow");
        }
        if (!into.emplace(name, std::move(*value)).second) {
            return fail("pkcs11.uri", name + " is there twice");
        }
    }
    return {};
}

}  // namespace

bool is_pkcs11_uri(std::string_view text) { return text.starts_with(pkcs11_scheme); }

result<pkcs11_uri> parse_pkcs11_uri(std::string_view text) {
    if (!is_pkcs11_uri(text)) {
        return fail("pkcs11.uri", "a PKCS #11 URI begins with \"pkcs11:\"");
    }
    text.remove_prefix(pkcs11_scheme.size());
    const std::size_t question = std::min(text.find('?'), text.size());
    pkcs11_uri read;
    if (result<void> done = read_attributes(text.substr(0, question), ';', read.path); !done) {
        return unexpected{done.error()};
    }
    text.remove_prefix(std::min(question + 1, text.size()));
    if (result<void> done = read_attributes(text, '&', read.query); !done) {
        return unexpected{done.error()};
    }
    return read;
}

std::string to_text(const pkcs11_uri& uri) {
    std::string text(pkcs11_scheme);
    const char* separator = "";
    for (const auto& [name, value] : uri.path) {
        text += separator + name + '=' + percent_encoded(value, name == "id" ? std::string_view{} : kept_in_path);
        separator = ";";
    }
    separator = "?";
    for (const auto& [name, value] : uri.query) {
        text += separator + name + '=' + percent_encoded(value, kept_in_query);
        separator = "&";
    }
    return text;
}

bool fits(const pkcs11_uri& wanted, const pkcs11_uri& described) {
    for (const auto& [name, value] : wanted.path) {
        const auto found = described.path.find(name);
        if (name != "type" && (found == described.path.end() || found->second != value)) {
            return false;
        }
    }
    return true;
}

}  // namespace hawser::engine
