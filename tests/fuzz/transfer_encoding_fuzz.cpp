// Any content in any pieces: quoted-printable and base64 give every byte back, on lines of at most 76 characters that
// no relay changes, and have the size that was foretold. The first byte says how the content is cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sasl_base64.hpp"
#include "transfer_encoding.hpp"

namespace {

void check(bool is_right) {
    if (!is_right) {
        std::abort();
    }
}

template <typename Filter>
std::string encoded(std::string_view content, std::size_t piece) {
    Filter filter;
    std::string out;
    for (std::size_t i = 0; i < content.size(); i += piece) {
        filter.write(content.substr(i, piece), out);
    }
    filter.finish(out);
    return out;
}

int hexadecimal(char c) { return c >= '0' && c <= '9' ? c - '0' : (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1); }

// RFC 2045 section 6.7 as a reader has it; aborts at what no writer may write.
std::string unquoted(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        check(end != std::string_view::npos && end <= 76);
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 2);
        const bool is_soft = line.ends_with('=');
        line.remove_suffix(is_soft ? 1 : 0);
        check(is_soft || (!line.ends_with(' ') && !line.ends_with('\t')));
        check(!line.starts_with('.') && !line.starts_with("From "));
        for (std::size_t i = 0; i < line.size(); ++i) {
            if (line[i] != '=') {
                check((line[i] >= ' ' && line[i] <= '~') || line[i] == '\t');
                plain += line[i];
                continue;
            }
            check(i + 2 < line.size());
            const int byte = hexadecimal(line[i + 1]) * 16 + hexadecimal(line[i + 2]);
            check(hexadecimal(line[i + 1]) >= 0 && hexadecimal(line[i + 2]) >= 0);
            plain += static_cast<char>(byte);
            i += 2;
        }
        plain += is_soft ? "" : "\r\n";
    }
    return plain;
}

std::string without_lines(std::string_view text) {
    std::string joined;
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        check(end != std::string_view::npos && end > 0 && end <= 76);
        joined += text.substr(0, end);
        text.remove_prefix(end + 2);
    }
    return joined;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hawser::smtp;
    if (size == 0) {
        return 0;
    }
    const std::size_t piece = 1U + data[0];
    const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::string quoted = encoded<quoted_printable_filter>(content, piece);
    check(unquoted(quoted) == content);
    check(static_cast<std::int64_t>(quoted.size()) == quoted_printable_filter::encoded_size(content));
    const std::string based = encoded<base64_filter>(content, piece);
    const auto plain = from_base64(without_lines(based));
    check(plain && plain->view() == content);
    check(static_cast<std::int64_t>(based.size()) ==
          base64_filter::encoded_size(static_cast<std::int64_t>(content.size())));
    return 0;
}
