#include "runtime/content_digest.hpp"

#include <openssl/evp.h>

#include <cstdint>
#include <new>

namespace hawser::engine {
namespace {
constexpr std::size_t digest_size = 32;
}

content_digest::content_digest() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
        throw std::bad_alloc();
    }
}

void content_digest::deleter::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

void content_digest::add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

void content_digest::add_delimited(std::string_view text) {
    const std::uint64_t size = text.size();
    EVP_DigestUpdate(context_.get(), &size, sizeof size);
    add(text);
}

std::string content_digest::finish() {
    std::string digest(digest_size, '\0');
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    return digest;
}

}  // namespace hawser::engine
