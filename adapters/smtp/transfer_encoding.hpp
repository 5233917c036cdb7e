// Content transfer encodings (RFC 2045 section 6) as filters of a stream: any pieces in, constant memory, lines of at
// most 76 characters that end with CRLF. Decoded, they give every byte back. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::smtp {

// by_content is settled when the part's turn comes: what its first bytes become shorter in.
enum class transfer_encoding : std::uint8_t { base64 = 1, quoted_printable, by_content };

transfer_encoding shorter_encoding(std::string_view start_of_content);

class base64_filter {
public:
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);
    static std::int64_t encoded_size(std::int64_t size);

private:
    std::string rest_;
};

// CRLF is a line's end; a lone CR or LF is encoded (and a lone LF followed by a soft line break, so that it still reads
// as lines).
class quoted_printable_filter {
public:
    void write(std::string_view in, std::string& out);
    void finish(std::string& out);
    static std::int64_t encoded_size(std::string_view content);

private:
    std::size_t whole_line(std::string_view in) const;
    std::size_t plain_run(std::string_view in) const;
    void write_one(char c, std::string& out);
    void add(char c, std::string& out);
    void add_encoded(char c, std::string& out);
    void make_room(std::size_t size, std::string& out);
    void break_line(std::string& out);
    void end_line(std::string& out);
    std::string line_;
    bool had_cr_ = false;
};

}  // namespace hawser::smtp
