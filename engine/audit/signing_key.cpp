#include "audit/signing_key.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "audit/encoding.hpp"
#include "base/openssl_pointers.hpp"

namespace hawser::engine::audit {
namespace {

constexpr std::size_t key_file_size_max = 1024 * 1024;

using context_pointer = std::unique_ptr<EVP_MD_CTX, openssl_deleter<&EVP_MD_CTX_free>>;

// A file's text, cleansed when it goes.
struct key_text {
    std::string text;
    bool is_readable_by_others = false;
    ~key_text() { OPENSSL_cleanse(text.data(), text.size()); }
};

result<std::unique_ptr<key_text>> read_file(const std::string& path) {
    const auto failed = [&path](int reason) {
        return fail("audit.key", "the key " + path + " cannot be read: " + std::strerror(reason));
    };
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return failed(errno);
    }
    struct stat status {};
    auto out = std::make_unique<key_text>();
    if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(file);
        return failed(EINVAL);
    }
    out->is_readable_by_others = (status.st_mode & 077U) != 0;
    out->text.resize(key_file_size_max);  // once: a growing string would leave copies of the key behind
    std::size_t size = 0;
    ssize_t got = 0;
    while (size < out->text.size() && (got = ::read(file, out->text.data() + size, out->text.size() - size)) > 0) {
        size += static_cast<std::size_t>(got);
    }
    const int reason = got < 0 ? errno : 0;
    ::close(file);
    if (got < 0) {
        return failed(reason);
    }
    out->text.resize(size);
    return out;
}

bio_pointer bio_of(const std::string& text) {
    return bio_pointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int no_password(char*, int, int, void*) { return -1; }

std::string fingerprint_of(EVP_PKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0) {
        throw std::runtime_error("a public key cannot be written as DER");
    }
    const std::string hash = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return hash;
}

// "" for a kind of key that does not sign.
std::string algorithm_of(const EVP_PKEY* key) {
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_ED25519: return "ed25519";
    case EVP_PKEY_ED448: return "ed448";
    case EVP_PKEY_EC: return "ecdsa-sha256";
    case EVP_PKEY_RSA: return "rsa-sha256";
    default: return "";
    }
}

const EVP_MD* digest_of(const EVP_PKEY* key) {
    const int kind = EVP_PKEY_get_base_id(key);
    return kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448 ? nullptr : EVP_sha256();
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

bool check(EVP_PKEY* key, std::string_view text, std::string_view signature) {
    const context_pointer context(EVP_MD_CTX_new());
    const bool is_good =
        context && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(key), nullptr, key) == 1 &&
        EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
    ERR_clear_error();
    return is_good;
}

unexpected<error> bad_key(const std::string& path, const std::string& what) {
    ERR_clear_error();
    return fail("audit.key", "the key " + path + ' ' + what);
}

}  // namespace

result<std::shared_ptr<const signing_key>> signing_key::read(const std::string& path) {
    auto file = read_file(path);
    if (!file) {
        return unexpected{std::move(file).error()};
    }
    key_pointer key(PEM_read_bio_PrivateKey(bio_of((*file)->text).get(), nullptr, &no_password, nullptr));
    if (!key) {
        const bool is_encrypted = (*file)->text.find("ENCRYPTED") != std::string::npos;
        return bad_key(path, is_encrypted
                                 ? "is encrypted with a password: store it without one, readable by this user alone"
                                 : "is no private key in PEM form: make one with openssl genpkey -algorithm ed25519");
    }
    std::shared_ptr<signing_key> made(new signing_key);
    made->algorithm_ = algorithm_of(key.get());
    if (made->algorithm_.empty()) {
        return bad_key(path, "is of a kind that is not used here: Ed25519, Ed448, ECDSA and RSA are");
    }
    made->fingerprint_ = fingerprint_of(key.get());
    made->is_readable_by_others_ = (*file)->is_readable_by_others;
    made->key_ = key.release();
    return std::shared_ptr<const signing_key>(std::move(made));
}

signing_key::~signing_key() { EVP_PKEY_free(static_cast<EVP_PKEY*>(key_)); }

std::string signing_key::sign(std::string_view text) const {
    auto* const key = static_cast<EVP_PKEY*>(key_);
    const context_pointer context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(key), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1) {
        ERR_clear_error();
        throw std::runtime_error("the archive's key does not sign");
    }
    std::string signature(size, '\0');
    if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                       text.size()) != 1) {
        ERR_clear_error();
        throw std::runtime_error("the archive's key does not sign");
    }
    signature.resize(size);
    return signature;
}

bool signing_key::has_signed(std::string_view text, std::string_view signature) const {
    return check(static_cast<EVP_PKEY*>(key_), text, signature);
}

result<std::shared_ptr<const verifying_key>> verifying_key::read(const std::string& path) {
    auto file = read_file(path);
    if (!file) {
        return unexpected{std::move(file).error()};
    }
    key_pointer key(PEM_read_bio_PUBKEY(bio_of((*file)->text).get(), nullptr, &no_password, nullptr));
    if (!key) {
        const x509_pointer certificate(PEM_read_bio_X509(bio_of((*file)->text).get(), nullptr, &no_password, nullptr));
        key.reset(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
    }
    if (!key || algorithm_of(key.get()).empty()) {
        return bad_key(path,
                       "is neither a public key nor a certificate in PEM form: openssl pkey -pubout makes the public "
                       "key of a private one");
    }
    std::shared_ptr<verifying_key> made(new verifying_key);
    made->fingerprint_ = fingerprint_of(key.get());
    made->key_ = key.release();
    ERR_clear_error();
    return std::shared_ptr<const verifying_key>(std::move(made));
}

verifying_key::~verifying_key() { EVP_PKEY_free(static_cast<EVP_PKEY*>(key_)); }

bool verifying_key::has_signed(std::string_view text, std::string_view signature) const {
    return check(static_cast<EVP_PKEY*>(key_), text, signature);
}

}  // namespace hawser::engine::audit
