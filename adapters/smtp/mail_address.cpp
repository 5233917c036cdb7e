#include "mail_address.hpp"

#include <algorithm>

#include "domain_name.hpp"
#include "hawser/sdk/error.hpp"
#include "mail_header.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

[[noreturn]] void refuse(std::string_view property, std::string_view text, const std::string& why) {
    throw failure(std::string(property) + ": \"" + shown(text) + "\" " + why);
}

bool is_atext(char c) {  // RFC 5322 section 3.2.3, and RFC 6531 section 3.3 with all beyond ASCII
    return is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// C1 controls (U+0080 to U+009F), and the separators and directions of U+2028 to U+202F and U+2066 to U+206F: they
// would show a person another address than the one that is sent to.
bool has_invisible(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto at = [&](std::size_t offset) {
            return i + offset < text.size() ? static_cast<unsigned char>(text[i + offset]) : 0U;
        };
        const bool is_c1 = at(0) == 0xc2 && at(1) < 0xa0;
        const bool is_formatting =
            at(0) == 0xe2 && ((at(1) == 0x80 && at(2) >= 0xa8 && at(2) <= 0xaf) || (at(1) == 0x81 && at(2) >= 0xa6));
        if (is_c1 || is_formatting) {
            return true;
        }
    }
    return false;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

// Splits at commas and semicolons that stand outside quotes and angle brackets.
std::vector<std::string_view> split(std::string_view text, std::string_view property) {
    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    bool is_quoted = false;
    bool is_in_angle = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_quoted) {
            i += c == '\\' ? 1 : 0;
            is_quoted = c != '"';
        } else if (c == '"') {
            is_quoted = true;
        } else if (c == '<' || c == '>') {
            is_in_angle = c == '<';
        } else if ((c == ',' || c == ';') && !is_in_angle) {
            pieces.push_back(text.substr(start, i - start));
            start = i + 1;
        } else if (c == '(' || c == ')') {
            refuse(property, text, "has a comment in parentheses, which is not accepted in an address");
        }
    }
    if (is_quoted || is_in_angle) {
        refuse(property, text, "has a quote or an angle bracket that is not closed");
    }
    pieces.push_back(text.substr(start));
    return pieces;
}

std::string unquote(std::string_view name, std::string_view whole, std::string_view property) {
    if (name.empty() || name.front() != '"') {
        if (name.find('"') != std::string_view::npos || name.find('@') != std::string_view::npos) {
            refuse(property, whole, "has a name that must stand in quotes");
        }
        return std::string(name);
    }
    if (name.size() < 2 || name.back() != '"') {
        refuse(property, whole, "has something after a quoted name");
    }
    std::string plain;
    for (std::size_t i = 1; i + 1 < name.size(); ++i) {
        if (name[i] == '\\' && i + 2 < name.size()) {
            ++i;
        } else if (name[i] == '"') {
            refuse(property, whole, "has a quote inside a quoted name");
        }
        plain += name[i];
    }
    return plain;
}

mail_address parse_one(std::string_view piece, std::string_view property) {
    mail_address one;
    if (!piece.empty() && piece.back() == '>') {
        const std::size_t open = piece.rfind('<');
        one.display_name = unquote(trim(piece.substr(0, open)), piece, property);
        one.address = trim(piece.substr(open + 1, piece.size() - open - 2));
    } else {
        one.address = piece;
    }
    if (const std::size_t at = one.address.rfind('@'); at != std::string::npos) {
        std::string why;
        const auto domain = to_ascii_domain(std::string_view(one.address).substr(at + 1), why);
        if (!domain) {
            refuse(property, one.address, "has a domain that is no domain name (" + why + ')');
        }
        one.address.replace(at + 1, std::string::npos, *domain);
    }
    check_addr_spec(one.address, property);
    return one;
}

bool is_dot_string(std::string_view local) {
    return !local.empty() && local.front() != '.' && local.back() != '.' &&
           local.find("..") == std::string_view::npos &&
           std::all_of(local.begin(), local.end(), [](char c) { return c == '.' || is_atext(c); });
}

bool is_quoted_local(std::string_view local) {  // RFC 5321: Quoted-string = DQUOTE *QcontentSMTP DQUOTE
    if (local.size() < 2 || local.front() != '"' || local.back() != '"') {
        return false;
    }
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        if (local[i] == '\\') {
            if (++i + 1 >= local.size()) {
                return false;
            }
        } else if (local[i] == '"') {
            return false;
        }
    }
    return true;
}

bool is_domain(std::string_view domain) {
    if (domain.size() >= 2 && domain.front() == '[' && domain.back() == ']') {  // address literal
        const std::string_view inside = domain.substr(1, domain.size() - 2);
        return !inside.empty() && std::all_of(inside.begin(), inside.end(), [](char c) {
            return is_alphanumeric(c) || c == '.' || c == ':' || c == '-';
        });
    }
    std::size_t label = 0;
    for (std::size_t i = 0; i <= domain.size(); ++i) {
        if (i == domain.size() || domain[i] == '.') {
            if (label == 0 || label > 63 || domain[i - 1] == '-' || domain[i - label] == '-') {
                return false;
            }
            label = 0;
        } else if (is_alphanumeric(domain[i]) || domain[i] == '-' || domain[i] == '_') {
            ++label;
        } else {
            return false;
        }
    }
    return true;
}

std::string decode_mailto(std::string_view text, std::string_view property) {
    constexpr std::string_view scheme = "mailto:";
    if (text.size() < scheme.size() || !equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
        return std::string(text);
    }
    const std::string_view rest = text.substr(scheme.size());
    if (rest.find('?') != std::string_view::npos) {
        refuse(property, text,
               "has a '?' part: a mailto: address gives addresses only (write %3F for a question mark)");
    }
    std::string plain;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] != '%') {
            plain += rest[i];
            continue;
        }
        const int high = i + 2 < rest.size() ? hexadecimal(rest[i + 1]) : -1;
        const int low = i + 2 < rest.size() ? hexadecimal(rest[i + 2]) : -1;
        if (high < 0 || low < 0) {
            refuse(property, text, "has a '%' that no two hexadecimal digits follow");
        }
        plain += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return plain;
}

}  // namespace

void check_addr_spec(std::string_view address, std::string_view property) {
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos) {
        refuse(property, address, "is no address: it has no '@'");
    }
    const std::string_view local = address.substr(0, at);
    const std::string_view domain = address.substr(at + 1);
    if (has_control(address) || has_invisible(address)) {
        refuse(property, address, "has a control character");
    }
    if (!is_utf8(address)) {
        refuse(property, address, "is not UTF-8");
    }
    if (local.size() > local_part_size_max || address.size() > address_size_max) {
        refuse(property, address, "is too long (64 characters before the '@' and 254 in all are allowed)");
    }
    if ((!is_dot_string(local) && !is_quoted_local(local)) || !is_domain(domain)) {
        refuse(property, address, "is no address (RFC 5321)");
    }
}

std::vector<mail_address> parse_address_list(std::string_view text, std::string_view property) {
    const std::string plain = decode_mailto(trim(text), property);
    if (has_control(plain)) {
        refuse(property, plain, "has a control character");
    }
    std::vector<mail_address> all;
    for (const std::string_view piece : split(plain, property)) {
        if (const std::string_view one = trim(piece); !one.empty()) {
            all.push_back(parse_one(one, property));
        }
    }
    if (all.size() > address_count_max) {
        refuse(property, plain, "has more than 10000 addresses");
    }
    return all;
}

mail_address parse_single_address(std::string_view text, std::string_view property) {
    std::vector<mail_address> all = parse_address_list(text, property);
    if (all.size() != 1) {
        refuse(property, text, "must be exactly one address");
    }
    return all.front();
}

std::string_view domain_of(std::string_view address) { return address.substr(address.rfind('@') + 1); }

}  // namespace hawser::smtp
