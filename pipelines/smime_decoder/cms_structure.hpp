// CMS structures (RFC 5652) as the decoder reads them: a ContentInfo's kind, and the small pieces around the content
// put together again without it, for OpenSSL to read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ber_reader.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

constexpr std::size_t small_element_max = 64 * 1024;        // an algorithm, attributes
constexpr std::size_t recipients_size_max = 1024 * 1024;    // a message for some thousand recipients
constexpr std::size_t certificates_size_max = 1024 * 1024;  // chains of a few certificates
constexpr std::size_t signers_size_max = 256 * 1024;
constexpr std::size_t content_block_size = 32 * 1024;  // of content, at a time

// Goes into the ContentInfo and gives its content type's NID (NID_pkcs7_signed, …). Throws for what is none, and for
// kinds that S/MIME has and this decoder has not, with what to do.
int enter_content_info(ber_reader& reader);
void leave_content_info(ber_reader& reader);

// ContentInfo of this kind around the elements of its structure, for a library context (null: OpenSSL's own).
cms_pointer parse_structure(int kind, std::string_view elements, const char* what, OSSL_LIB_CTX* library = nullptr);

int nid_of(std::string_view object_identifier);  // of a captured element
std::string object_identifier_of(int nid);       // as an element
std::string name_of_algorithm(int nid);          // "sha256", or its dotted number

}  // namespace hawser::smime
