// Undoes content transfer encodings (RFC 2045 section 6; uuencode) as the body streams by, in constant memory. The
// decoders are filters of the SDK. What is no such encoding throws hawser::failure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/stream.hpp"

namespace hawser::smime {

class base64_decoder {
public:
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);

private:
    static std::size_t write_groups(std::string_view in, char*& to);
    std::uint32_t bits_ = 0;
    unsigned count_ = 0;    // characters of the group of four
    unsigned padding_ = 0;  // "=" seen
};

class quoted_printable_decoder {
public:
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);

private:
    void end_escape(std::string& out);
    std::string escape_;     // "=" and what follows, not decided yet
    bool is_break_ = false;  // only white space follows there
    std::string spaces_;     // white space that is dropped where a line ends after it
};

class uuencode_decoder {
public:
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);

private:
    void take_line(std::string& out);
    std::string line_;
    bool has_begun_ = false;
    bool has_ended_ = false;
};

// `encoding` in lower case, as mime_header gives it. An unknown one throws.
body_stream decode_transfer(body_stream encoded, const std::string& encoding);

}  // namespace hawser::smime
