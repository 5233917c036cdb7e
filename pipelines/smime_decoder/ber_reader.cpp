#include "ber_reader.hpp"

#include <algorithm>

namespace hawser::smime {
namespace {

constexpr std::size_t header_size_max = 10;  // identifier, length of length, eight bytes of length

}  // namespace

void ber_reader::fail(const std::string& what) {
    throw failure("the CMS structure is damaged at byte " + std::to_string(bytes_.position()) + ": " + what);
}

std::string_view ber_reader::look(std::size_t size) {
    if (limit() - bytes_.position() < size) {
        fail("an element goes beyond the end of the one around it");
    }
    const std::string_view next = bytes_.look(size);
    if (next.size() < size) {
        fail("it ends too early");
    }
    return next;
}

bool ber_reader::has_more() {
    if (depth_ == 0) {
        return !bytes_.look().empty();
    }
    const frame& around = frames_[depth_ - 1];
    if (!around.is_indefinite) {
        return bytes_.position() < around.end;
    }
    const std::string_view next = look(2);
    return next[0] != 0 || next[1] != 0;
}

ber_header ber_reader::peek() {
    std::string_view next = look(2);
    ber_header header;
    header.identifier = static_cast<std::uint8_t>(next[0]);
    header.size = 2;
    const auto first = static_cast<std::uint8_t>(next[1]);
    if ((header.identifier & 0x1fU) == 0x1fU || header.identifier == 0) {
        fail("it has an element of a kind that CMS has not");
    }
    if (first < 0x80U) {
        header.length = first;
    } else if (first == 0x80U) {
        header.is_indefinite = true;
        if (!header.is_constructed()) {
            fail("an element without parts has no length");
        }
    } else {
        const std::size_t count = first & 0x7fU;
        if (count > header_size_max - 2) {
            fail("a length has " + std::to_string(count) + " bytes, at most 8");
        }
        next = look(2 + count);
        for (std::size_t i = 0; i < count; ++i) {
            header.length = header.length << 8U | static_cast<std::uint8_t>(next[2 + i]);
        }
        header.size = static_cast<std::uint8_t>(2 + count);
    }
    const std::uint64_t left = limit() - bytes_.position() - header.size;
    if (header.length > left || header.length > static_cast<std::uint64_t>(INT64_MAX)) {
        fail("an element claims " + std::to_string(header.length) + " bytes, more than the one around it has");
    }
    return header;
}

void ber_reader::push(const ber_header& header) {
    if (depth_ == depth_max) {
        fail("it is nested deeper than " + std::to_string(depth_max));
    }
    bytes_.consume(header.size);
    frames_[depth_] = {header.is_indefinite ? limit() : bytes_.position() + header.length, header.is_indefinite};
    ++depth_;
}

void ber_reader::enter(std::uint8_t identifier, const char* what) {
    if (!has_more()) {
        fail(std::string("there is no ") + what);
    }
    const ber_header header = peek();
    if (header.identifier != identifier || !header.is_constructed()) {
        fail(std::string("there is another element in the place of ") + what);
    }
    push(header);
}

void ber_reader::leave() {
    if (has_more()) {
        fail("it has an element too many");
    }
    if (frames_[depth_ - 1].is_indefinite) {
        bytes_.consume(2);  // the end of contents
    }
    --depth_;
}

void ber_reader::skip_element() {
    const std::size_t depth = depth_;
    do {
        if (depth_ > depth && !has_more()) {
            leave();
        } else if (const ber_header header = peek(); header.is_indefinite) {
            push(header);
        } else {
            bytes_.consume(header.size);
            skip(header.length);
        }
    } while (depth_ > depth);
}

void ber_reader::skip_rest() {
    while (has_more()) {
        skip_element();
    }
}

void ber_reader::skip(std::uint64_t size) {
    while (size > 0) {
        const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(size, look(1).size()));
        bytes_.consume(step);
        size -= step;
    }
}

void ber_reader::copy(std::uint64_t size, std::size_t size_max, std::string& out, const char* what) {
    if (size > size_max - out.size()) {
        fail(std::string(what) + " has more than " + std::to_string(size_max) + " bytes");
    }
    while (size > 0) {
        const std::string_view next = look(1);
        const std::size_t step = static_cast<std::size_t>(std::min<std::uint64_t>(size, next.size()));
        out.append(next.data(), step);
        bytes_.consume(step);
        size -= step;
    }
}

std::string ber_reader::capture(std::size_t size_max, const char* what) {
    if (!has_more()) {
        fail(std::string("there is no ") + what);
    }
    std::string out;
    const std::size_t depth = depth_;
    do {
        if (depth_ > depth && !has_more()) {
            leave();
            out.append(2, '\0');
        } else if (const ber_header header = peek(); header.is_indefinite) {
            out.append(look(header.size).data(), header.size);
            push(header);
        } else {
            copy(header.size + header.length, size_max, out, what);
        }
        if (out.size() > size_max) {
            fail(std::string(what) + " has more than " + std::to_string(size_max) + " bytes");
        }
    } while (depth_ > depth);
    return out;
}

std::string ber_reader::capture(std::uint8_t identifier, std::size_t size_max, const char* what) {
    if (has_more() && peek().identifier != identifier) {
        fail(std::string("there is another element in the place of ") + what);
    }
    return capture(size_max, what);
}

void ber_reader::enter_octets(std::uint8_t identifier, const char* what) {
    if (!has_more()) {
        fail(std::string("there is no ") + what);
    }
    const ber_header header = peek();
    if ((header.identifier & ~ber::constructed) != identifier) {
        fail(std::string("there is another element in the place of ") + what);
    }
    octets_depth_ = depth_;
    if (!header.is_constructed()) {
        bytes_.consume(header.size);
        segment_left_ = header.length;
    } else {
        segment_left_ = 0;
        push(header);
    }
}

std::size_t ber_reader::read_octets(void* buffer, std::size_t capacity) {
    while (segment_left_ == 0) {
        if (depth_ == octets_depth_) {
            return 0;
        }
        if (!has_more()) {
            leave();
            continue;
        }
        const ber_header header = peek();
        if (header.identifier == (ber::octet_string | ber::constructed)) {
            push(header);
        } else if (header.identifier == ber::octet_string) {
            bytes_.consume(header.size);
            segment_left_ = header.length;
        } else {
            fail("a piece of an octet string is none");
        }
    }
    const std::string_view next = look(1);
    const std::size_t size =
        static_cast<std::size_t>(std::min<std::uint64_t>(segment_left_, std::min(capacity, next.size())));
    std::memcpy(buffer, next.data(), size);
    bytes_.consume(size);
    segment_left_ -= size;
    return size;
}

std::string der_element(std::uint8_t identifier, std::string_view contents) {
    std::string out(1, static_cast<char>(identifier));
    if (contents.size() < 0x80) {
        out.push_back(static_cast<char>(contents.size()));
    } else {
        std::string length;
        for (std::size_t left = contents.size(); left > 0; left >>= 8U) {
            length.insert(length.begin(), static_cast<char>(left & 0xffU));
        }
        out.push_back(static_cast<char>(0x80U | length.size()));
        out += length;
    }
    return out.append(contents);
}

}  // namespace hawser::smime
