// Content types of files and parts. A table of our own, not the system's shared-mime-info: what a partner receives must
// not depend on what happens to be installed on the machine that sends. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hawser::smtp {

// "type/subtype" in lower case if `text` begins with one (parameters are cut off), else `otherwise`.
std::string checked_content_type(std::string_view text, std::string_view otherwise);
std::string content_type_of_file(std::string_view file_name);  // by its extension
std::string charset_of(std::string_view content_type);         // its parameter; "utf-8" where it has none
bool is_text_type(std::string_view content_type);

}  // namespace hawser::smtp
