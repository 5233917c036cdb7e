#include "smtp_settings.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "charset.hpp"
#include "domain_name.hpp"
#include "mail_address.hpp"
#include "mail_settings.hpp"
#include "smtp_authentication_settings.hpp"
#include "smtp_tls_settings.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::uint16_t relay_port = 25;         // BizTalk's default
constexpr std::uint16_t submissions_port = 465;  // RFC 8314: implicit TLS

tls_mode tls_mode_of(const std::string& word) {
    return word == "none" ? tls_mode::none : word == "implicit" ? tls_mode::implicit : tls_mode::starttls;
}

std::uint16_t usual_port(tls_mode tls) { return tls == tls_mode::implicit ? submissions_port : relay_port; }

// An address list may hold a macro that only a message can resolve.
void check_addresses(const config& values, const char* name, problems& found) {
    const std::string pointer = std::string("/") + name;
    const std::string text = values.string(pointer);
    if (text.empty() || text.find('%') != std::string::npos) {
        return;
    }
    try {
        parse_address_list(text, name);
    } catch (const failure& wrong) {
        found.error(pointer, wrong.what());
    }
}

}  // namespace

smtp_endpoint::~smtp_endpoint() { ::explicit_bzero(password.data(), password.size()); }

bool parse_smtp_host(std::string_view text, std::string& host, std::uint16_t& port, std::string& why) {
    std::string_view name = text;
    std::string_view port_text;
    if (!text.empty() && text.front() == '[') {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos || (close + 1 < text.size() && text[close + 1] != ':')) {
            why = "an IPv6 address stands in brackets: [::1] or [::1]:587";
            return false;
        }
        name = text.substr(1, close - 1);
        port_text = close + 1 < text.size() ? text.substr(close + 2) : std::string_view{};
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        name = text.substr(0, colon);
        port_text = text.substr(colon + 1);
    }
    const bool is_literal = !text.empty() && text.front() == '[';
    for (const char c : name) {
        if (has_control({&c, 1}) || c == ' ' || (!is_literal && c == ':') ||
            std::string_view("`~!@#$^&*()=+[]{}\\|;'\",<>/?%").find(c) != std::string_view::npos) {
            why = "a server's name cannot hold '" + shown({&c, 1}) + '\'';
            return false;
        }
    }
    if (name.empty() || name.size() > 256) {
        why = "a server's name has from 1 to 256 characters";
        return false;
    }
    unsigned number = 0;
    if (text.size() > name.size() + (is_literal ? 2 : 0)) {
        const auto [end, failed] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), number);
        if (failed != std::errc{} || end != port_text.data() + port_text.size() || number == 0 || number > 65535) {
            why = "a port is a number from 1 to 65535";
            return false;
        }
    }
    const auto ascii = to_ascii_domain(name, why);
    if (!ascii) {
        return false;
    }
    host = *ascii;
    port = static_cast<std::uint16_t>(number);
    return true;
}

std::optional<std::vector<smtp_address>> parse_fallback_hosts(std::string_view text, std::string& why) {
    std::vector<smtp_address> all;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        std::string_view one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
        one = one.substr(0, one.find_last_not_of(' ') + 1);
        smtp_address parsed;
        if (!parse_smtp_host(one, parsed.host, parsed.port, why)) {
            return std::nullopt;
        }
        all.push_back(std::move(parsed));
    }
    return all;
}

smtp_endpoint smtp_endpoint::at(std::size_t index) const {
    smtp_endpoint chosen = *this;
    if (index > 0) {
        chosen.host = fallbacks[index - 1].host;
        chosen.port = fallbacks[index - 1].port;
    }
    return chosen;
}

namespace {

// The servers alone, without credentials; throws hawser::failure.
smtp_endpoint servers_of(const std::string& tls, const std::string& host, const std::string& fallbacks) {
    smtp_endpoint endpoint;
    std::string why;
    endpoint.tls = tls_mode_of(tls);
    if (!parse_smtp_host(host, endpoint.host, endpoint.port, why)) {
        throw failure("SMTP.SMTPHost \"" + shown(host) + "\": " + why);
    }
    if (endpoint.port == 0) {
        endpoint.port = usual_port(endpoint.tls);
    }
    auto parsed = parse_fallback_hosts(fallbacks, why);
    if (!parsed) {
        throw failure("SMTP.FallbackHosts: " + why);
    }
    endpoint.fallbacks = std::move(*parsed);
    for (smtp_address& fallback : endpoint.fallbacks) {
        fallback.port = fallback.port == 0 ? usual_port(endpoint.tls) : fallback.port;
    }
    return endpoint;
}

}  // namespace

config_spec smtp_spec() {
    config_spec spec;
    spec.string(
            "SMTPHost",
            "The SMTP server: a name or address, with an optional :port. Default port 25, or 465 with implicit TLS.")
        .with(property_flag::required)
        .with(property_flag::guards_secrets)
        .size_max(262)
        .enumeration(
            "TLS", "starttls: the connection must become encrypted; implicit: it is from the start; none: clear text.",
            "none=0|starttls=1|implicit=2", "starttls")
        .with(property_flag::guards_secrets)
        .string("From", "The sender: one address. Notifications go there.")
        .with(property_flag::required)
        .size_max(256)
        .string("To", "The recipients, separated by commas or semicolons; the port's mailto: address gives them too.")
        .with(property_flag::required)
        .with(property_flag::address)
        .string("CC", "Further recipients, shown in Cc.")
        .with(property_flag::recipients)
        .string("Subject", "The subject; %MessageID% and the other macros are replaced, and so is %{Namespace.Name}.",
                "%MessageID%")
        .size_max(256);
    add_authentication_properties(spec);
    add_tls_properties(spec);
    spec.boolean("DeliveryReceipt", "Asks for a delivery status notification (RFC 3461) where the server offers DSN.",
                 "false")
        .boolean("ReadReceipt", "Asks for a disposition notification (RFC 8098).", "false")
        .string("EmailBodyText",
                "Text that is the mail's body instead of the message's body part; %{Namespace.Name} is replaced.")
        .size_max(64 * 1024)
        .string("EmailBodyTextCharset", "The character set that EmailBodyText is sent in.", "utf-8")
        .string("EmailBodyFile", "A file that is the mail's body; .html and .htm give an HTML body.")
        .string("EmailBodyFileCharset", "The character set of EmailBodyFile, which is not converted.", "utf-8")
        .string_list("Attachments", "Files to attach.")
        .enumeration("MessagePartsAttachments", "Which message parts are attached: none, body, or all.",
                     "none=0|body=1|all=2", "none")
        .date_time("ReplyBy", "The Reply-By field.")
        .with(property_flag::context_only)
        .integer(
            "MaxConnections",
            "Connections at once to one server, over all ports; an eighth, at least one of two, is not for ports whose "
            "mail takes long.",
            1, 1000, "16")
        .with(property_flag::handler_only)
        .integer("MaxMessagesPerConnection", "Messages over one connection before it is closed.", 1, 1000000, "1000")
        .with(property_flag::handler_only)
        .integer("ConnectTimeout", "Seconds to wait for a connection.", 1, 3600, "30")
        .with(property_flag::handler_only)
        .integer("CommandTimeout", "Seconds to wait for a reply to a command (RFC 5321 section 4.5.3.2).", 1, 3600,
                 "300")
        .with(property_flag::handler_only)
        .integer("DataTimeout", "Seconds to wait while a message is sent, and three times that for the reply to it.", 1,
                 3600, "180")
        .with(property_flag::handler_only)
        .integer("IdleTimeout", "Seconds that an idle connection is kept.", 0, 3600, "30")
        .with(property_flag::handler_only);
    add_mail_properties(spec);
    return spec;
}

void validate_smtp(const config& values, problems& found) {
    std::string host;
    std::string why;
    std::uint16_t port = 0;
    if (const std::string text = values.string("/SMTPHost"); !text.empty() && !parse_smtp_host(text, host, port, why)) {
        found.error("/SMTPHost", why);
    }
    for (const char* name : {"From", "To", "CC", "BCC", "AuditBCC", "ReplyTo"}) {
        check_addresses(values, name, found);
    }
    for (const char* name : {"/EmailBodyTextCharset", "/EmailBodyFileCharset", "/EmailBodyHtmlFileCharset"}) {
        if (const std::string charset = values.string(name); !charset.empty() && !is_charset_name(charset)) {
            found.error(name, "this is no character set's name");
        }
    }
    validate_authentication(values, found);
    validate_tls(values, found);
    validate_mail(values, found);
}

smtp_timeouts read_timeouts(const config& values) {
    smtp_timeouts timeouts;
    timeouts.connect = static_cast<int>(values.integer("/ConnectTimeout", timeouts.connect));
    timeouts.command = timeouts.greeting = static_cast<int>(values.integer("/CommandTimeout", timeouts.command));
    timeouts.data_start = std::min(timeouts.data_start, timeouts.command);
    timeouts.data_block = static_cast<int>(values.integer("/DataTimeout", timeouts.data_block));
    timeouts.data_end = std::min(timeouts.data_end, 3 * timeouts.data_block);
    timeouts.idle = static_cast<int>(values.integer("/IdleTimeout", timeouts.idle));
    return timeouts;
}

smtp_limits read_limits(const config& values) {
    smtp_limits limits;
    limits.connections_max = static_cast<int>(values.integer("/MaxConnections", limits.connections_max));
    limits.messages_max = static_cast<int>(values.integer("/MaxMessagesPerConnection", limits.messages_max));
    limits.connection_age_max_s = static_cast<int>(values.integer("/MaxConnectionAge", limits.connection_age_max_s));
    limits.messages_per_minute_max = static_cast<int>(values.integer("/MaxMessagesPerMinute", 0));
    return limits;
}

smtp_endpoint server_of(const config& values) {
    try {
        return servers_of(values.string("/TLS"), values.string("/SMTPHost"), values.string("/FallbackHosts"));
    } catch (const failure&) {  // it names none, or validate_smtp has found what is wrong with it
        return {};
    }
}

smtp_endpoint read_endpoint(const message& one, const delivery_context& handle) {
    smtp_endpoint endpoint = servers_of(one.get_or("SMTP.TLS", "starttls"), one.get_or("SMTP.SMTPHost", ""),
                                        one.get_or("SMTP.FallbackHosts", ""));
    read_authentication(one, handle, endpoint);
    endpoint.policy = read_tls_policy(one, handle);
    return endpoint;
}

}  // namespace hawser::smtp
