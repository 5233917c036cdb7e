// For tests: the people of a small public key infrastructure, and a host with a decoder to give messages to.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "sealed_samples.hpp"
#include "smime_decoder.hpp"

namespace hawser::smime::samples {

namespace kit = hawser::test_kit;

const std::string text = "Content-Type: text/plain; charset=utf-8\r\n\r\nDue on Friday.\r\n";

// Made once: keys take their time.
struct people {
    authority trusted;
    identity alice = trusted.issue("Alice", "alice@example.test", key_kind::rsa_2048);
    identity bob = trusted.issue("Bob", "bob@example.test", key_kind::rsa_2048);
    identity carol = trusted.issue("Carol", "carol@example.test", key_kind::p256);
    identity dave = trusted.issue("Dave", "dave@example.test", key_kind::p384);
    identity erin = trusted.issue("Erin", "erin@example.test", key_kind::p521);
};
inline const people& all() {
    static const people made;
    return made;
}

struct decoded {
    kit::run_result result;
    std::vector<kit::part> added_parts;
    std::map<std::string, std::string> properties;
    std::string operator[](const char* name) const {
        const auto found = properties.find(name);
        return found == properties.end() ? "" : found->second;
    }
};

struct bench {
    kit::host host;
    explicit bench(const std::vector<const identity*>& personal = {&all().bob, &all().carol, &all().dave,
                                                                   &all().erin}) {
        furnish(host, all().trusted, personal);
    }
    decoded decode(const std::string& message, kit::settings values = {}, std::size_t piece = 64 * 1024) {
        kit::instance decoder = kit::instance::of<smime_decoder>(host, std::move(values));
        kit::message one(message);
        one.parts[0].read_size_max = piece;
        one.parts[0].has_size_hint = piece != 1;
        one.set("SMIME.SignerSubject", "CN=Forged");
        one.set("MIME.OuterFrom", "forged@example.test");
        decoded out;
        out.result = kit::run(decoder, one, piece);
        out.added_parts = one.added_parts;
        for (const auto& [name, value] : one.properties) {
            out.properties[name] = value.value;
        }
        CHECK(host.violations().empty());
        return out;
    }
    doctest::String error(const std::string& message, kit::settings values = {}) {
        const decoded out = decode(message, std::move(values));
        CHECK_FALSE(out.result.is_ok());
        CHECK(out.result.body.empty());  // nothing was given before it was verified
        CHECK(out["SMIME.SignerSubject"].empty());
        return out.result.error.c_str();
    }
};

const kit::settings unauthenticated = {{"/AllowUnauthenticatedEncryption", "true"}};
const kit::settings legacy = {{"/AllowLegacyAlgorithms", "true"}, {"/AllowUnauthenticatedEncryption", "true"}};

inline std::string signed_opaque(const identity& signer, const std::string& content, const sign_options& options = {}) {
    return entity_of(sign({&signer}, content, false, options), "signed-data");
}
inline std::string mixed(const std::vector<std::string>& parts) {
    std::string out = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=mix\r\n\r\n";
    for (const std::string& one : parts) {
        out += "--mix\r\n" + one + "\r\n";
    }
    return out + "--mix--\r\n";
}
inline std::string encrypted(const std::string& content, const EVP_CIPHER* cipher = EVP_aes_256_gcm()) {
    return entity_of(encrypt({&all().bob}, content, cipher), "enveloped-data");
}

}  // namespace hawser::smime::samples
