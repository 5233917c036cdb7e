#include "certificates/fetch_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/lower_case.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t host_size_max = 253;  // of a name in DNS
constexpr std::array<std::pair<const char*, const char*>, 4> default_ports{
    {{"http", "80"}, {"https", "443"}, {"ldap", "389"}, {"ldaps", "636"}}};

bool is_port(const std::string& text) {
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos &&
           std::stoi(text) > 0 && std::stoi(text) <= 65535;  // the system would take the lowest 16 bits
}

bool is_host_name(const std::string& text) {
    return text.size() <= host_size_max && std::all_of(text.begin(), text.end(), [](char c) {
               const char lowered = static_cast<char>(c | 0x20);
               return (lowered >= 'a' && lowered <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
           });
}

bool is_ipv6(const std::string& text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// host, host:port, [IPv6], [IPv6]:port
bool split_authority(const std::string& authority, fetch_url& into) {
    const bool is_literal = !authority.empty() && authority.front() == '[';
    const std::size_t end = is_literal ? authority.find(']') + 1 : std::min(authority.find(':'), authority.size());
    if (is_literal && end == 0) {
        return false;  // no ]
    }
    into.host = is_literal ? authority.substr(1, end - 2) : authority.substr(0, end);
    const std::string rest = authority.substr(end);
    if (!rest.empty()) {
        into.port = rest.substr(1);
    }
    const bool has_separator = rest.empty() || rest.front() == ':';
    return has_separator && is_port(into.port) && (is_literal ? is_ipv6(into.host) : is_host_name(into.host));
}

}  // namespace

std::optional<fetch_url> parse_fetch_url(const std::string& text) {
    const bool is_printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    const std::size_t scheme_end = text.find("://");
    if (!is_printable || scheme_end == std::string::npos) {
        return std::nullopt;
    }
    fetch_url parsed;
    parsed.scheme = lower_case(text.substr(0, scheme_end));
    const auto* known = std::find_if(default_ports.begin(), default_ports.end(),
                                     [&](const auto& one) { return parsed.scheme == one.first; });
    if (known == default_ports.end()) {
        return std::nullopt;
    }
    parsed.port = known->second;
    const std::size_t begin = scheme_end + 3;
    const std::size_t end = std::min(text.find_first_of("/?#", begin), text.size());
    const bool is_sound = split_authority(text.substr(begin, end - begin), parsed);
    parsed.target = text.substr(end, text.find('#', end) - end);
    if (parsed.target.empty() || parsed.target.front() != '/') {
        parsed.target.insert(0, "/");
    }
    return is_sound && (!parsed.host.empty() || parsed.is_ldap()) ? std::optional(parsed) : std::nullopt;
}

std::string server_of(const std::string& url) {
    const std::optional<fetch_url> to = parse_fetch_url(url);
    return to ? to->host + ':' + to->port : "";
}

}  // namespace hawser::engine
