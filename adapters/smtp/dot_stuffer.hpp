// Dot-stuffing while a message streams by (RFC 5321 section 4.5.2): a dot that begins a line is doubled. Any pieces.
// Pure.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace hawser::smtp {

class dot_stuffer {
public:
    void write(std::string_view in, std::string& out) {
        while (!in.empty()) {
            if (is_line_start_ && in.front() == '.') {
                out += '.';
            }
            const void* found = std::memchr(in.data(), '\n', in.size());
            const std::size_t size = found == nullptr
                                         ? in.size()
                                         : static_cast<std::size_t>(static_cast<const char*>(found) - in.data()) + 1;
            out += in.substr(0, size);
            is_line_start_ = found != nullptr;
            in.remove_prefix(size);
        }
    }
    // The end of the message: a line end where the last line lacks one, and the final dot.
    void finish(std::string& out) { out += is_line_start_ ? ".\r\n" : "\r\n.\r\n"; }

private:
    bool is_line_start_ = true;
};

}  // namespace hawser::smtp
