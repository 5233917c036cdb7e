// Reads BER (X.690) as it streams by: definite and indefinite lengths, strings in pieces. Made by the readers of CMS
// structures. It allocates nothing from a length field, nests to a limit, and holds what it is asked to capture only.
// Every fault throws hawser::failure with the place; afterwards the reader is of no more use.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "byte_reader.hpp"

namespace hawser::smime {

namespace ber {
constexpr std::uint8_t integer = 0x02, octet_string = 0x04, object_identifier = 0x06, sequence = 0x30, set = 0x31;
constexpr std::uint8_t constructed = 0x20;
constexpr std::uint8_t context(unsigned number) { return static_cast<std::uint8_t>(0x80U | number); }  // primitive
constexpr std::uint8_t explicit_context(unsigned number) { return static_cast<std::uint8_t>(0xa0U | number); }
}  // namespace ber

struct ber_header {
    std::uint8_t identifier = 0;  // class, constructed bit and number, as in the first byte
    std::uint8_t size = 0;        // of the header itself
    bool is_indefinite = false;
    std::uint64_t length = 0;  // of the contents
    bool is_constructed() const noexcept { return (identifier & ber::constructed) != 0; }
};

class ber_reader {
public:
    static constexpr std::size_t depth_max = 16;

    explicit ber_reader(byte_reader bytes) : bytes_(std::move(bytes)) {}

    bool has_more();    // whether what was entered last has a further element
    ber_header peek();  // the next element's header
    bool is_next(std::uint8_t identifier) { return has_more() && peek().identifier == identifier; }
    void enter(std::uint8_t identifier, const char* what);  // into a constructed element; `what` is for the error
    void leave();                                           // which has to have been read as a whole
    void skip_element();                                    // the next one
    void skip_rest();                                       // elements that are left of what was entered last

    // The next element as it stands, header and all, where it has at most size_max bytes.
    std::string capture(std::size_t size_max, const char* what);
    std::string capture(std::uint8_t identifier, std::size_t size_max, const char* what);

    // An octet string, in one piece or many: enter it, then read until 0. `identifier` is that of the primitive form.
    void enter_octets(std::uint8_t identifier, const char* what);
    std::size_t read_octets(void* buffer, std::size_t capacity);

private:
    struct frame {
        std::uint64_t end = 0;  // nothing inside may go beyond; with an indefinite length that of what is around it
        bool is_indefinite = false;
    };
    [[noreturn]] void fail(const std::string& what);
    std::uint64_t limit() const noexcept { return depth_ == 0 ? UINT64_MAX : frames_[depth_ - 1].end; }
    std::string_view look(std::size_t size);  // at least so many bytes, or it is truncated
    void push(const ber_header& header);
    void copy(std::uint64_t size, std::size_t size_max, std::string& out, const char* what);
    void skip(std::uint64_t size);

    byte_reader bytes_;
    std::array<frame, depth_max> frames_{};
    std::size_t depth_ = 0;
    std::size_t octets_depth_ = 0;    // frames around the octet string
    std::uint64_t segment_left_ = 0;  // bytes of its piece at hand
};

// One element in DER: small structures are put together of captured pieces for OpenSSL to read.
std::string der_element(std::uint8_t identifier, std::string_view contents);

}  // namespace hawser::smime
