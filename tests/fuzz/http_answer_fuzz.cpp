// Any bytes as a server's answer: reading ends, though the server never does, before it has taken much more than may be
// the body; what is taken is no larger than that; what is refused says why, in printable words; and it is the same in
// one piece and byte by byte. The first byte: how large the body may be (times 4), and, with its lowest bit, that the
// last byte comes again and again.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "certificates/http_answer.hpp"

using namespace hawser::engine;

namespace {

struct outcome {
    bool is_ok = false;
    std::string text;
    std::size_t given = 0;
};

outcome read(std::string_view bytes, bool is_endless, std::size_t piece, std::size_t size_max) {
    outcome out;
    const auto give = [&](void* buffer, std::size_t capacity, boost::system::error_code& code) {
        const std::size_t left = bytes.size() - std::min(out.given, bytes.size());
        const std::size_t size = std::min({capacity, piece, left > 0 || !is_endless ? left : capacity});
        code = size == 0 ? boost::asio::error::eof : boost::system::error_code();
        if (left > 0) {
            std::memcpy(buffer, bytes.data() + out.given, size);
        } else if (size > 0) {
            std::memset(buffer, bytes.back(), size);
        }
        out.given += size;
        return size;
    };
    const result<std::string> got =
        read_http_answer({give, [](const boost::system::error_code& code) { return code.message(); }}, size_max);
    out.is_ok = static_cast<bool>(got);
    out.text = got ? *got : got.error().text;
    const bool is_telling = !out.text.empty() && std::all_of(out.text.begin(), out.text.end(),
                                                             [](char c) { return c >= ' ' && c < '\x7f'; });
    if ((out.is_ok && out.text.size() > size_max) || (!out.is_ok && !is_telling) ||
        out.given > bytes.size() + size_max + 128UL * 1024) {
        std::abort();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t size_max = data[0] * 4UL;
    read(bytes, (data[0] & 1U) != 0, 64UL * 1024, size_max);
    const outcome whole = read(bytes, false, size, size_max);
    const outcome bytewise = read(bytes, false, 1, size_max);
    if (whole.is_ok != bytewise.is_ok || (whole.is_ok && whole.text != bytewise.text)) {
        std::abort();
    }
    return 0;
}
