#include "certificates/certificate_store.hpp"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

namespace hawser::engine {
namespace {

constexpr std::size_t certificate_file_size_max = 16 * 1024 * 1024;

template <auto Free>
struct deleter {
    template <typename Type>
    void operator()(Type* object) const noexcept {
        Free(object);
    }
};
using x509_pointer = std::unique_ptr<X509, deleter<&X509_free>>;
using crl_pointer = std::unique_ptr<X509_CRL, deleter<&X509_CRL_free>>;
using key_pointer = std::unique_ptr<EVP_PKEY, deleter<&EVP_PKEY_free>>;
using bio_pointer = std::unique_ptr<BIO, deleter<&BIO_free_all>>;

std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown form" : reason;
}

template <typename Object, typename Encode>
std::string der_of(const Object* object, Encode encode) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    std::string der;
    if (size > 0) {
        der.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
    }
    return der;
}

std::string digest_of(const X509* certificate, const EVP_MD* algorithm) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    X509_digest(certificate, algorithm, bytes, &size);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 15U];
    }
    return text;
}

std::string subject_of(const X509* certificate) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

certificate_entry entry_of(const X509* certificate, const std::string& file_name) {
    certificate_entry entry;
    entry.der = der_of(certificate, &i2d_X509);
    entry.sha1 = digest_of(certificate, EVP_sha1());
    entry.sha256 = digest_of(certificate, EVP_sha256());
    entry.file_name = file_name;
    entry.subject = subject_of(certificate);
    std::tm when{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) == 1) {
        entry.not_after_unix = ::timegm(&when);
    }
    return entry;
}

std::string pkcs8_of(EVP_PKEY* key) {
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, deleter<&PKCS8_PRIV_KEY_INFO_free>> info(EVP_PKEY2PKCS8(key));
    return info ? der_of(info.get(), &i2d_PKCS8_PRIV_KEY_INFO) : std::string{};
}

// The objects of one file, until the keys are given to the certificates they belong to.
struct file_content {
    std::vector<x509_pointer> certificates;
    std::vector<crl_pointer> crls;
    std::vector<key_pointer> keys;
    std::string problem;
    bool is_empty() const { return certificates.empty() && crls.empty() && keys.empty(); }
};

void read_pem(const std::string& text, file_content& out) {
    const bio_pointer in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* bytes = nullptr;
    long size = 0;
    while (PEM_read_bio(in.get(), &name, &header, &bytes, &size) == 1) {
        const std::string label(name);
        const unsigned char* cursor = bytes;
        if (label == "CERTIFICATE" || label == "X509 CERTIFICATE" || label == "TRUSTED CERTIFICATE") {
            out.certificates.emplace_back(d2i_X509_AUX(nullptr, &cursor, size));
        } else if (label == "X509 CRL") {
            out.crls.emplace_back(d2i_X509_CRL(nullptr, &cursor, size));
        } else if (label == "ENCRYPTED PRIVATE KEY" || std::string(header).find("ENCRYPTED") != std::string::npos) {
            out.problem =
                "its private key is encrypted with a password: store it without one, readable by this user alone";
        } else if (label.size() >= 11 && label.compare(label.size() - 11, 11, "PRIVATE KEY") == 0) {
            out.keys.emplace_back(d2i_AutoPrivateKey(nullptr, &cursor, size));
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
    }
    ERR_clear_error();
    const auto drop_null = [&out](auto& list, const char* what) {
        const auto end = std::remove_if(list.begin(), list.end(), [](const auto& one) { return !one; });
        if (end != list.end()) {
            out.problem = std::string("a ") + what + " in it cannot be read: " + last_error();
            list.erase(end, list.end());
        }
    };
    drop_null(out.certificates, "certificate");
    drop_null(out.crls, "CRL");
    drop_null(out.keys, "private key");
}

void read_pkcs12(const std::string& text, file_content& out) {
    const unsigned char* cursor = reinterpret_cast<const unsigned char*>(text.data());
    const std::unique_ptr<PKCS12, deleter<&PKCS12_free>> container(
        d2i_PKCS12(nullptr, &cursor, static_cast<long>(text.size())));
    if (!container) {
        out.problem = "it is no PKCS#12 file: " + last_error();
        return;
    }
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (PKCS12_parse(container.get(), "", &key, &certificate, &others) != 1) {
        ERR_clear_error();
        out.problem = "it has a password: export it without one, readable by this user alone";
        return;
    }
    if (certificate != nullptr) {
        out.certificates.emplace_back(certificate);
    }
    while (others != nullptr && sk_X509_num(others) > 0) {
        out.certificates.emplace_back(sk_X509_shift(others));
    }
    sk_X509_free(others);
    if (key != nullptr) {
        out.keys.emplace_back(key);
    }
}

void read_der(const std::string& text, file_content& out) {
    const auto* start = reinterpret_cast<const unsigned char*>(text.data());
    const unsigned char* cursor = start;
    if (X509* certificate = d2i_X509(nullptr, &cursor, static_cast<long>(text.size())); certificate != nullptr) {
        out.certificates.emplace_back(certificate);
        return;
    }
    cursor = start;
    if (X509_CRL* crl = d2i_X509_CRL(nullptr, &cursor, static_cast<long>(text.size())); crl != nullptr) {
        out.crls.emplace_back(crl);
    }
    ERR_clear_error();
}

file_content read_file(const std::filesystem::path& path) {
    file_content content;
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const std::string extension = path.extension().string();
    if (text.size() > certificate_file_size_max) {
        content.problem = "it is larger than 16 MiB";
    } else if (text.find("-----BEGIN ") != std::string::npos) {
        read_pem(text, content);
    } else if (extension == ".p12" || extension == ".pfx") {
        read_pkcs12(text, content);
    } else {
        read_der(text, content);
    }
    if (content.is_empty() && content.problem.empty()) {
        content.problem = "there is no certificate, key or CRL in it";
    }
    OPENSSL_cleanse(text.data(), text.size());
    return content;
}

bool is_readable_by_others(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

void give_keys(std::vector<certificate_entry>& certificates, const std::vector<key_pointer>& keys) {
    for (certificate_entry& entry : certificates) {
        const unsigned char* cursor = reinterpret_cast<const unsigned char*>(entry.der.data());
        const x509_pointer certificate(d2i_X509(nullptr, &cursor, static_cast<long>(entry.der.size())));
        for (const key_pointer& key : keys) {
            if (certificate && X509_check_private_key(certificate.get(), key.get()) == 1) {
                entry.private_key = pkcs8_of(key.get());
            }
        }
    }
    ERR_clear_error();  // keys of other certificates
}

std::string plain_thumbprint(const std::string& selector) {
    std::string plain;
    for (const char c : selector) {
        if (c != ':' && c != ' ') {
            plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return plain;
}

}  // namespace

certificate_entry::~certificate_entry() { OPENSSL_cleanse(private_key.data(), private_key.size()); }

certificate_folder read_certificate_folder(const std::string& folder) {
    namespace fs = std::filesystem;
    certificate_folder all;
    std::vector<key_pointer> keys;
    std::vector<fs::path> paths;
    std::error_code failure;
    for (const auto& file : fs::directory_iterator(folder, failure)) {
        if (file.is_regular_file(failure) && file.path().filename().string().front() != '.') {
            paths.push_back(file.path());
        }
    }
    if (failure) {
        all.problems.push_back(folder + ": the folder cannot be read: " + failure.message());
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) {
        file_content content = read_file(path);
        if (!content.problem.empty()) {
            all.problems.push_back(path.string() + ": " + content.problem);
        }
        if (!content.keys.empty() && is_readable_by_others(path)) {
            all.problems.push_back(path.string() + ": other users may read this private key: chmod 600 " +
                                   path.string());
        }
        for (const x509_pointer& certificate : content.certificates) {
            all.certificates.push_back(entry_of(certificate.get(), path.filename().string()));
        }
        for (const crl_pointer& crl : content.crls) {
            all.crls.push_back({der_of(crl.get(), &i2d_X509_CRL), path.filename().string()});
        }
        std::move(content.keys.begin(), content.keys.end(), std::back_inserter(keys));
    }
    give_keys(all.certificates, keys);
    return all;
}

const certificate_entry* find_certificate(const certificate_folder& folder, const std::string& selector) {
    const std::string thumbprint = plain_thumbprint(selector);
    const certificate_entry* by_file = nullptr;
    for (const certificate_entry& entry : folder.certificates) {
        if (entry.sha1 == thumbprint || entry.sha256 == thumbprint) {
            return &entry;
        }
        // A file may hold a chain: the one with the key, else the first, is meant.
        if (entry.file_name == selector &&
            (by_file == nullptr || (by_file->private_key.empty() && !entry.private_key.empty()))) {
            by_file = &entry;
        }
    }
    return by_file;
}

certificate_store::certificate_store(folders from) : from_(std::move(from)) { reload(); }

std::shared_ptr<const certificate_snapshot> certificate_store::current() const {
    const std::shared_lock lock(mutex_);
    return current_;
}

void certificate_store::reload() {
    auto fresh = std::make_shared<certificate_snapshot>();
    if (!from_.personal.empty()) {
        fresh->personal = read_certificate_folder(from_.personal);
    }
    if (!from_.other_people.empty()) {
        fresh->other_people = read_certificate_folder(from_.other_people);
    }
    fresh->has_trusted = !from_.trusted.empty();
    if (fresh->has_trusted) {
        fresh->trusted = read_certificate_folder(from_.trusted);
    }
    const std::unique_lock lock(mutex_);
    fresh->revision = current_ ? current_->revision + 1 : 1;
    current_ = std::move(fresh);
}

}  // namespace hawser::engine
