// Puts the hidden header fields into a text for mail programs that decrypt but do not know RFC 9788 (its sections 5.2.2
// and 5.2.3). A filter of one body that comes in any pieces; holds 64 KiB at most.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hawser::smime {

class legacy_display_writer {
public:
    // `display` as it stands in the text's character set, or as HTML, before the text or at the start of its <body>.
    legacy_display_writer(std::string display, bool is_html) : display_(std::move(display)), is_html_(is_html) {}
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);

private:
    std::string display_;  // "" once it is written
    std::string start_;    // of an HTML text, until its <body> is found
    bool is_html_;
};

// The element for a part of this character set; nullopt where it cannot be written in it. `fields`: lines in UTF-8.
std::optional<std::string> legacy_display_text(const std::string& fields, const std::string& charset);
std::string legacy_display_html(const std::string& fields);

}  // namespace hawser::smime
