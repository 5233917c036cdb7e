#include "plugins/bridge/macros.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <optional>

namespace hawser::engine {
namespace {

struct moment {
    std::tm fields{};
    int tenths = 0;
};

moment at(std::int64_t unix_ms, bool is_local) {
    moment when;
    const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
    if (is_local) {
        localtime_r(&seconds, &when.fields);
    } else {
        gmtime_r(&seconds, &when.fields);
    }
    when.tenths = static_cast<int>(unix_ms % 1000 / 100);
    return when;
}

std::string date_of(const moment& when) {
    return fmt::format("{:04}-{:02}-{:02}", when.fields.tm_year + 1900, when.fields.tm_mon + 1, when.fields.tm_mday);
}

std::string time_of(const moment& when) {
    return fmt::format("{:02}{:02}{:02}", when.fields.tm_hour, when.fields.tm_min, when.fields.tm_sec);
}

// "+800" is eight hours east: hours without a leading zero, as in BizTalk's example.
std::string offset_of(const moment& when) {
    const long minutes = std::labs(when.fields.tm_gmtoff) / 60;
    return fmt::format("{}{}{:02}", when.fields.tm_gmtoff < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::optional<std::string> time_macro(std::string_view name, std::int64_t now_unix_ms) {
    const moment utc = at(now_unix_ms, false);
    if (name == "datetime_bts2000") {
        return fmt::format("{:04}{:02}{:02}{}{}", utc.fields.tm_year + 1900, utc.fields.tm_mon + 1, utc.fields.tm_mday,
                           time_of(utc), utc.tenths);
    }
    if (name == "datetime") {
        return date_of(utc) + 'T' + time_of(utc);
    }
    if (name == "time") {
        return time_of(utc);
    }
    const moment local = at(now_unix_ms, true);
    if (name == "datetime.tz") {
        return date_of(local) + 'T' + time_of(local) + offset_of(local);
    }
    if (name == "time.tz") {
        return time_of(local) + offset_of(local);
    }
    return std::nullopt;
}

std::optional<std::string> context_macro(std::string_view name, const message_context& context) {
    for (const std::string_view known :
         {"MessageID", "SourceParty", "SourcePartyQualifier", "DestinationParty", "DestinationPartyQualifier"}) {
        if (name == known) {
            const context_property* property = context.find("BTS." + std::string(name));
            return property == nullptr || property->value.empty() ? std::nullopt : std::optional(property->value);
        }
    }
    return std::nullopt;
}

bool is_macro_name(std::string_view name) {
    return !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") ==
               std::string_view::npos;
}

}  // namespace

result<std::string> expand_macros(std::string_view text, macro_place place, const message_context& context,
                                  std::int64_t now_unix_ms) {
    std::string expanded;
    while (true) {
        const std::size_t start = text.find('%');
        expanded += text.substr(0, start);
        if (start == std::string_view::npos) {
            return expanded;
        }
        const std::size_t end = text.find('%', start + 1);
        const std::string_view name =
            end == std::string_view::npos ? std::string_view{} : text.substr(start + 1, end - start - 1);
        if (!is_macro_name(name)) {  // a lone percent sign
            expanded += '%';
            text.remove_prefix(start + 1);
            continue;
        }
        std::optional<std::string> value = context_macro(name, context);
        if (place == macro_place::address) {
            if (name != "DestinationParty") {
                return fail("macro.place",
                            "%" + std::string(name) + "% cannot stand in an address: only %DestinationParty% can");
            }
            if (!value) {
                return fail("macro.unresolved",
                            "%DestinationParty% has no value: the message has no BTS.DestinationParty");
            }
        } else if (!value) {
            value = time_macro(name, now_unix_ms);
        }
        expanded += value ? *value : std::string(text.substr(start, end - start + 1));
        text.remove_prefix(end + 1);
    }
}

}  // namespace hawser::engine
