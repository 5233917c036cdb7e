#include <doctest/doctest.h>
#include <openssl/objects.h>
#include <openssl/provider.h>

#include "ber_reader.hpp"
#include "cms_structure.hpp"
#include "decoder_bench.hpp"
#include "legacy_library.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

namespace {

const std::string mime = "MIME-Version: 1.0\r\n";

std::string content_info(int kind, const std::string& elements) {
    return der_element(ber::sequence, object_identifier_of(kind) +
                                          der_element(ber::explicit_context(0), der_element(ber::sequence, elements)));
}

std::string replace(std::string in, const std::string& what, const std::string& with) {
    const std::size_t at = in.find(what);
    REQUIRE(at != std::string::npos);
    return in.replace(at, what.size(), with);
}

// The structure with a CRL of nobody beside its signature.
std::string with_stapled_crl(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const cms_pointer cms(d2i_CMS_ContentInfo(nullptr, &bytes, static_cast<long>(der.size())));
    const std::string crl_der = all().trusted.revoke(nullptr);
    bytes = reinterpret_cast<const unsigned char*>(crl_der.data());
    const crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(crl_der.size())));
    REQUIRE(CMS_add1_crl(cms.get(), crl.get()) == 1);
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_CMS_bio(out.get(), cms.get());
    char* text_of_it = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text_of_it);
    return {text_of_it, static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("a CRL that came along and was changed in any byte vouches for nobody") {
    const std::string sound = with_stapled_crl(sign({&all().alice}, text, false));
    const auto decode = [](const std::string& der) {  // each by a host that has seen no other
        bench one;
        one.host.certificates[HAWSER_CERTIFICATES_CRLS] = {};
        return one.decode(entity_of(der, "signed-data"));
    };
    CHECK(decode(sound).result.is_ok());
    const std::string crl_issuer = "Test Root";
    const std::size_t end = sound.rfind(crl_issuer);             // in the SignerInfo
    const std::size_t begin = sound.rfind(crl_issuer, end - 1);  // in the CRL
    REQUIRE(begin != std::string::npos);
    for (std::size_t at = begin - 60; at < begin + 120; ++at) {
        std::string changed = sound;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        CAPTURE(at - begin);
        const decoded out = decode(changed);
        CHECK_FALSE(out.result.is_ok());
        CHECK(out.result.body.empty());
    }
}

TEST_CASE("EFAIL: an encrypted part between html of somebody else is not decrypted") {
    bench one;
    const std::string begin = "Content-Type: text/html\r\n\r\n<img src=\"http://evil.example/";
    const std::string end = "Content-Type: text/html\r\n\r\n\">";
    CHECK(one.error(mixed({begin, encrypted(text), end})) == Contains("(EFAIL)"));
    CHECK(one.error(mixed({encrypted(text, EVP_aes_128_cbc())}), legacy) == Contains("(EFAIL)"));
    const std::string alternative =
        "Content-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n" + encrypted(text) + "\r\n--in--";
    CHECK(one.error(mixed({begin, alternative})) == Contains("(EFAIL)"));
}

TEST_CASE("EFAIL: CBC without a signature inside is taken only where that is allowed") {
    bench one;
    const std::string cbc = encrypted(text, EVP_aes_256_cbc());
    CHECK(one.error(cbc) == Contains("AllowUnauthenticatedEncryption"));
    CHECK(one.error(signed_opaque(all().alice, cbc)) ==
          Contains("AllowUnauthenticatedEncryption"));  // an outer one may be the attacker's
    CHECK(one.decode(cbc, unauthenticated)["SMIME.Layers"] == "Encrypted");
    CHECK(one.decode(encrypted(signed_opaque(all().alice, text), EVP_aes_256_cbc())).result.is_ok());
    CHECK(one.decode(encrypted(encrypted(text), EVP_aes_256_cbc())).result.is_ok());
}

TEST_CASE("AES-GCM dressed up as enveloped-data, to be read without its tag, is refused") {
    bench one;
    std::string der = encrypt({&all().bob}, text, EVP_aes_128_gcm());
    der = replace(der, object_identifier_of(NID_id_smime_ct_authEnvelopedData),
                  object_identifier_of(NID_pkcs7_enveloped));
    CHECK_FALSE(one.decode(entity_of(der, "enveloped-data"), legacy).result.is_ok());
    std::string cbc = encrypt({&all().bob}, text, EVP_aes_128_cbc());
    cbc = replace(cbc, object_identifier_of(NID_aes_128_cbc), object_identifier_of(NID_aes_128_gcm));
    CHECK(one.error(entity_of(cbc, "enveloped-data"), legacy) == Contains("in a CMS structure that is not for it"));
}

TEST_CASE("what stands around a signature is not taken for signed") {
    bench one;
    const std::string inner = clear_signed(all().alice, text);
    CHECK(one.error(mixed({"\r\nPay to another account.", inner})) == Contains("somebody may have put around it"));
    CHECK(one.error(replace(
              inner, "\r\n--edge\r\nContent-Type: application/pkcs7-signature",
              "\r\n--edge\r\n\r\nPay to another account.\r\n--edge\r\nContent-Type: application/pkcs7-signature")) ==
          Contains("has 3 parts and must have two"));
    CHECK(one.error(replace(inner, "Due on Friday", "Due on Monday")) == Contains("was changed after it was signed"));
    CHECK(one.error(
              replace(inner, "protocol=\"application/pkcs7-signature\"", "protocol=\"application/pgp-signature\"")) ==
          Contains("application/pkcs7-signature is supported"));
    CHECK(one.error(replace(inner, "Content-Type: application/pkcs7-signature", "Content-Type: text/plain")) ==
          Contains("and no signature"));
    const std::string with_content =
        mime +
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=e\r\n\r\n"
        "--e\r\n\r\nOther text.\r\n--e\r\nContent-Type: application/pkcs7-signature\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n" +
        base64(sign({&all().alice}, text, false)) + "\r\n--e--\r\n";
    CHECK(one.error(with_content) == Contains("brings content of its own"));
}

TEST_CASE("a micalg that is not the signature's is refused") {
    bench one;
    CHECK(one.error(clear_signed(all().alice, text, {}, "sha-512")) == Contains("micalg=sha-512"));
    CHECK(one.error(clear_signed(all().alice, text, {}, "md5")) == Contains("micalg=md5"));
    CHECK(one.error(clear_signed(all().alice, text, {}, "sha-224")) == Contains("micalg=sha-224"));
    CHECK(one.error(clear_signed(all().alice, text, {}, "\"sha1,sha512\"")) == Contains("uses SHA256"));
    CHECK(one.decode(clear_signed(all().alice, text, {}, "\"sha-1, SHA256\"")).result.is_ok());
    // RFC 8551 section 3.5.3.2: a name that nobody knows is no reason to refuse.
    for (const char* unknown : {"unknown", "rsa-sha256", "2.16.840.1.101.3.4.2.1", "\"\"", "\"sha-512, sha3-256\""}) {
        CAPTURE(unknown);
        CHECK(one.decode(clear_signed(all().alice, text, {}, unknown)).result.error == "");
    }
    CHECK(one.error(replace(clear_signed(all().alice, text, {}, "unknown"), "Friday", "Monday")) ==
          Contains("changed"));
}

TEST_CASE("of several signers each has to be valid") {
    bench one;
    const decoded out = one.decode(entity_of(sign({&all().carol, &all().alice}, text, false), "signed-data"));
    CHECK(out.result.error == "");
    CHECK(out["SMIME.SignerCount"] == "2");
    const authority foreign;
    const identity mallory = foreign.issue("Mallory", "carol@example.test", key_kind::p256);
    CHECK(one.error(entity_of(sign({&all().carol, &mallory}, text, false), "signed-data")) == Contains("Mallory"));
    CHECK(one.error(entity_of(sign({&mallory, &all().carol}, text, false), "signed-data")) == Contains("Mallory"));
    std::vector<identity> crowd;
    std::vector<const identity*> signers;
    for (int i = 0; i < 17; ++i) {
        crowd.push_back(all().trusted.issue("Signer", "signer@example.test", key_kind::p256));
    }
    for (const identity& each : crowd) {
        signers.push_back(&each);
    }
    CHECK(one.error(entity_of(sign(signers, text, false), "signed-data")) == Contains("more than 16 signers"));
}

TEST_CASE("signers who cannot be trusted are refused, with the reason") {
    bench one;
    const sign_options without_certificate{EVP_sha256(), padding::pkcs1, CMS_NOCERTS};
    const std::string bare = signed_opaque(all().alice, text, without_certificate);
    CHECK(one.error(bare) == Contains("neither in the message nor among the other people's"));
    one.host.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {{all().alice.der(), "", "alice.pem"}};
    CHECK(one.decode(bare)["SMIME.SignerSubject"] == "CN=Alice");
    one.host.certificates[HAWSER_CERTIFICATES_CRLS] = {{all().trusted.revoke(&all().alice), "", "root.crl"}};
    CHECK(one.error(signed_opaque(all().alice, text)) == Contains("revoked"));
    one.host.certificates[HAWSER_CERTIFICATES_CRLS] = {};
    CHECK(one.error(signed_opaque(all().alice, text)) == Contains("CRL"));
    const decoded unchecked = one.decode(signed_opaque(all().alice, text), {{"/CheckRevocationList", "false"}});
    CHECK(unchecked["SMIME.RevocationResult"] == "notChecked");
    one.host.certificates[HAWSER_CERTIFICATES_CRLS] = {{"no CRL", "", "broken.crl"}};
    CHECK(one.error(signed_opaque(all().alice, text)) == Contains("broken.crl"));
}

TEST_CASE("a signature that names another certificate of the same key is refused (RFC 5035)") {
    bench one;
    sign_options named{EVP_sha256(), padding::pkcs1, CMS_CADES};
    CHECK(one.decode(signed_opaque(all().alice, text, named)).result.error == "");
    named.flags |= CMS_NOCERTS;
    std::string der = sign({&all().alice}, text, false, named);
    // The same key, name and number: only the certificate's hash tells them apart.
    const identity twin = all().trusted.reissue(all().alice, "mallory@example.test");
    one.host.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {{twin.der(), "", "twin.pem"}};
    CHECK(one.error(entity_of(der, "signed-data")) == Contains("signing-certificate-v2"));
    one.host.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {{all().alice.der(), "", "alice.pem"}};
    CHECK(one.decode(entity_of(der, "signed-data")).result.is_ok());
}

TEST_CASE("a key in a token stops only what is encrypted for it") {
    bench one;
    one.host.certificates[HAWSER_CERTIFICATES_DECRYPTION].push_back({all().alice.der(), "pkcs11:token=x", "alice.pem"});
    CHECK(one.decode(encrypted(text)).result.is_ok());
    CHECK(one.error(entity_of(encrypt({&all().alice}, text, EVP_aes_256_gcm()), "enveloped-data")) ==
          Contains("this engine has no service hawser.draft.private-keys/1"));
}

TEST_CASE("signatures without attributes are verified, but not of a changed content") {
    bench one;
    const sign_options bare{EVP_sha256(), padding::pkcs1, CMS_NOATTR};
    CHECK(one.decode(signed_opaque(all().alice, text, bare)).result.is_ok());
    CHECK(one.decode(signed_opaque(all().carol, text, bare)).result.is_ok());
    CHECK(one.error(replace(clear_signed(all().carol, text, bare), "Friday", "Monday")) == Contains("changed"));
    // Attributes given out as content, so that their signature fits (RFC 5652 says nothing against it): no MIME entity.
    CHECK(one.error(signed_opaque(all().carol, "1\x0b\x30\x09 attributes", bare)) == Contains("no MIME entity"));
}

TEST_CASE("what is not secure any more needs to be allowed, and MD5 is never") {
    bench one;
    const std::string sha1 = signed_opaque(all().alice, text, {EVP_sha1()});
    CHECK(one.error(sha1) == Contains("AllowLegacyAlgorithms"));
    CHECK(one.decode(sha1, legacy)["SMIME.DigestAlgorithm"] == "SHA1");
    CHECK(one.error(signed_opaque(all().alice, text, {EVP_md5()}), legacy) == Contains("is not supported"));
    const identity weak = all().trusted.issue("Weak", "weak@example.test", key_kind::rsa_1024);
    CHECK(one.error(signed_opaque(weak, text)) == Contains("at least 2048 are needed"));
    CHECK(one.decode(signed_opaque(weak, text), legacy).result.is_ok());
    const std::string triple = encrypted(text, EVP_des_ede3_cbc());
    CHECK(one.error(triple, unauthenticated) == Contains("DES3"));
    CHECK(one.decode(triple, legacy)["SMIME.EncryptionAlgorithm"] == "DES3");
}

TEST_CASE("DES and RC2 are decrypted for whom they are allowed, and offered to nobody else in the process") {
    bench one;
    for (const char* name : {"DES-CBC", "RC2-CBC", "DES-EDE3-CBC"}) {
        EVP_CIPHER* cipher = EVP_CIPHER_fetch(legacy_library(), name, nullptr);
        REQUIRE(cipher != nullptr);
        for (const identity* recipient : {&all().bob, &all().carol, &all().erin}) {
            if (recipient != &all().bob && EVP_CIPHER_get_key_length(cipher) < 16) {
                continue;  // AES wraps no key as short as that of DES
            }
            const std::string sealed =
                entity_of(encrypt({recipient}, text, cipher, padding::pkcs1, legacy_library()), "enveloped-data");
            CHECK(one.decode(sealed, legacy).result.error == "");
            CHECK(one.error(sealed, unauthenticated) == Contains("AllowLegacyAlgorithms"));
        }
        EVP_CIPHER_free(cipher);
    }
    CHECK(OSSL_PROVIDER_available(nullptr, "legacy") == 0);
    CHECK(EVP_CIPHER_fetch(nullptr, "DES-CBC", nullptr) == nullptr);
    ERR_clear_error();
}

TEST_CASE("RSASSA-PSS may be no weaker in its mask or its salt than in its digest") {
    bench one;
    const auto pss = [](const EVP_MD* mask, int salt_size) {
        return signed_opaque(all().alice, text, {EVP_sha256(), padding::pss, 0, mask, salt_size});
    };
    CHECK(one.decode(pss(EVP_sha256(), 32)).result.error == "");
    CHECK(one.decode(pss(EVP_sha512(), 100)).result.error == "");
    CHECK(one.decode(pss(nullptr, RSA_PSS_SALTLEN_MAX)).result.error == "");
    CHECK(one.error(pss(EVP_sha1(), 32)) == Contains("a digest that is not allowed"));
    CHECK(one.error(pss(EVP_sha256(), 0)) == Contains("a salt of 0 bytes, at least 32 are needed"));
    CHECK(one.error(pss(EVP_sha256(), 20)) == Contains("a salt of 20 bytes"));
    CHECK(one.decode(pss(EVP_sha1(), 0), legacy).result.error == "");
    CHECK(one.decode(pss(EVP_sha256(), 20), legacy).result.error == "");
}

TEST_CASE("encrypted for others, or with a key that fits nothing, has a reason that tells nothing of the content") {
    bench one;
    CHECK(one.error(entity_of(encrypt({&all().alice}, text, EVP_aes_256_gcm()), "enveloped-data")) ==
          Contains("none of them is one of the host's 4 certificates"));
    // RFC 3218: the wrong RSA key is not told from damaged content.
    identity other = all().trusted.issue("Other", "bob@example.test", key_kind::rsa_2048);
    bench wrong;
    wrong.host.certificates[HAWSER_CERTIFICATES_DECRYPTION] = {{all().bob.der(), other.key_der(), "bob.pem"}};
    const doctest::String reason = wrong.error(encrypted(text));
    CHECK(reason == Contains("cannot be decrypted"));
    CHECK(wrong.decode(encrypted(text, EVP_aes_256_cbc()), unauthenticated).result.is_ok() == false);
    bench none;
    none.host.gives_private_keys = false;
    CHECK(none.error(encrypted(text)) == Contains("the host's 0 certificates"));
}

TEST_CASE("other kinds of CMS are refused by name") {
    bench one;
    CHECK(one.error(entity_of(content_info(NID_id_smime_ct_compressedData, ""), "compressed-data")) ==
          Contains("compressed"));
    CHECK(one.error(entity_of(content_info(NID_pkcs7_digest, ""), "x")) == Contains("pkcs7-digestData"));
    CHECK(one.error(entity_of(sign({&all().alice}, text, true), "signed-data")) == Contains("and no content"));
    const std::string content = object_identifier_of(NID_pkcs7_data) +
                                der_element(ber::explicit_context(0), der_element(ber::octet_string, text));
    const std::string nobody = der_element(ber::integer, "\x01") + der_element(ber::set, "") +
                               der_element(ber::sequence, content) + der_element(ber::set, "");
    CHECK(one.error(entity_of(content_info(NID_pkcs7_signed, nobody), "signed-data")) == Contains("nobody signed it"));
    CHECK(one.error(entity_of("no BER at all", "signed-data")) == Contains("CMS structure is damaged"));
    CHECK(one.error(entity_of("", "signed-data")) == Contains("there is no CMS ContentInfo"));
    CHECK(one.error(replace(encrypted(text), "base64", "x-none")) == Contains("\"x-none\""));
    CHECK(one.error(replace(encrypted(text), "\r\n\r\n", "\r\n\r\n!")) == Contains("not base64"));
}

TEST_CASE("tags and lengths of a kind that no sender makes are refused") {
    bench one;
    const std::string der = encrypt({&all().carol}, text, EVP_aes_128_gcm());
    const std::string short_tag = der.substr(0, der.size() - 18) + std::string("\x04\x10", 2) + std::string(16, 'x');
    CHECK(one.error(entity_of(short_tag, "authEnveloped-data")) == Contains("cannot be decrypted"));
    std::string huge = der;
    huge[1] = '\x84';
    CHECK_FALSE(one.decode(entity_of(huge, "x")).result.is_ok());
    const std::string endless = std::string(200000, '\x30');
    CHECK_FALSE(one.decode(entity_of(endless, "x")).result.is_ok());
    std::string nested(400000, '\0');
    for (std::size_t i = 0; i < nested.size(); i += 2) {
        nested[i] = '\x30';
        nested[i + 1] = '\x80';
    }
    CHECK_FALSE(one.decode(entity_of(nested, "x")).result.is_ok());
}

TEST_CASE("Require asks for what the message has to be") {
    bench one;
    const std::string plain = mime + text;
    CHECK(one.error(plain, {{"/Require", "signed"}}) == Contains("not signed"));
    CHECK(one.error(encrypted(text), {{"/Require", "signedAndEncrypted"}}) == Contains("not signed"));
    CHECK(one.error(signed_opaque(all().alice, text), {{"/Require", "encrypted"}}) == Contains("not encrypted"));
    CHECK(one.decode(encrypted(signed_opaque(all().alice, text)), {{"/Require", "signedAndEncrypted"}}).result.is_ok());
}

TEST_CASE("a signature around what somebody else encrypted is not its author's") {
    bench one;
    const std::string from = "From: Carol <carol@example.test>\r\n";
    const std::string hidden = encrypted("From: carol@example.test\r\nContent-Type: text/plain; hp=cipher\r\n\r\nDue.");
    for (const std::string& ciphertext :
         {encrypted(text), hidden, encrypted(signed_opaque(all().alice, encrypted(text)))}) {
        for (const std::string& wrapped :
             {signed_opaque(all().carol, ciphertext), clear_signed(all().carol, ciphertext)}) {
            const decoded out = one.decode(from + wrapped);
            CHECK(out.result.error == "");
            CHECK(out["SMIME.IsSigned"] == "false");
            CHECK(out["SMIME.IsSenderVerified"] == "false");
            for (const char* none :
                 {"SMIME.SignedFields", "SMIME.SenderAddress", "SMIME.SignerSubject", "SMIME.SignerAddress",
                  "SMIME.SignerCount", "BTS.SignatureCertificate", "SMIME.ChainResult"}) {
                CHECK(out[none].empty());
            }
            for (const char* required :
                 {"signed", "signedAndEncrypted", "signedBySender", "signedBySenderAndEncrypted"}) {
                CHECK(one.error(from + wrapped, {{"/Require", required}}) ==
                      Contains("not signed inside its encryption"));
            }
        }
    }
    const decoded out = one.decode(from + signed_opaque(all().carol, hidden));
    CHECK(out["SMIME.Layers"] == "BlobSign,AuthEncrypted");
    CHECK(out["SMIME.OuterSignerSubject"] == "CN=Carol");
    CHECK(out["SMIME.OuterSignerAddress"] == "carol@example.test");
    CHECK(out["SMIME.OuterSignerThumbprint"].size() == 40);
    const std::string thrice = signed_opaque(all().carol, encrypted(clear_signed(all().alice, text)));
    const decoded triple =
        one.decode("From: alice@example.test\r\n" + thrice, {{"/Require", "signedBySenderAndEncrypted"}});
    CHECK(triple.result.error == "");
    CHECK(triple["SMIME.SignerSubject"] == "CN=Alice");
    CHECK(triple["SMIME.OuterSignerSubject"] == "CN=Carol");
    CHECK(one.error(from + thrice, {{"/Require", "signedBySender"}}) == Contains("signed by its sender"));
}

TEST_CASE("Require asks for the sender's own signature") {
    bench one;
    const std::string by_alice = signed_opaque(all().alice, text);
    const kit::settings required = {{"/Require", "signedBySender"}};
    CHECK(one.decode("From: Alice <alice@Example.test>\r\n" + by_alice, required).result.error == "");
    CHECK(one.error("From: carol@example.test\r\n" + by_alice, required) == Contains("signed by \"CN=Alice\""));
    CHECK(one.error(by_alice, required) == Contains("signed by its sender"));
    CHECK(one.error("From: alice@example.test, carol@example.test\r\n" + by_alice, required) ==
          Contains("by its sender"));
    CHECK(one.error(mime + text, required) == Contains("not signed"));
    CHECK(one.error("From: alice@example.test\r\n" + by_alice, {{"/Require", "signedBySenderAndEncrypted"}}) ==
          Contains("not encrypted"));
    CHECK(one.decode("From: alice@example.test\r\n" + encrypted(by_alice), {{"/Require", "signedBySenderAndEncrypted"}})
              .result.error == "");
}

TEST_CASE("a body that fails anywhere gives nothing away") {
    bench one;
    kit::instance decoder = kit::instance::of<smime_decoder>(one.host, unauthenticated);
    const std::string messages[] = {encrypted(signed_opaque(all().carol, text)), clear_signed(all().carol, text),
                                    encrypted(signed_opaque(all().carol, text), EVP_aes_128_cbc())};
    for (const std::string& whole : messages) {
        for (std::size_t size = 0; size < whole.size(); size += 61) {
            kit::message failing(whole);
            failing.parts[0].fails_after = size;
            failing.parts[0].read_size_max = 50;
            const kit::run_result result = kit::run(decoder, failing);
            CHECK(result.status == HAWSER_IO);
            CHECK(result.body.empty());
        }
    }
}

TEST_CASE("a body that fails, and a host that stops, end the decoding") {
    bench one;
    kit::instance decoder = kit::instance::of<smime_decoder>(one.host, {});
    kit::message failing(encrypted(text));
    failing.parts[0].fails_after = 700;
    const kit::run_result result = kit::run(decoder, failing);
    CHECK(result.status == HAWSER_IO);
    CHECK(result.body.empty());
    kit::message stopped(encrypted(text));
    stopped.cancellation.cancel();
    CHECK(kit::run(decoder, stopped).status == HAWSER_CANCELLED);
}
