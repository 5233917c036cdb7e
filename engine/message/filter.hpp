// A filter over promoted properties: groups of conditions, any of which must hold whole. Written in bindings, used by
// routing.
#pragma once

#include <string>
#include <vector>

#include "message/context.hpp"

namespace hawser::engine {

// "exists" has no value.
struct filter_condition {
    std::string property;
    std::string comparison;  // ==, !=, <, <=, >, >=, exists, & (bitwise AND)
    std::string value;
    property_type written = property_type::string;  // the value's, in the bindings: "7", 7 or true
};

using filter_groups = std::vector<std::vector<filter_condition>>;  // any of (all of)

}  // namespace hawser::engine
