// Any bytes as a CMS structure: the reader ends, gives no more than came in, keeps to its limits, and reads the same in
// one piece and byte by byte.
#include <cstdint>
#include <cstdlib>

#include "ber_reader.hpp"
#include "piecewise_source.hpp"

using namespace hawser::smime;

namespace {

constexpr std::size_t captured_max = 200;

// Walks as the readers of CMS do: into what is constructed, through strings, and captures the rest.
std::string walk(std::string_view bytes, std::size_t piece) {
    std::string seen;
    ber_reader reader{byte_reader(in_pieces(bytes, piece))};
    std::size_t depth = 0;
    try {
        while (depth > 0 || reader.has_more()) {
            if (!reader.has_more()) {
                reader.leave();
                --depth;
                continue;
            }
            const ber_header header = reader.peek();
            if ((header.identifier & 0xdfU) == ber::octet_string) {
                reader.enter_octets(ber::octet_string, "it");
                char buffer[13];
                while (const std::size_t size = reader.read_octets(buffer, sizeof buffer)) {
                    seen.append(buffer, size);
                }
            } else if (header.identifier == ber::sequence && seen.size() % 3 != 2) {
                reader.enter(header.identifier, "it");
                ++depth;
            } else {
                const std::string captured = reader.capture(captured_max, "it");
                if (captured.size() > captured_max) {
                    std::abort();
                }
                seen += captured;
            }
        }
    } catch (const hawser::failure& thrown) {
        seen += thrown.what();
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string whole = walk(bytes, size + 1);
    if (whole != walk(bytes, 1) || whole.size() > size + 200) {
        std::abort();
    }
    return 0;
}
