#include "header_protection.hpp"

#include <algorithm>

#include "encoded_words.hpp"
#include "hawser/sdk/error.hpp"

namespace hawser::smime {
namespace {

// As the context calls them, and as the header does.
struct known_field {
    const char* property;
    const char* field;
    bool has_addresses = false;
};
constexpr known_field known_fields[] = {
    {"Subject", "Subject"}, {"From", "From", true},        {"To", "To", true},         {"CC", "Cc", true},
    {"Date", "Date"},       {"ReplyTo", "Reply-To", true}, {"Sender", "Sender", true}, {"MessageID", "Message-ID"}};

// The address in From (RFC 5322 section 3.4) without display name, comments and quotes, in lower case.
std::string address_in(std::string_view value) {
    std::string bare;
    int depth = 0;
    bool is_quoted = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"' && depth == 0) {
            is_quoted = !is_quoted;
        } else if (!is_quoted) {
            depth += c == '(' ? 1 : 0;
            bare += depth == 0 ? std::string(1, c) : "";
            depth -= c == ')' && depth > 0 ? 1 : 0;
        }
    }
    const std::size_t begin = bare.find('<');
    const std::size_t end = bare.find('>');
    if (begin != std::string::npos && (end < begin || bare.find('<', begin + 1) != std::string::npos)) {
        return "";
    }
    std::string address = begin == std::string::npos ? bare : bare.substr(begin + 1, end - begin - 1);
    address.erase(0, address.find_first_not_of(" \t"));
    address.erase(address.find_last_not_of(" \t") + 1);
    const bool is_one = address.find('@') != std::string::npos && bare.find(',') == std::string::npos &&
                        address.find_first_of(" \t;:") == std::string::npos;
    return is_one ? to_lower(address) : "";
}

// "Subject: [...]" of HP-Outer (RFC 9788 section 2.2.1).
header_field split_outer_field(const std::string& value) {
    const std::size_t colon = std::min(value.find(':'), value.size());
    const std::size_t begin = value.find_first_not_of(" \t", std::min(colon + 1, value.size()));
    return {value.substr(0, colon), begin == std::string::npos ? "" : value.substr(begin)};
}

bool is_among(const std::vector<header_field>& all, const header_field& wanted) {
    return std::any_of(all.begin(), all.end(), [&](const header_field& one) {
        return to_lower(one.name) == to_lower(wanted.name) && one.value == wanted.value;
    });
}

// Whether the From inside says no more than the one outside. Where one of them has no address, or several, there is
// nothing to compare but the fields themselves.
bool is_same_sender(const mime_header& outer, const mime_header& inner) {
    const header_field* outside = outer.find("From");
    const header_field* inside = inner.find("From");
    if (outside == nullptr || inside == nullptr) {
        return false;
    }
    const std::string address = address_in(outside->value);
    return outside->value == inside->value || (!address.empty() && address == address_in(inside->value));
}

// RFC 9788 section 4.4: whom the mail server let in counts, where no signature speaks for the other one. That is nobody
// where From is missing outside, which RFC 5322 section 3.6 does not allow.
void settle_sender(const mime_header& outer, const mime_header& inner, decode_facts& facts) {
    if (is_same_sender(outer, inner) || facts.is_sender_verified()) {
        return;
    }
    facts.is_from_mismatched = true;
    facts.from_address.clear();
    facts.header["From"] = printable(decode_address_words(outer.value("From")));  // "" is promoted as no property
    for (auto* names : {&facts.protected_fields, &facts.signed_fields, &facts.encrypted_fields}) {
        names->erase(std::remove(names->begin(), names->end(), "From"), names->end());
    }
}

// The fields of `inner` take the place of all outer ones; `visible` is what its sender left outside. The state of each
// is that of RFC 9788 section 4.3.1.
void take_inner_fields(const mime_header& outer, const mime_header& inner, bool is_cipher,
                       const std::vector<header_field>& visible, decode_facts& facts) {
    facts.is_header_protected = true;
    facts.header.clear();  // what is not protected was not in the message when it was sealed
    take_outer_fields(inner, facts);
    for (const known_field& known : known_fields) {
        const header_field* found = inner.find(known.field);
        if (found == nullptr) {
            continue;
        }
        facts.protected_fields.emplace_back(known.field);
        if (facts.is_signed()) {
            facts.signed_fields.emplace_back(known.field);
        }
        if (is_cipher && !is_among(visible, *found)) {
            facts.encrypted_fields.emplace_back(known.field);
        }
    }
    settle_sender(outer, inner, facts);
}

}  // namespace

void take_outer_fields(const mime_header& outer, decode_facts& facts) {
    for (const known_field& known : known_fields) {
        if (outer.count(known.field) > 1) {
            throw failure(std::string("the message has two header fields ") + known.field + " (RFC 5322 section 3.6)");
        }
        if (const header_field* found = outer.find(known.field)) {
            facts.header[known.property] =
                printable(known.has_addresses ? decode_address_words(found->value) : decode_words(found->value));
        }
    }
    facts.from_address = address_in(outer.value("From"));
}

void take_protected_fields(const mime_header& outer, const mime_header& payload, const content_type& type,
                           decode_facts& facts) {
    const std::string hp = to_lower(type.parameter("hp"));
    if (hp != "clear" && hp != "cipher") {
        return;
    }
    if (hp == "cipher" && !facts.is_encrypted()) {
        throw failure(
            "the message's header says that it was encrypted (hp=\"cipher\"), and it is not: somebody "
            "may have decrypted it and sent it on");
    }
    if (payload.find("From") == nullptr) {
        throw failure("the message protects its header, and does not say there whom it is from (RFC 9788 section 4)");
    }
    std::vector<header_field> visible;
    for (const header_field& one : payload.fields) {
        if (to_lower(one.name) == "hp-outer") {
            visible.push_back(split_outer_field(one.value));
        }
    }
    take_inner_fields(outer, payload, hp == "cipher", visible, facts);
}

bool is_wrapped_message(const content_type& payload, const mime_header& inner) {
    return payload.type == "message/rfc822" && payload.parameter("hp").empty() && inner.find("From") != nullptr &&
           inner.type().parameter("hp").empty();
}

void take_wrapped_fields(const mime_header& outer, const mime_header& inner, decode_facts& facts) {
    take_inner_fields(outer, inner, facts.is_encrypted(), outer.fields, facts);
}

}  // namespace hawser::smime
