// A header block whose fields are changed and which else stays as it is written, byte for byte. Pure.
#pragma once

#include <string>
#include <string_view>

namespace hawser::smime {

class raw_header {
public:
    explicit raw_header(std::string_view block);  // with or without the empty line at its end

    // "Content-Type", "hp=\"clear\"": added to the field's value, on a line of its own. Where there is no such field,
    // one of the value `otherwise` is made.
    void add_parameter(std::string_view field, std::string_view otherwise, std::string_view parameter);
    void set(std::string_view field, std::string_view value);

    const std::string& text() const noexcept { return text_; }  // without the empty line

private:
    struct place {
        std::size_t begin, end;  // of the field with its line ends; both the text's end where there is none
    };
    place find(std::string_view field) const;

    std::string text_;
};

}  // namespace hawser::smime
