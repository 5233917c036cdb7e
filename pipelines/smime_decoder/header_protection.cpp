#include "header_protection.hpp"

#include <algorithm>
#include <utility>

#include "encoded_words.hpp"
#include "hawser/sdk/error.hpp"
#include "mailbox_list.hpp"
#include "sender_match.hpp"

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

// Whether the From inside has the addresses of the one outside, and no others. Where one of them has none to be read,
// it is only the same field that says the same. Local parts that differ in case alone are one mailbox's wherever mail
// is read.
bool is_same_sender(const mime_header& outer, const mime_header& inner) {
    const header_field* outside = outer.find("From");
    const header_field* inside = inner.find("From");
    if (outside == nullptr || inside == nullptr) {
        return false;
    }
    const auto all_outside = addresses_in(to_lower(outside->value));
    const auto all_inside = addresses_in(to_lower(inside->value));
    return outside->value == inside->value || (all_outside && all_inside &&
                                               std::equal(all_outside->begin(), all_outside->end(), all_inside->begin(),
                                                          all_inside->end(), is_same_mailbox));
}

// RFC 9788 section 4.4: whom the mail server let in counts, where no signature speaks for the other one. That is nobody
// where From is missing outside, which RFC 5322 section 3.6 does not allow.
void settle_sender(const mime_header& outer, const mime_header& inner, decode_facts& facts) {
    if (is_same_sender(outer, inner) || facts.is_sender_verified()) {
        return;
    }
    facts.is_from_mismatched = true;
    facts.from_address.clear();
    facts.mismatched_from = facts.header["From"];
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
    facts.outer_header = std::exchange(facts.header, {});  // what is not protected was not there when it was sealed
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
    std::erase_if(facts.outer_header, [&](const auto& one) {
        const auto found = facts.header.find(one.first);
        return found != facts.header.end() && found->second == one.second;
    });
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
    facts.from_address = sole_address(outer.value("From"));
    facts.sender_address = sole_address(outer.value("Sender"));
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
