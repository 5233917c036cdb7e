// Any text as the address of an answer about revocation, and as a PKCS #11 URI. What is taken of the one has a known
// scheme, a name or address as its host with nothing of a user, a port that there is, and a target that cannot end a
// line, and is the same when its parts are put together again; what is read from a directory is an entry's list and no
// more. The other is written as printable ASCII that reads the same, and names itself.
#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "certificates/fetch_url.hpp"
#include "certificates/ldap_fetch.hpp"
#include "certificates/pkcs11_uri.hpp"

using namespace hawser::engine;

namespace {

constexpr const char* host_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool is_literal(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_sound(const fetch_url& one) {
    const bool is_host = is_literal(one.host) || one.host.find_first_not_of(host_characters) == std::string::npos;
    const long port = std::strtol(one.port.c_str(), nullptr, 10);
    const bool has_scheme =
        one.scheme == "http" || one.scheme == "https" || one.scheme == "ldap" || one.scheme == "ldaps";
    return has_scheme && is_host && (one.is_ldap() || !one.host.empty()) && one.host.size() <= 253 && port > 0 &&
           port < 65536 && one.target.front() == '/' && is_printable(one.target) &&
           one.target.find_first_of(" #") == std::string::npos;
}

void check_directory_place(const std::string& target) {
    const std::optional<ldap_place> place = parse_ldap_target(target);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    if (place && (place->name.empty() || place->name.size() > 1024 ||
                  std::any_of(place->name.begin(), place->name.end(), is_control) ||
                  place->attribute.find("revocationlist") == std::string::npos ||
                  place->attribute.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos)) {
        std::abort();
    }
}

void check_address(const std::string& text) {
    const std::optional<fetch_url> one = parse_fetch_url(text);
    if (!one) {
        if (!server_of(text).empty()) {
            std::abort();
        }
        return;
    }
    const std::string host = is_literal(one->host) ? '[' + one->host + ']' : one->host;
    const auto again = parse_fetch_url(one->scheme + "://" + host + ':' + one->port + one->target);
    if (!is_sound(*one) || !again || again->scheme != one->scheme || again->host != one->host ||
        again->port != one->port || again->target != one->target || server_of(text) != one->host + ':' + one->port) {
        std::abort();
    }
    if (one->is_ldap()) {
        check_directory_place(one->target);
    }
}

void check_token_uri(const std::string& text) {
    const result<pkcs11_uri> one = parse_pkcs11_uri(text);
    if (!one) {
        if (!is_printable(one.error().text) || one.error().text.empty()) {
            std::abort();
        }
        return;
    }
    const std::string written = to_text(*one);
    const result<pkcs11_uri> again = parse_pkcs11_uri(written);
    if (!is_printable(written) || !again || again->path != one->path || again->query != one->query ||
        to_text(*again) != written || !fits(*one, *again)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_address(text);
    check_token_uri(text);
    return 0;
}
