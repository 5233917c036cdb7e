#include "seal_algorithms.hpp"

#include <algorithm>
#include <array>

#include "legacy_library.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {
namespace {

struct named_cipher {
    const char* word;
    const char* name;  // OpenSSL's
    bool is_authenticated, is_legacy;
};

constexpr std::array<named_cipher, 8> ciphers{{{"DES3", "DES-EDE3-CBC", false, true},
                                               {"DES", "DES-CBC", false, true},
                                               {"RC2", "RC2-CBC", false, true},
                                               {"AES128", "AES-128-CBC", false, false},
                                               {"AES192", "AES-192-CBC", false, false},
                                               {"AES256", "AES-256-CBC", false, false},
                                               {"AES128GCM", "AES-128-GCM", true, false},
                                               {"AES256GCM", "AES-256-GCM", true, false}}};

const named_cipher& cipher_named(const std::string& word) {
    const auto found =
        std::find_if(ciphers.begin(), ciphers.end(), [&](const named_cipher& one) { return one.word == word; });
    if (found == ciphers.end()) {
        throw failure("the EncryptionAlgorithm " + word + " is not known");
    }
    return *found;
}

struct profile {
    const char* name;
    seal_algorithms algorithms;
};

const seal_algorithms& profile_named(const std::string& name) {
    static const std::array<profile, 3> profiles{
        {{"biztalk", {}},
         {"smime4", {"AES256GCM", key_transport::oaep, signature_padding::pss, false, "SHA256"}},
         {"edi-energy", {"AES256", key_transport::oaep, signature_padding::pss, false, "SHA256"}}}};
    const auto found =
        std::find_if(profiles.begin(), profiles.end(), [&](const profile& one) { return one.name == name; });
    if (found == profiles.end()) {
        throw failure("the Profile " + name + " is not known");
    }
    return found->algorithms;
}

}  // namespace

const EVP_MD* seal_algorithms::message_digest() const {
    return digest == "SHA512" ? EVP_sha512() : digest == "SHA384" ? EVP_sha384() : EVP_sha256();
}

const char* seal_algorithms::micalg() const {
    return digest == "SHA512" ? "sha-512" : digest == "SHA384" ? "sha-384" : "sha-256";
}

bool seal_algorithms::is_authenticated() const { return cipher_named(encryption).is_authenticated; }

bool seal_algorithms::is_legacy() const { return cipher_named(encryption).is_legacy; }

void describe_algorithms(config_spec& made) {
    made.enumeration("Profile",
                     "What the next four are where they are not given: biztalk: AES128, pkcs1, pkcs1, SHA256; smime4: "
                     "AES256GCM, oaep, pss, SHA256; edi-energy: AES256, oaep, pss, SHA256.",
                     "biztalk=0|smime4=1|edi-energy=2", "biztalk")
        .enumeration("EncryptionAlgorithm",
                     "The content encryption: in CBC mode, or GCM, which finds every change. Without a Profile AES128.",
                     "DES3=0|DES=1|RC2=2|AES128=3|AES192=4|AES256=5|AES128GCM=6|AES256GCM=7")
        .enumeration("KeyTransport", "How the content key goes to RSA recipients: PKCS #1 v1.5, or OAEP with SHA-256.",
                     "pkcs1=0|oaep=1")
        .enumeration("SignaturePadding",
                     "Of an RSA signature: PKCS #1 v1.5, or PSS. Keys for RSASSA-PSS alone have PSS.", "pkcs1=0|pss=1")
        .enumeration("Digest", "The hash of the signature.", "SHA256=0|SHA384=1|SHA512=2")
        .boolean("AllowLegacyAlgorithms",
                 "Allows what is not secure any more: DES3, DES and RC2, RSA keys from 1024 bits, certificates and "
                 "CRLs signed with SHA-1.",
                 "false");
}

seal_algorithms read_algorithms(const config& values) {
    seal_algorithms read = profile_named(values.string("/Profile").empty() ? "biztalk" : values.string("/Profile"));
    if (const std::string word = values.string("/EncryptionAlgorithm"); !word.empty()) {
        read.encryption = word;
    }
    if (const std::string word = values.string("/KeyTransport"); !word.empty()) {
        read.transport = word == "oaep" ? key_transport::oaep : key_transport::pkcs1;
    }
    if (const std::string word = values.string("/SignaturePadding"); !word.empty()) {
        read.padding = word == "pss" ? signature_padding::pss : signature_padding::pkcs1;
        read.demands_padding = true;
    }
    if (const std::string word = values.string("/Digest"); !word.empty()) {
        read.digest = word;
    }
    return read;
}

void validate_algorithms(const config& values, problems& found) {
    const seal_algorithms read = read_algorithms(values);
    if (read.is_legacy() && !values.boolean("/AllowLegacyAlgorithms")) {
        found.error("/EncryptionAlgorithm",
                    read.encryption +
                        " is not secure any more: use AES128 or better, or set AllowLegacyAlgorithms to "
                        "true where a partner can read nothing else");
    } else if (read.is_legacy()) {
        found.warning("/EncryptionAlgorithm", read.encryption + " is not secure any more");
        try {
            const sealing_cipher loaded(read.encryption);
        } catch (const failure& missing) {
            found.error("/EncryptionAlgorithm", missing.what());
        }
    }
}

sealing_cipher::sealing_cipher(const std::string& algorithm) {
    const named_cipher& named = cipher_named(algorithm);
    library_ = named.is_legacy ? legacy_library() : nullptr;
    cipher_.reset(EVP_CIPHER_fetch(library_, named.name, nullptr), EVP_CIPHER_free);
    if (!cipher_) {
        throw_openssl_failure("finding the cipher " + algorithm);
    }
}

}  // namespace hawser::smime
