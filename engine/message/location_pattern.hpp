// Patterns of locations, like "mailto:*@partner.example": which addresses a message may name on a dynamic port, and
// which a destination's limits hold for. Locations come from messages and are hostile. Pure functions; time grows with
// the length of the location times that of the pattern, whatever they hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hawser::engine {

// "mailto" of "mailto:a@example.org", in lower case; "" where the text does not begin with a scheme (RFC 3986) and ':'.
std::string scheme_of_location(std::string_view location);

// '*' matches any run of characters, also none, but for , ; ? % # " ' < > \ whitespace, control characters and '/';
// "**" matches '/' too. The rest is literal: without regard to the case of ASCII letters in the scheme and in the
// domain of a mail address. A pattern without a literal scheme matches nothing.
bool matches_location(std::string_view pattern, std::string_view location);

// Whether the location matches or, of a "mailto:" location with several addresses, one of them does: whom the limits of
// a destination concern. Nothing is allowed by it.
bool matches_part_of_location(std::string_view pattern, std::string_view location);

// Each address of a "mailto:" location (they stand between ',' or ';') has to match one of the patterns and to be a
// plain address: one '@', no comment, quotes or routes. No location with control characters, quotes, '?', '%', or a
// path segment ".." is allowed, and no empty address.
bool is_allowed_location(const std::vector<std::string>& patterns, std::string_view location);

}  // namespace hawser::engine
