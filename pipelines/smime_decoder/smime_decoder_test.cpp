#include <doctest/doctest.h>

#include "decoder_bench.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;

TEST_CASE("a message that is not sealed passes, and says so") {
    bench one;
    const decoded out = one.decode("MIME-Version: 1.0\r\nSubject: Hello\r\n" + text);
    CHECK(out.result.body == "Due on Friday.\r\n");
    CHECK(out["SMIME.IsSigned"] == "false");
    CHECK(out["SMIME.IsEncrypted"] == "false");
    CHECK(out["SMIME.SignerSubject"].empty());
    CHECK(out["MIME.Subject"] == "Hello");
}

TEST_CASE("the line that begins a message in a mailbox file is passed over, once and outside only") {
    bench one;
    const std::string line = "From ap@partner.test Thu Nov 26 09:00:00 2026\n";
    const std::string sealed = "From: alice@example.test\r\n" + signed_opaque(all().alice, text);
    for (const std::string& begin : {line, std::string("From  - Thu Nov 26 09:00:00 2026\r\n")}) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{64 * 1024}}) {
            const decoded out = one.decode(begin + sealed, {}, piece);
            CHECK(out.result.error == "");
            CHECK(out.result.body == "Due on Friday.\r\n");
            CHECK(out["SMIME.IsSenderVerified"] == "true");
            CHECK(one.decode(begin + clear_signed(all().alice, text), {}, piece).result.body == "Due on Friday.\r\n");
        }
    }
    const std::string field = "From : alice@example.test\r\n" + signed_opaque(all().alice, text);
    CHECK(one.decode(field)["SMIME.IsSenderVerified"] == "true");
    const kit::settings lenient = {{"/AllowNonMIMEMessage", "true"}};
    for (const std::string& other : {line + line + sealed, ">" + line + sealed, "from ap@partner.test\n" + sealed,
                                     "From \n" + sealed, line + "No header.", line, line + "\r\n" + sealed}) {
        CAPTURE(other.substr(0, 100));
        CHECK(one.error(other) == doctest::Contains("no MIME message"));
        CHECK(one.decode(other, lenient).result.body == other);
    }
    CHECK(one.error(signed_opaque(all().alice, line + text)) == doctest::Contains("no MIME entity"));
    const std::string padding = "X-Padding: " + std::string(64 * 1024, 'x') + "\r\n";
    CHECK(one.error(line + padding + sealed) == doctest::Contains("more than 65536 bytes"));
    const std::string wide = "MIME-Version: 1.0\r\nX: " + std::string(64 * 1024 - 60, 'x') + "\r\n\r\nHello.";
    CHECK(one.decode(wide).result.body == "Hello.");
    CHECK(one.error(line + wide, lenient) == doctest::Contains("more than 65536 bytes"));
}

TEST_CASE("signatures of every kind are verified, and the signer is named") {
    bench one;
    for (const identity* signer : {&all().alice, &all().carol, &all().dave, &all().erin}) {
        for (const EVP_MD* digest : {EVP_sha256(), EVP_sha384(), EVP_sha512()}) {
            for (const std::size_t piece : {std::size_t{1}, std::size_t{64 * 1024}}) {
                CAPTURE(signer->name);
                const decoded opaque = one.decode(
                    "From: Alice <alice@Example.test>\r\n" + signed_opaque(*signer, text, {digest}), {}, piece);
                CHECK(opaque.result.error == "");
                CHECK(opaque.result.body == "Due on Friday.\r\n");
                CHECK(opaque["SMIME.IsSenderVerified"] == (signer == &all().alice ? "true" : "false"));
                const std::string micalg = std::string("sha-") + (OBJ_nid2sn(EVP_MD_get_type(digest)) + 3);
                const decoded clear = one.decode(clear_signed(*signer, text, {digest}, micalg), {}, piece);
                CHECK(clear.result.error == "");
                CHECK(clear.result.body == "Due on Friday.\r\n");
                CHECK(clear["SMIME.Layers"] == "ClearSign");
            }
        }
    }
    const decoded out = one.decode(signed_opaque(all().alice, text, {EVP_sha256(), padding::pss}));
    CHECK(out.result.body == "Due on Friday.\r\n");
    CHECK(out["SMIME.IsSigned"] == "true");
    CHECK(out["SMIME.Layers"] == "BlobSign");
    CHECK(out["SMIME.SignerSubject"] == "CN=Alice");
    CHECK(out["SMIME.SignerIssuer"] == "CN=Test Root");
    CHECK(out["SMIME.SignerAddress"] == "alice@example.test");
    CHECK(out["SMIME.SignerThumbprint"].size() == 40);
    CHECK(out["BTS.SignatureCertificate"] == out["SMIME.SignerThumbprint"]);
    CHECK(out["SMIME.SigningTime"].size() == 20);
    CHECK(out["SMIME.SignatureAlgorithm"] == "RSASSA-PSS");
    CHECK(out["SMIME.DigestAlgorithm"] == "SHA256");
    CHECK(out["SMIME.ChainResult"] == "trusted");
    CHECK(out["SMIME.RevocationResult"] == "good");
}

TEST_CASE("encryption of every kind is undone") {
    bench one;
    for (const identity* recipient : {&all().bob, &all().carol, &all().dave, &all().erin}) {
        for (const EVP_CIPHER* cipher : {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(), EVP_aes_128_gcm(),
                                         EVP_aes_192_gcm(), EVP_aes_256_gcm()}) {
            for (const std::size_t piece : {std::size_t{1}, std::size_t{64 * 1024}}) {
                CAPTURE(recipient->name);
                const decoded out =
                    one.decode(entity_of(encrypt({&all().alice, recipient}, text, cipher), "enveloped-data"),
                               unauthenticated, piece);
                CHECK(out.result.error == "");
                CHECK(out.result.body == "Due on Friday.\r\n");
                CHECK(out["SMIME.IsEncrypted"] == "true");
                CHECK(out["SMIME.RecipientThumbprint"].size() == 40);
            }
        }
    }
    const decoded out =
        one.decode(entity_of(encrypt({&all().bob}, text, EVP_aes_256_gcm(), padding::oaep), "authEnveloped-data"));
    CHECK(out.result.body == "Due on Friday.\r\n");
    CHECK(out["SMIME.EncryptionAlgorithm"] == "AES256GCM");
    CHECK(out["SMIME.KeyEncryptionAlgorithm"] == "RSAES-OAEP");
    CHECK(out["SMIME.Layers"] == "AuthEncrypted");
}

TEST_CASE("signed and encrypted, and wrapped three times") {
    bench one;
    const decoded two = one.decode(encrypted(signed_opaque(all().alice, text), EVP_aes_128_cbc()));
    CHECK(two.result.body == "Due on Friday.\r\n");
    CHECK(two["SMIME.Layers"] == "Encrypted,BlobSign");
    const decoded three = one.decode(signed_opaque(all().carol, encrypted(clear_signed(all().alice, text))), {}, 1);
    CHECK(three.result.body == "Due on Friday.\r\n");
    CHECK(three["SMIME.Layers"] == "BlobSign,AuthEncrypted,ClearSign");
    CHECK(three["SMIME.SignerSubject"] == "CN=Alice");
    std::string deep = text;
    for (std::size_t i = 0; i < 9; ++i) {
        deep = signed_opaque(all().carol, deep);
    }
    CHECK(one.error(deep) == "the message is sealed more than 8 times");
}

TEST_CASE("large content goes through a file and comes out whole") {
    bench one;
    std::string body(3'000'001, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) {
        body[i] = static_cast<char>(i * 7 % 251);
    }
    const std::string content =
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + body;
    CHECK(one.decode(encrypted(signed_opaque(all().alice, content))).result.body == body);
    CHECK(one.decode(encrypted(content), {}, 1000).result.body == body);
    CHECK(one.decode(encrypted(content, EVP_aes_256_cbc()), unauthenticated).result.body == body);
}

TEST_CASE("a changed byte anywhere gives nothing away") {
    bench one;
    const std::string opaque = sign({&all().carol}, text, false);
    const std::string sealed = encrypt({&all().carol}, text, EVP_aes_128_gcm());
    int opaque_faults = 0;
    int sealed_faults = 0;
    for (std::size_t i = 0; i < std::max(opaque.size(), sealed.size()); i += 3) {
        for (const std::string* from : {&opaque, &sealed}) {
            if (i >= from->size()) {
                continue;
            }
            std::string changed = *from;
            changed[i] = static_cast<char>(changed[i] ^ 0x10);
            const decoded out = one.decode(entity_of(changed, "signed-data"));
            // What no seal covers may change: then the content is still the one that was sealed.
            CHECK((out.result.is_ok() ? out.result.body == "Due on Friday.\r\n" : out.result.body.empty()));
            (from == &opaque ? opaque_faults : sealed_faults) += out.result.is_ok() ? 0 : 1;
        }
    }
    CHECK(opaque_faults > static_cast<int>(opaque.size() / 3 * 8 / 10));
    CHECK(sealed_faults > static_cast<int>(sealed.size() / 3 * 8 / 10));
}

TEST_CASE("a message that ends too early gives nothing away, wherever it ends") {
    bench one;
    for (const std::string& der :
         {sign({&all().carol}, text, false), encrypt({&all().carol}, text, EVP_aes_128_gcm())}) {
        for (std::size_t size = 0; size < der.size(); size += 5) {
            const decoded out = one.decode(entity_of(der.substr(0, size), "signed-data"));
            CHECK_FALSE(out.result.is_ok());
            CHECK(out.result.body.empty());
        }
    }
    const std::string clear = clear_signed(all().carol, text);
    for (std::size_t size = 60; size + 10 < clear.size(); size += 7) {
        CHECK(one.decode(clear.substr(0, size)).result.body.empty());
    }
}
