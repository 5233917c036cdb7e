#include "dot_stuffer.hpp"

#include <doctest/doctest.h>

using hawser::smtp::dot_stuffer;

namespace {

std::string stuff(const std::string& text, std::size_t piece) {
    dot_stuffer one;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += piece) {
        one.write(std::string_view(text).substr(i, piece), out);
    }
    one.finish(out);
    return out;
}

}  // namespace

TEST_CASE("a dot that begins a line is doubled, in pieces of any size (RFC 5321 section 4.5.2)") {
    for (const std::size_t piece : {1UL, 2UL, 3UL, 100UL}) {
        CHECK(stuff(".\r\n..a\r\nb.\r\n.", piece) == "..\r\n...a\r\nb.\r\n..\r\n.\r\n");
        CHECK(stuff("a\r\n", piece) == "a\r\n.\r\n");
        CHECK(stuff("a", piece) == "a\r\n.\r\n");
        CHECK(stuff("", piece) == ".\r\n");
    }
}
