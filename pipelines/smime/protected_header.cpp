#include "protected_header.hpp"

#include <algorithm>

#include "encoded_words.hpp"
#include "mime_header.hpp"

namespace hawser::smime {
namespace {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Everybody can read what is inside, so a blind copy is never told there (RFC 9788 section 11.4).
bool is_blind(std::string_view name) {
    const std::string field = to_lower(name);
    return field == "bcc" || field == "resent-bcc";
}

std::string unfolded(const std::string& value) {
    std::string out;
    std::copy_if(value.begin(), value.end(), std::back_inserter(out), [](char c) { return c != '\r' && c != '\n'; });
    return out;
}

void check_field(const mail_header& field, const header_protection& wish) {
    if (to_lower(field.name) == "hp-outer") {
        throw failure("the mail has a header field HP-Outer, which only HeaderProtection writes: leave it out");
    }
    if (wish.is_seven_bit && !(is_ascii(field.name) && is_ascii(field.value))) {
        throw failure("the header field " + printable(field.name) +
                      " is not ASCII, and ClearSign can protect no such field: use BlobSign, or set HeaderProtection "
                      "to none");
    }
}

}  // namespace

protected_header protect_header(message& one, const header_protection& wish) {
    protected_header made;
    const std::vector<mail_header> all = one.mail_headers();
    if (wish.policy == header_policy::none || all.empty()) {
        return made;
    }
    made.type_parameter = wish.is_encrypted ? "hp=\"cipher\"" : "hp=\"clear\"";
    const header_policy policy = wish.is_encrypted ? wish.policy : header_policy::no_confidentiality;
    std::string outside;
    std::uint32_t index = 0;
    for (const mail_header& field : all) {
        if (is_blind(field.name)) {
            ++index;
            continue;
        }
        check_field(field, wish);
        made.fields += field.name + ": " + field.value + "\r\n";
        made.names.push_back(field.name);
        const std::optional<std::string> visible = outer_value(policy, field.name, field.value);
        if (visible != field.value && wish.has_legacy_display && is_user_facing(field.name)) {
            made.display += field.name + ": " + printable(decode_words(unfolded(field.value))) + "\r\n";
        }
        if (!visible) {
            one.remove_mail_header(index);
            continue;
        }
        if (*visible != field.value) {
            one.set_mail_header(index, *visible);
        }
        outside += "HP-Outer: " + field.name + ": " + *visible + "\r\n";
        ++index;
    }
    made.fields += wish.is_encrypted ? outside : "";
    return made;
}

}  // namespace hawser::smime
