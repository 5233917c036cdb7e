// What a mail is made of: text, HTML with the images that it shows, the message's parts, files; arranged as the table
// "What the mail is made of" in README.md says. [worker]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/message.hpp"
#include "mime_entity.hpp"

namespace hawser::smtp {

struct mail_content {
    std::string content_type;  // without parameters
    body_stream entity;        // lives no longer than the message
};
mail_content make_mail_content(message& one);  // throws hawser::failure where a property is wrong

// The elements of a list property as the context has it.
std::vector<std::string> split_list(std::string_view joined);

}  // namespace hawser::smtp
