#include "legacy_display.hpp"

namespace hawser::smime {
namespace {

class legacy_display_filter {
public:
    void write(std::string_view in, std::string& out) {
        for (std::size_t i = 0; i < in.size(); ++i) {
            if (has_passed_) {
                out.append(in.substr(i));
                return;
            }
            if (in[i] == '\n') {
                has_passed_ = is_line_empty_;
                is_line_empty_ = true;
            } else if (in[i] != '\r') {
                is_line_empty_ = false;
            }
        }
    }
    void finish(std::string&) const {}

private:
    bool is_line_empty_ = true;
    bool has_passed_ = false;
};

}  // namespace

body_stream drop_legacy_display(body_stream body, const content_type& type, bool is_header_protected) {
    if (!is_header_protected || type.type != "text/plain" || type.parameter("hp-legacy-display") != "1") {
        return body;
    }
    return make_stream(
        std::make_unique<filtered_stream<legacy_display_filter>>(std::move(body), legacy_display_filter{}));
}

}  // namespace hawser::smime
