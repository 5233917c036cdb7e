// The cipher of an encrypted CMS content with its key set: finds the recipient that is us, lets OpenSSL unwrap the key,
// and takes the cipher that it made. Used by cms_envelope, one thread at a time.
#pragma once

#include <string>

#include "decode_facts.hpp"
#include "decode_material.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

// The elements of an EnvelopedData or AuthEnvelopedData around its content, as captured.
struct envelope_elements {
    int kind = 0;
    std::string version, originator, recipients, content_type, algorithm;
};

class content_cipher {
public:
    // Throws where no personal key is a recipient's, or the algorithm is not allowed. A wrong RSA key is not noticed
    // here, but by the content (RFC 3218).
    content_cipher(const envelope_elements& elements, const decode_material& material, const decode_policy& policy,
                   decode_facts& facts);

    bool is_authenticated() const noexcept { return is_authenticated_; }
    // Of an authenticated cipher: begins (again), with the tag that has to come out and the attributes that it covers.
    void begin(const std::string& tag, const std::string& attributes);
    void update(const char* in, std::size_t size, std::string& out);  // replaces out
    void finish(std::string& out);                                    // throws where padding or tag are wrong

private:
    void open(const envelope_elements& elements, OSSL_LIB_CTX* library, const decode_material& material,
              decode_facts& facts);

    cms_pointer cms_;
    bio_pointer bio_;
    EVP_CIPHER_CTX* context_ = nullptr;  // bio_'s
    bool is_authenticated_ = false;
    std::size_t tag_size_ = 0;
    std::string nonce_;
};

[[noreturn]] void throw_undecipherable();

}  // namespace hawser::smime
