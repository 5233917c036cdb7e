#include "mail_settings.hpp"

#include <string>
#include <vector>

#include "extra_headers.hpp"
#include "smtp_commands.hpp"
#include "smtp_settings.hpp"

namespace hawser::smtp {
namespace {

void check_extra_headers(const config& values, problems& found) {
    const std::vector<std::string> fields = values.list("/ExtraHeaders");
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string pointer = "/ExtraHeaders/" + std::to_string(i);
        try {
            parse_extra_header(fields[i]);
            if (fields[i].find('|') != std::string::npos) {
                found.error(pointer, "a value cannot hold '|', which separates the fields in a message's context");
            }
        } catch (const failure& wrong) {
            found.error(pointer, wrong.what());
        }
    }
}

}  // namespace

void add_mail_properties(config_spec& spec) {
    spec.string("BCC", "Further recipients whom nobody sees: they are in the envelope only. Not with encryption.")
        .with(property_flag::recipients)
        .string(
            "AuditBCC",
            "Recipients who get a copy of every mail, exactly as it leaves, in the envelope only; also of encrypted "
            "ones, which they can read only with a recipient's key. No message can set it.")
        .string("ReplyTo", "Where answers go, if not to From.")
        .string_list("ExtraHeaders",
                     "Further header fields, \"Name: value\"; macros and %{Namespace.Name} are replaced.")
        .string("EmailBodyHtml",
                "HTML that is the mail's body, or the alternative to EmailBodyText or EmailBodyFile; %{Namespace.Name} "
                "is replaced, and escaped.")
        .size_max(64 * 1024)
        .string("EmailBodyHtmlFile", "The same from a file.")
        .string("EmailBodyHtmlFileCharset", "The character set of EmailBodyHtmlFile, which is not converted.", "utf-8")
        .string_list("InlineImages", "Files that the HTML shows: logo.png is <img src=\"cid:logo.png\">.")
        .string(
            "NotifyOn",
            "When servers on the way are to notify From (RFC 3461): success, failure, delay, separated by commas, or "
            "never. Default: what DeliveryReceipt says.")
        .string("FallbackHosts",
                "Further servers, separated by commas, in the form of SMTPHost: each is tried where those before it "
                "cannot be reached or do not serve us.")
        .with(property_flag::guards_secrets)
        .size_max(2048)
        .enumeration("ReturnContent", "What a notification of failure is to bring back of the mail: headers or full.",
                     "headers=0|full=1")
        .boolean("WireTrace",
                 "Writes what is said to the server and by it to the log, without credentials and content.", "false")
        .integer("MaxRecipientsPerMessage", "Recipients in one transaction; more go in several.", 1, 10000, "1000")
        .integer("MaxMessagesPerMinute", "Messages a minute to one server, over all connections; 0: no limit.", 0,
                 1000000, "0")
        .with(property_flag::handler_only)
        .integer("MaxConnectionAge", "Seconds after which a connection takes no more messages.", 1, 86400, "300")
        .with(property_flag::handler_only);
}

void validate_mail(const config& values, problems& found) {
    const auto has = [&values](const char* pointer) { return !values.string(pointer).empty(); };
    if (has("/EmailBodyText") && has("/EmailBodyFile")) {
        found.error("/EmailBodyFile", "EmailBodyText and EmailBodyFile exclude each other");
    }
    if (has("/EmailBodyHtml") && has("/EmailBodyHtmlFile")) {
        found.error("/EmailBodyHtmlFile", "EmailBodyHtml and EmailBodyHtmlFile exclude each other");
    }
    check_extra_headers(values, found);
    try {
        parse_status_events(values.string("/NotifyOn"));
    } catch (const failure& wrong) {
        found.error("/NotifyOn", wrong.what());
    }
    std::string why;
    if (!parse_fallback_hosts(values.string("/FallbackHosts"), why)) {
        found.error("/FallbackHosts", why);
    }
}

}  // namespace hawser::smtp
