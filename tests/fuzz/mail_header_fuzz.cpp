// Any bytes as a header's text, a file name or an address list: never a second header field, a control or a bare line
// end.
#include <cstdint>
#include <cstdlib>

#include "extra_headers.hpp"
#include "hawser/sdk/error.hpp"
#include "mail_address.hpp"
#include "mail_header.hpp"
#include "smtp_commands.hpp"

namespace {

enum class letters { ascii, utf8 };  // an address keeps what is written in UTF-8 before its '@' (RFC 6531)

void check_value(std::string_view value, letters allowed = letters::ascii) {
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\r') {
            if (i + 2 >= value.size() || value[i + 1] != '\n' || value[i + 2] != ' ') {
                std::abort();
            }
            ++i;
        } else if (static_cast<unsigned char>(value[i]) < 0x20 || value[i] == 0x7f ||
                   (allowed == letters::ascii && static_cast<unsigned char>(value[i]) >= 0x80)) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_value(hawser::smtp::encode_unstructured("Subject", text));
    check_value(hawser::smtp::encode_parameter("filename", text));
    check_value(hawser::smtp::encode_name_parameter(text));
    for (const char c : hawser::smtp::to_xtext(text)) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '=') {
            std::abort();  // it would end the parameter, or the command
        }
    }
    try {
        const hawser::mail_header field = hawser::smtp::parse_extra_header(text);
        if (!hawser::smtp::is_field_name(field.name) || hawser::smtp::is_reserved_field(field.name)) {
            std::abort();
        }
    } catch (const hawser::failure&) {
        // Refused, with a reason.
    }
    try {
        const auto addresses = hawser::smtp::parse_address_list(text, "To");
        check_value(hawser::smtp::encode_addresses("To", addresses), letters::utf8);
        for (const auto& one : addresses) {
            check_value(one.address, letters::utf8);
        }
    } catch (const hawser::failure&) {
        // Refused, with a reason.
    }
    return 0;
}
