#include "runtime/content_digest.hpp"

#include <openssl/evp.h>

#include <cstdint>
#include <new>
#include <stdexcept>

namespace hawser::engine {
namespace {
constexpr std::size_t digest_size = 32;

// Without it two contents might look alike, and the second be taken for a repeat of the first.
void require(int done) {
    if (done != 1) {
        throw std::runtime_error("the content's SHA-256 cannot be computed: OpenSSL failed");
    }
}

}  // namespace

content_digest::content_digest() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
        throw std::bad_alloc();
    }
}

void content_digest::deleter::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

void content_digest::add(std::string_view bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

void content_digest::add_delimited(std::string_view text) {
    const std::uint64_t size = text.size();
    require(EVP_DigestUpdate(context_.get(), &size, sizeof size));
    add(text);
}

std::string content_digest::finish() {
    std::string digest(digest_size, '\0');
    require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
    return digest;
}

}  // namespace hawser::engine
