#include "mail_template.hpp"

#include <optional>

#include "text.hpp"

namespace hawser::smtp {
namespace {

bool is_property_name(std::string_view name) {
    return name.find('.') != std::string_view::npos && std::all_of(name.begin(), name.end(), [](char c) {
               return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
           });
}

std::string escaped_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string expanded_macros(const message& one, std::string_view text, template_place place) {
    return place == template_place::header && !text.empty()
               ? one.host().expand_macros(one.abi(), macro_place::subject, text)
               : std::string(text);
}

}  // namespace

std::string expand_template_text(const message& one, const char* property, std::string_view text,
                                 template_place place) {
    if (one.origin_of(property) == property_origin::message) {
        return expanded_macros(one, text, place);
    }
    std::string out;
    std::string plain;  // what stands between templates, taken together so that a macro is never cut
    const auto flush = [&] {
        out += expanded_macros(one, plain, place);
        plain.clear();
    };
    while (!text.empty()) {
        const std::size_t start = text.find("%{");
        plain += text.substr(0, start);
        const std::size_t end = start == std::string_view::npos ? start : text.find('}', start);
        if (end == std::string_view::npos) {
            plain += text.substr(std::min(start, text.size()));
            break;
        }
        const std::string_view name = text.substr(start + 2, end - start - 2);
        const std::optional<std::string> value = is_property_name(name) ? one.get(name) : std::nullopt;
        if (value) {
            flush();
            out += place == template_place::html ? escaped_html(*value) : *value;
            text.remove_prefix(end + 1);
        } else {
            plain += "%{";
            text.remove_prefix(start + 2);
        }
        if (out.size() + plain.size() > template_result_size_max) {
            throw failure(std::string(property) + " is longer than 1 MiB with its templates replaced");
        }
    }
    flush();
    return out;
}

std::string expand_templates(const message& one, const char* property, std::string_view otherwise,
                             template_place place) {
    return expand_template_text(one, property, one.get_or(property, otherwise), place);
}

}  // namespace hawser::smtp
