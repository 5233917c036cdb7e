// Base64 in lines of 76 characters with CRLF (RFC 2045 section 6.8), of bytes that come in any pieces. OpenSSL encodes.
#pragma once

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace hawser::smime {

class base64_lines {
public:
    void write(std::string_view in, std::string& out) {
        if (!rest_.empty()) {
            const std::size_t size = std::min(line_bytes - rest_.size(), in.size());
            rest_ += in.substr(0, size);
            in.remove_prefix(size);
            if (rest_.size() < line_bytes) {
                return;
            }
            append_line(rest_, out);
            rest_.clear();
        }
        const std::size_t lines = in.size() / line_bytes;
        std::size_t at = out.size();
        out.resize(at + lines * (line_characters + 2) + 1);  // EVP_EncodeBlock ends with a NUL
        for (std::size_t i = 0; i < lines; ++i) {
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                            reinterpret_cast<const unsigned char*>(in.data() + i * line_bytes),
                            static_cast<int>(line_bytes));
            at += line_characters;
            out[at++] = '\r';
            out[at++] = '\n';
        }
        out.resize(at);
        rest_ = in.substr(lines * line_bytes);
    }
    void finish(std::string& out) {
        if (!rest_.empty()) {
            append_line(rest_, out);
            rest_.clear();
        }
    }

private:
    static constexpr std::size_t line_bytes = 57;
    static constexpr std::size_t line_characters = 76;
    static void append_line(std::string_view bytes, std::string& out) {
        const std::size_t at = out.size();
        out.resize(at + line_characters + 1);
        const int size =
            EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + at),
                            reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
        out.resize(at + static_cast<std::size_t>(size));
        out += "\r\n";
    }
    std::string rest_;
};

}  // namespace hawser::smime
