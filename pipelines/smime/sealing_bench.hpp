// For tests: a host with a signer and recipients, an encoder to give messages to, and the far side that opens what
// came.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "sealed_samples.hpp"
#include "smime_encoder.hpp"

namespace hawser::smime::samples {

namespace kit = hawser::test_kit;

inline const std::string secret = "The secret is forty-two, and nobody may read it.\r\n";

inline std::string bytes_of(BIO* from) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(from, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

// The structure in an application/pkcs7-mime entity; null where it is none or not complete.
inline cms_pointer structure_of(const std::string& entity) {
    const std::size_t start = entity.find("\r\n\r\n");
    if (start == std::string::npos) {
        return nullptr;
    }
    const std::string coded = entity.substr(start + 4);
    const bio_pointer in(
        BIO_push(BIO_new(BIO_f_base64()), BIO_new_mem_buf(coded.data(), static_cast<int>(coded.size()))));
    cms_pointer found(d2i_CMS_bio(in.get(), nullptr));
    ERR_clear_error();
    return found;
}

// What the far side gets; "" where the structure cannot be opened.
inline std::string decrypted(const std::string& entity, const identity& recipient) {
    const cms_pointer cms = structure_of(entity);
    const bio_pointer out(BIO_new(BIO_s_mem()));
    const bool is_good = cms && CMS_decrypt(cms.get(), recipient.key.get(), recipient.certificate.get(), nullptr,
                                            out.get(), CMS_BINARY) == 1;
    ERR_clear_error();
    return is_good ? bytes_of(out.get()) : "";
}
inline std::string verified(const std::string& entity, const identity& root) {
    const cms_pointer cms = structure_of(entity);
    const bio_pointer out(BIO_new(BIO_s_mem()));
    const store_pointer store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), root.certificate.get());
    const bool is_good = cms && CMS_verify(cms.get(), nullptr, store.get(), nullptr, out.get(), CMS_BINARY) == 1;
    ERR_clear_error();
    return is_good ? bytes_of(out.get()) : "";
}

}  // namespace hawser::smime::samples
