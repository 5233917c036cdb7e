// Any content in any pieces: what the server takes the dots from is what was written, and the final dot comes at the
// end only. The first bytes say how the content is cut.
#include <cstdint>
#include <cstdlib>

#include "dot_stuffer.hpp"

namespace {

void check_unstuffed(std::string_view stuffed, std::string_view content) {
    std::string plain;
    bool has_ended = false;
    while (!stuffed.empty()) {
        if (has_ended) {
            std::abort();  // more after the final dot: another command
        }
        const std::size_t end = std::min(stuffed.find('\n'), stuffed.size() - 1) + 1;
        std::string_view line = stuffed.substr(0, end);
        stuffed.remove_prefix(end);
        if (line == ".\r\n") {
            has_ended = true;
            continue;
        }
        line.remove_prefix(line.front() == '.' ? 1 : 0);
        plain += line;
    }
    const bool is_line_added = !content.empty() && content.back() != '\n';
    if (!has_ended || plain != std::string(content) + (is_line_added ? "\r\n" : "")) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t piece = 1U + data[0];
    const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
    hawser::smtp::dot_stuffer stuffer;
    std::string stuffed;
    for (std::size_t i = 0; i < content.size(); i += piece) {
        stuffer.write(content.substr(i, piece), stuffed);
    }
    stuffer.finish(stuffed);
    check_unstuffed(stuffed, content);
    return 0;
}
