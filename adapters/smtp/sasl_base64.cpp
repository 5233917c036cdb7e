#include "sasl_base64.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "text.hpp"

namespace hawser::smtp {

secret_text to_base64(std::string_view bytes) {
    secret_text out;
    out.resize(4 * ((bytes.size() + 2) / 3) + 1);  // with the NUL that OpenSSL adds
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::optional<secret_text> from_base64(std::string_view text) {
    // OpenSSL overlooks blanks and counts padding as data, so the form is checked here.
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const std::string_view digits = text.substr(0, text.size() - padding);
    const bool is_alphabet =
        std::all_of(digits.begin(), digits.end(), [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
    if (text.size() % 4 != 0 || !is_alphabet) {
        return std::nullopt;
    }
    secret_text out;
    out.resize(text.size() / 4 * 3);
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) {
        return std::nullopt;
    }
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

}  // namespace hawser::smtp
