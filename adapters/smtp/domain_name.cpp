#include "domain_name.hpp"

#include <idn2.h>

#include <algorithm>

#include "text.hpp"

namespace hawser::smtp {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::optional<std::string> to_ascii_domain(std::string_view domain, std::string& why) {
    if (is_ascii(domain)) {
        return std::string(domain);
    }
    const std::string text(domain);
    std::uint8_t* found = nullptr;
    const int status = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()), &found,
                                      IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status != IDN2_OK) {
        why = idn2_strerror(status);
        return std::nullopt;
    }
    std::string ascii(reinterpret_cast<const char*>(found));
    idn2_free(found);
    // The mapping makes ASCII of wide forms: U+FF1E becomes '>'.
    const auto is_allowed = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; };
    if (!std::all_of(ascii.begin(), ascii.end(), is_allowed)) {
        why = "it has a character that stands for one that no domain name has";
        return std::nullopt;
    }
    return ascii;
}

}  // namespace hawser::smtp
