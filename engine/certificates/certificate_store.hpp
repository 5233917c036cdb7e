// The certificates, keys and CRLs of a host, read from its folders. Entries are immutable once read; reload() swaps in
// new ones. Thread-safe. A file that cannot be read is a problem that names it, and never keeps the others from being
// used. Whether a certificate is valid is not decided here: the component that uses it does.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace hawser::engine {

struct certificate_entry {
    std::string der;
    std::string sha1;  // lower-case hexadecimal
    std::string sha256;
    std::string file_name;    // without its folder
    std::string subject;      // RFC 2253 form, for a person
    std::string private_key;  // PKCS#8 DER, "" = none; wiped when the entry goes
    std::int64_t not_after_unix = 0;

    certificate_entry() = default;
    certificate_entry(certificate_entry&&) = default;
    certificate_entry& operator=(certificate_entry&&) = default;
    ~certificate_entry();
};

struct crl_entry {
    std::string der;
    std::string file_name;
};

struct certificate_folder {
    std::vector<certificate_entry> certificates;
    std::vector<crl_entry> crls;
    std::vector<std::string> problems;  // "certs/x.pem: …"
};

// PEM (certificate, chain, key, CRL in any order), DER certificates and CRLs, and PKCS#12 without a password.
certificate_folder read_certificate_folder(const std::string& folder);

// By SHA-1 or SHA-256 thumbprint (colons and case do not matter) or by file name; nullptr = none.
const certificate_entry* find_certificate(const certificate_folder& folder, const std::string& selector);

struct certificate_snapshot {
    certificate_folder personal;
    certificate_folder other_people;
    certificate_folder trusted;
    bool has_trusted = false;
    std::uint64_t revision = 0;
};

class certificate_store {
public:
    struct folders {
        std::string personal;  // "" = none
        std::string other_people;
        std::string trusted;  // "" = the system's anchors
    };
    explicit certificate_store(folders from);

    std::shared_ptr<const certificate_snapshot> current() const;
    void reload();

private:
    folders from_;
    mutable std::shared_mutex mutex_;
    std::shared_ptr<const certificate_snapshot> current_;
};

}  // namespace hawser::engine
