// Any pattern and any location, on a line each: what is allowed is plain, has a scheme, and matches.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "message/location_pattern.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hawser::engine;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\n');
    if (end == std::string_view::npos) {
        return 0;
    }
    const std::string pattern(input.substr(0, end));
    const std::string_view location = input.substr(end + 1);
    const bool is_allowed = is_allowed_location({pattern}, location);
    const bool is_touched = matches_part_of_location(pattern, location);
    const bool is_matched = matches_location(pattern, location);
    if ((is_allowed && !is_touched) || (is_matched && scheme_of_location(location) != scheme_of_location(pattern))) {
        std::abort();
    }
    if (is_allowed && (location.find_first_of("\r\n\t\"'?%") != std::string_view::npos ||
                       location.find("/../") != std::string_view::npos || scheme_of_location(location).empty())) {
        std::abort();
    }
    return 0;
}
