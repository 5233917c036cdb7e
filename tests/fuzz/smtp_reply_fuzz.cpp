// Any bytes from a server: the parser ends, keeps to its limits, and reads the same in one piece and byte by byte.
#include <cstdint>
#include <cstdlib>

#include "smtp_extensions.hpp"
#include "smtp_reply.hpp"

using hawser::smtp::reply_parser;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    reply_parser whole;
    std::size_t taken = 0;
    const reply_parser::state state = whole.feed(text, taken);
    reply_parser bytewise;
    reply_parser::state stepped = reply_parser::state::needs_more;
    for (std::size_t i = 0; i < taken && stepped == reply_parser::state::needs_more; ++i) {
        std::size_t one = 0;
        stepped = bytewise.feed(text.substr(i, 1), one);
    }
    if (state != stepped) {
        std::abort();
    }
    if (state == reply_parser::state::complete) {
        const hawser::smtp::smtp_reply reply = whole.take_reply();
        hawser::smtp::parse_extensions(reply);
        if (reply.text().size() > 400 || reply.enhanced_status().size() > 9) {
            std::abort();
        }
    }
    return 0;
}
