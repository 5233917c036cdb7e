#include "certificates/certificate_file.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "base/hexadecimal.hpp"
#include "base/openssl_pointers.hpp"
#include "certificates/certificate_facts.hpp"
#include "certificates/key_derivation.hpp"
#include "certificates/pkcs12_content.hpp"

namespace hawser::engine {
namespace {

using encrypted_key_pointer = std::unique_ptr<X509_SIG, openssl_deleter<&X509_SIG_free>>;
using key_info_pointer = std::unique_ptr<PKCS8_PRIV_KEY_INFO, openssl_deleter<&PKCS8_PRIV_KEY_INFO_free>>;
using container_pointer = std::unique_ptr<PKCS12, openssl_deleter<&PKCS12_free>>;

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr const char* too_many_rounds =
    "its password would be hashed more than 10,000,000 times: encrypt it again with fewer iterations";

std::string digest_of(const X509* certificate, const EVP_MD* algorithm) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    return X509_digest(certificate, algorithm, bytes, &size) == 1 ? to_hexadecimal(bytes, size) : "";
}

std::int64_t unix_of(const ASN1_TIME* time) {
    std::tm when{};
    return ASN1_TIME_to_tm(time, &when) == 1 ? static_cast<std::int64_t>(::timegm(&when)) : 0;
}

// Made once and never freed. Null: it is not installed.
OSSL_LIB_CTX* legacy_library() {
    static OSSL_LIB_CTX* const library = [] {
        OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
        if (made != nullptr &&
            (OSSL_PROVIDER_load(made, "default") == nullptr || OSSL_PROVIDER_load(made, "legacy") == nullptr)) {
            OSSL_LIB_CTX_free(made);
            made = nullptr;
        }
        ERR_clear_error();
        return made;
    }();
    return library;
}

result<certificate_entry> entry_of(X509* certificate, const std::string& name) {
    certificate_entry entry;
    entry.der = der_of(certificate, &i2d_X509);
    entry.sha1 = digest_of(certificate, EVP_sha1());
    entry.sha256 = digest_of(certificate, EVP_sha256());
    if (entry.sha1.empty() || entry.sha256.empty()) {
        return fail("certificate.thumbprint", "its thumbprint cannot be computed: " + take_openssl_error());
    }
    entry.file_name = name;
    entry.subject = name_text(X509_get_subject_name(certificate));
    entry.not_before_unix = unix_of(X509_get0_notBefore(certificate));
    entry.not_after_unix = unix_of(X509_get0_notAfter(certificate));
    entry.usage = mail_usage_of(certificate);
    return entry;
}

bool has_ending(const std::string& file_name, std::string_view ending) {
    return file_name.size() >= ending.size() &&
           std::equal(ending.rbegin(), ending.rend(), file_name.rbegin(),
                      [](char one, char other) { return one == std::tolower(static_cast<unsigned char>(other)); });
}

// A sequence, of DER or BER, that begins with the number 3 (RFC 7292 section 4): neither a certificate nor a CRL does.
bool is_pkcs12(const std::string& bytes) {
    const std::size_t length_size = bytes.size() < 2         ? 0
                                    : (bytes[1] & 0x80) == 0 ? 1
                                                             : 1 + static_cast<std::size_t>(bytes[1] & 0x7f);
    return length_size != 0 && bytes[0] == '\x30' && bytes.size() >= length_size + 4 &&
           bytes.compare(1 + length_size, 3, "\x02\x01\x03", 3) == 0;
}

// Reads one file. The first problem that keeps something from being read is the one that is told.
class file_reader {
public:
    file_reader(const std::string& bytes, const std::string& file_name, const std::string* password)
        : bytes_(bytes), file_name_(file_name), password_(password) {}

    certificate_file read() {
        const bool is_container = has_ending(file_name_, ".p12") || has_ending(file_name_, ".pfx") ||
                                  has_ending(file_name_, ".pkcs12") || is_pkcs12(bytes_);
        if (bytes_.size() > certificate_file_size_max) {
            complain("it is larger than 16 MiB");
        } else if (bytes_.find(begin_mark) != std::string::npos) {
            read_pem();
        } else if (is_container) {
            read_container();
        } else {
            read_der();
        }
        if (made_.is_empty()) {
            complain(bytes_.empty() ? "it is empty" : "there is no certificate, key or CRL in it");
        }
        if (made_.is_empty() && has_ending(file_name_, ".crl") && bytes_.size() <= certificate_file_size_max) {
            add_unreadable_crl(bytes_);
        }
        ERR_clear_error();
        return std::move(made_);
    }

private:
    void complain(const std::string& text) {
        if (made_.problem.empty()) {
            made_.problem = text;
        }
    }

    std::string how_to_give_password() const {
        return "give it in host.certificates.passwords: {\"" + file_name_ + "\": {\"file\": \"…\"}}";
    }

    void add(x509_pointer certificate) {
        if (!certificate) {
            complain("a certificate in it cannot be read: " + take_openssl_error());
            return;
        }
        result<certificate_entry> entry = entry_of(certificate.get(), file_name_);
        if (!entry) {
            complain("a certificate in it cannot be used: " + entry.error().text);
            return;
        }
        made_.certificates.push_back(std::move(*entry));
    }

    void add(crl_pointer crl) {
        if (!crl) {
            complain("a CRL in it cannot be read: " + take_openssl_error());
            return;
        }
        made_.crls.push_back({der_of(crl.get(), &i2d_X509_CRL), file_name_});
    }

    // Whoever checks revocation is to know that there is one, and fail: without it, nobody would miss what it lists.
    void add_unreadable_crl(std::string bytes) { made_.crls.push_back({std::move(bytes), file_name_}); }

    void add(key_pointer key) {
        if (!key) {
            complain("a private key in it cannot be read: " + take_openssl_error());
            return;
        }
        made_.keys.emplace_back(key.release(), &EVP_PKEY_free);
    }

    // ---- PEM

    void read_pem() {
        const bio_pointer in(BIO_new_mem_buf(bytes_.data(), static_cast<int>(bytes_.size())));
        char* label = nullptr;
        char* header = nullptr;
        unsigned char* block = nullptr;
        long size = 0;
        std::size_t count = 0;
        while (PEM_read_bio(in.get(), &label, &header, &block, &size) == 1) {
            ++count;
            take_block(label, header, block, size);
            OPENSSL_free(label);
            OPENSSL_free(header);
            OPENSSL_clear_free(block, static_cast<std::size_t>(size));
        }
        ERR_clear_error();
        if (count < begin_count() || has_broken_end()) {
            complain("it is cut off, or not in PEM form: a block in it does not end, or cannot be read");
        }
    }

    std::size_t begin_count() const {
        std::size_t count = 0;
        for (std::size_t at = bytes_.find(begin_mark); at != std::string::npos; at = bytes_.find(begin_mark, at + 1)) {
            ++count;
        }
        return count;
    }

    // The file ends inside a line that begins the next block.
    bool has_broken_end() const {
        const std::size_t last_line = bytes_.rfind('\n') + 1;
        const std::string_view rest = std::string_view(bytes_).substr(last_line);
        return rest.starts_with('-') && !rest.starts_with("-----END ");
    }

    void take_block(const std::string& label, char* header, unsigned char* block, long& size) {
        const unsigned char* cursor = block;
        if (label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE") {
            add(x509_pointer(d2i_X509_AUX(nullptr, &cursor, size)));
        } else if (label == "X509 CRL") {
            crl_pointer crl(d2i_X509_CRL(nullptr, &cursor, size));
            if (!crl) {
                add_unreadable_crl({reinterpret_cast<const char*>(block), static_cast<std::size_t>(size)});
            }
            add(std::move(crl));
        } else if (label == "ENCRYPTED PRIVATE KEY") {
            add_encrypted_key(encrypted_key_pointer(d2i_X509_SIG(nullptr, &cursor, size)));
        } else if (label.ends_with("PRIVATE KEY")) {
            if (decrypts_block(header, block, size)) {
                add(key_pointer(d2i_AutoPrivateKey(nullptr, &cursor, size)));
            }
        }
    }

    bool has_password() {
        if (password_ == nullptr) {
            complain("its private key is encrypted with a password: " + how_to_give_password());
        }
        return password_ != nullptr;
    }

    void complain_of_password() {
        complain(
            "the password that host.certificates.passwords has for it does not open its private key: correct the "
            "password, or what it is read from");
    }

    // The form before PKCS#8: "Proc-Type: 4,ENCRYPTED". False: it was told why not.
    bool decrypts_block(char* header, unsigned char* block, long& size) {
        if (std::strstr(header, "ENCRYPTED") == nullptr) {
            return true;
        }
        EVP_CIPHER_INFO cipher{};
        if (PEM_get_EVP_CIPHER_INFO(header, &cipher) != 1) {
            complain(
                "its private key is encrypted with a cipher that is not known: store it as PKCS#8 (openssl pkcs8 "
                "-topk8)");
            return false;
        }
        if (!has_password()) {
            return false;
        }
        const auto give = [](char* buffer, int capacity, int, void* user) {
            const auto& password = *static_cast<const std::string*>(user);
            const int length = std::min(capacity, static_cast<int>(password.size()));
            std::memcpy(buffer, password.data(), static_cast<std::size_t>(length));
            return length;
        };
        if (PEM_do_header(&cipher, block, &size, give, const_cast<std::string*>(password_)) != 1) {
            complain_of_password();
            return false;
        }
        return true;
    }

    void add_encrypted_key(const encrypted_key_pointer& encrypted) {
        const X509_ALGOR* encryption = nullptr;
        if (encrypted) {
            X509_SIG_get0(encrypted.get(), &encryption, nullptr);
        }
        if (encryption == nullptr) {
            complain("a private key in it cannot be read: " + take_openssl_error());
        } else if (!is_affordable(encryption)) {
            complain(too_many_rounds);
        } else if (has_password()) {
            add_decrypted_key(encrypted.get());
        }
    }

    void add_decrypted_key(const X509_SIG* encrypted) {
        const int length = static_cast<int>(password_->size());
        key_info_pointer info(PKCS8_decrypt(encrypted, password_->c_str(), length));
        if (!info && legacy_library() != nullptr) {
            info.reset(PKCS8_decrypt_ex(encrypted, password_->c_str(), length, legacy_library(), nullptr));
        }
        if (info) {
            add(key_pointer(EVP_PKCS82PKEY(info.get())));
        } else {
            complain_of_password();
        }
    }

    // ---- PKCS#12

    container_pointer parse_container(OSSL_LIB_CTX* library) const {
        PKCS12* container = PKCS12_init_ex(NID_pkcs7_data, library, nullptr);
        const auto* cursor = reinterpret_cast<const unsigned char*>(bytes_.data());
        // Where it fails, `container` is freed already.
        return container_pointer(d2i_PKCS12(&container, &cursor, static_cast<long>(bytes_.size())));
    }

    void read_container() {
        const container_pointer container = parse_container(nullptr);
        if (!container) {
            complain("it is no PKCS#12 file, or cut off: " + take_openssl_error());
        } else if (!is_affordable(container.get())) {
            complain(too_many_rounds);
        } else if (!finds_password(container.get())) {
            complain(password_ == nullptr
                         ? "it has a password: " + how_to_give_password()
                         : "the password that host.certificates.passwords has for it does not open it: correct the "
                           "password, or what it is read from");
        } else if (!takes_content(container.get(), nullptr)) {
            take_legacy_content();
        }
    }

    // No password has two forms in PKCS#12.
    bool finds_password(PKCS12* container) {
        const char* given = password_ == nullptr ? "" : password_->c_str();
        return (*given == '\0' && fits(container, nullptr)) || fits(container, given);
    }

    bool fits(PKCS12* container, const char* password) {
        const bool is_right = PKCS12_mac_present(container) == 0 ||
                              PKCS12_verify_mac(container, password, password == nullptr ? 0 : -1) == 1;
        ERR_clear_error();
        container_password_ = password;
        return is_right;
    }

    // False: it cannot be decrypted by this library.
    bool takes_content(const PKCS12* container, OSSL_LIB_CTX* library) {
        pkcs12_content content;
        switch (read_pkcs12(container, container_password_, library, content)) {
        case pkcs12_reading::not_decrypted: return false;
        case pkcs12_reading::too_costly: complain(too_many_rounds); return true;
        case pkcs12_reading::too_large: complain("there is more in it than a file of certificates has"); return true;
        case pkcs12_reading::done: break;
        }
        const auto add_all = [this](auto& all) {
            for (auto& one : all) {
                add(std::move(one));
            }
        };
        add_all(content.certificates);
        add_all(content.crls);
        add_all(content.keys);
        return true;
    }

    void take_legacy_content() {
        const std::string why = take_openssl_error();
        const container_pointer container = legacy_library() == nullptr ? nullptr : parse_container(legacy_library());
        if (!container || !takes_content(container.get(), legacy_library())) {
            complain("its content cannot be decrypted (" + why +
                     "): write it again with AES, with openssl pkcs12 -legacy -in OLD -out new.pem and openssl pkcs12 "
                     "-export -in new.pem -out NEW");
        }
    }

    // ---- DER

    void read_der() {
        const auto* start = reinterpret_cast<const unsigned char*>(bytes_.data());
        const long size = static_cast<long>(bytes_.size());
        const unsigned char* cursor = start;
        if (x509_pointer certificate(d2i_X509(nullptr, &cursor, size)); certificate) {
            add(std::move(certificate));
            return;
        }
        cursor = start;
        if (crl_pointer crl(d2i_X509_CRL(nullptr, &cursor, size)); crl) {
            add(std::move(crl));
        }
    }

    const std::string& bytes_;
    const std::string& file_name_;
    const std::string* password_;
    const char* container_password_ = nullptr;  // the form that fits
    certificate_file made_;
};

}  // namespace

certificate_entry::~certificate_entry() { OPENSSL_cleanse(private_key.data(), private_key.size()); }

certificate_file read_certificate_file(const std::string& bytes, const std::string& file_name,
                                       const std::string* password) {
    return file_reader(bytes, file_name, password).read();
}

result<certificate_entry> read_certificate(const std::string& der, const std::string& name) {
    const x509_pointer certificate = x509_of(der);
    if (!certificate) {
        return fail("certificate.form", "it is no X.509 certificate: " + take_openssl_error());
    }
    return entry_of(certificate.get(), name);
}

}  // namespace hawser::engine
