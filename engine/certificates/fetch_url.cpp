#include "certificates/fetch_url.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/lower_case.hpp"

namespace hawser::engine {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> default_ports{
    {{"http", "80"}, {"https", "443"}, {"ldap", "389"}, {"ldaps", "636"}}};

bool is_port(const std::string& text) {
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
}

// host, host:port, [IPv6], [IPv6]:port
void split_authority(std::string authority, fetch_url& into) {
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
        into.port = authority.substr(colon + 1);
        authority.resize(colon);
    }
    if (authority.size() > 2 && authority.front() == '[' && authority.back() == ']') {
        authority = authority.substr(1, authority.size() - 2);
    }
    into.host = authority;
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
    split_authority(text.substr(begin, end - begin), parsed);
    parsed.target = text.substr(end, text.find('#', end) - end);
    if (parsed.target.empty() || parsed.target.front() != '/') {
        parsed.target.insert(0, "/");
    }
    const bool is_sound = is_port(parsed.port) && (!parsed.host.empty() || parsed.is_ldap()) &&
                          parsed.host.find_first_of("@%\\") == std::string::npos;
    return is_sound ? std::optional(parsed) : std::nullopt;
}

std::string server_of(const std::string& url) {
    const std::optional<fetch_url> to = parse_fetch_url(url);
    return to ? to->host + ':' + to->port : "";
}

}  // namespace hawser::engine
