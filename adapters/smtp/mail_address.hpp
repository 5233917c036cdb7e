// Mail addresses as integrators write them: lists separated by commas or semicolons, names, angle brackets, mailto:
// URIs. Everything here is hostile until it is parsed: an address that is accepted holds no control character, no space
// outside a quoted local part, and nothing that would end an SMTP command or a header field. Pure; throws
// hawser::failure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hawser::smtp {

struct mail_address {
    std::string display_name;  // UTF-8, without quotes; may be empty
    // local-part@domain as it stands in an SMTP command (RFC 5321 section 4.1.2): the domain in A-labels (IDNA2008),
    // the local part in UTF-8 where it was written so, for which the server needs SMTPUTF8 (RFC 6531).
    std::string address;
};

inline constexpr std::size_t local_part_size_max = 64;  // RFC 5321 section 4.5.3.1.1
inline constexpr std::size_t address_size_max = 254;    // section 4.5.3.1.3, less the angle brackets
inline constexpr std::size_t address_count_max = 10000;

// `property` names the source in an error. "mailto:" before the list is removed and percent signs are decoded (RFC
// 6068); a "?" part (hfields) is refused: an address gives addresses only.
std::vector<mail_address> parse_address_list(std::string_view text, std::string_view property);

// Exactly one address, as From must be.
mail_address parse_single_address(std::string_view text, std::string_view property);

// Throws where `address` is no addr-spec (RFC 5321 Mailbox; UTF-8 in the local part as RFC 6531 has it).
void check_addr_spec(std::string_view address, std::string_view property);

std::string_view domain_of(std::string_view address);

}  // namespace hawser::smtp
