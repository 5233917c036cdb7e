// What stands in one file of certificates: PEM (certificate, chain, key, CRL in any order), DER, PKCS#12. Pure but for
// OpenSSL's legacy provider, which is loaded where a file is encrypted with RC2, DES or 3DES. The bytes are hostile:
// what cannot be read is a problem, and a key derivation that would take minutes is refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "certificates/certificate_entry.hpp"

namespace hawser::engine {

inline constexpr std::size_t certificate_file_size_max = 16 * 1024 * 1024;

struct certificate_file {
    std::vector<certificate_entry> certificates;  // without their keys
    std::vector<crl_entry> crls;                  // one that cannot be read too
    std::vector<private_key_handle> keys;
    std::string problem;  // "" = all of it was read; else what is wrong and what to do, without the file's name

    bool is_empty() const noexcept { return certificates.empty() && crls.empty() && keys.empty(); }
};

// `password`: of its PKCS#12 container or encrypted private keys; null = none is configured.
certificate_file read_certificate_file(const std::string& bytes, const std::string& file_name,
                                       const std::string* password);

// One in DER, as a PKCS#11 token has it; `name` becomes its file name.
result<certificate_entry> read_certificate(const std::string& der, const std::string& name);

}  // namespace hawser::engine
