// Templates: %{Namespace.Name} in a Subject, a text or an extra header field is that property of the message's context.
// Values are taken in once and never looked at for further templates or macros. [worker]
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/message.hpp"

namespace hawser::smtp {

inline constexpr std::size_t template_result_size_max = 1024 * 1024;

enum class template_place : std::uint8_t {
    header = 1,  // %MessageID% and the other macros of spec section 2 are replaced, too
    text,
    html  // values are escaped
};

// The value of `property` with its templates replaced; one that has no value stays as it is written. Templates in what
// came with the message stay as they are: who may submit must not read what the bindings put into the context.
std::string expand_templates(const message& one, const char* property, std::string_view otherwise,
                             template_place place);

// As above, for a text that is a part of `property`.
std::string expand_template_text(const message& one, const char* property, std::string_view text, template_place place);

}  // namespace hawser::smtp
