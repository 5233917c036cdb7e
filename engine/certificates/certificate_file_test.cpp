#include "certificates/certificate_file.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/openssl_pointers.hpp"
#include "certificates/certificate_fixture.hpp"
#include "certificates/pkcs12_content.hpp"

using namespace hawser::engine;
using test::made_folder;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

certificate_file read(const made_folder& folder, const std::string& name, const char* password = nullptr) {
    const std::string text = password == nullptr ? "" : password;
    return read_certificate_file(folder.read(name), name, password == nullptr ? nullptr : &text);
}

}  // namespace

TEST_CASE("a PKCS#12 file is opened with its password, whatever it is encrypted with") {
    made_folder folder;
    folder.make("one");
    folder.run("openssl pkcs12 -export -in one.pem -passout pass:süß -out modern.p12");
    folder.run("openssl pkcs12 -export -legacy -in one.pem -passout pass:süß -out legacy.pfx");
    folder.run(
        "openssl pkcs12 -export -descert -keypbe PBE-SHA1-3DES -macalg sha1 -in one.pem -passout pass:süß -out "
        "des.p12");
    folder.run("cp modern.p12 a.P12; cp modern.p12 b.PFX; cp modern.p12 c.pkcs12; cp modern.p12 anything.bin");
    for (const char* name : {"modern.p12", "legacy.pfx", "des.p12", "a.P12", "b.PFX", "c.pkcs12", "anything.bin"}) {
        CAPTURE(name);
        const certificate_file opened = read(folder, name, "süß");
        CHECK(opened.problem.empty());
        CHECK(opened.certificates.size() == 1);
        CHECK(opened.keys.size() == 1);
        const certificate_file wrong = read(folder, name, "sauer");
        CHECK(wrong.is_empty());
        CHECK(contains(wrong.problem, "does not open it: correct the password"));
        CHECK_FALSE(contains(wrong.problem, "sauer"));
        const certificate_file without = read(folder, name);
        CHECK(contains(without.problem, std::string("give it in host.certificates.passwords: {\"") + name));
    }
}

namespace {

struct two_keys {
    two_keys() {
        folder.make("one");
        folder.make("two");
        for (const char* name : {"one.pem", "two.pem"}) {
            const std::string pem = folder.read(name);
            const bio_pointer in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
            certificates.emplace_back(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
            keys.emplace_back(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
        }
    }
    made_folder folder;
    std::vector<x509_pointer> certificates;
    std::vector<key_pointer> keys;
};

void free_safes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }
void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) { sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free); }
using safes_pointer = std::unique_ptr<STACK_OF(PKCS7), openssl_deleter<&free_safes>>;

// Takes the safes.
std::string container_of(STACK_OF(PKCS7) * safes, const char* password) {
    const safes_pointer owned(safes);
    PKCS12* container = PKCS12_add_safes(safes, 0);
    PKCS12_set_mac(container, password, -1, nullptr, 0, 2048, nullptr);
    std::string der = der_of(container, &i2d_PKCS12);
    PKCS12_free(container);
    return der;
}

std::string tlv(unsigned char tag, const std::string& content) {
    const auto size = content.size();
    return std::string{static_cast<char>(tag), '\x82', static_cast<char>(size >> 8U), static_cast<char>(size & 0xffU)} +
           content;
}

// A safe with a bag that holds a safe with those; takes them.
STACK_OF(PKCS12_SAFEBAG) * in_a_bag(STACK_OF(PKCS12_SAFEBAG) * bags) {
    std::string inner;
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
        inner += der_of(sk_PKCS12_SAFEBAG_value(bags, i), &i2d_PKCS12_SAFEBAG);
    }
    free_bags(bags);
    const std::string identifier("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06", 13);
    const std::string der = tlv(0x30, identifier + tlv(0xa0, tlv(0x30, inner)));
    const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
    STACK_OF(PKCS12_SAFEBAG)* outer = sk_PKCS12_SAFEBAG_new_null();
    sk_PKCS12_SAFEBAG_push(outer, d2i_PKCS12_SAFEBAG(nullptr, &cursor, static_cast<long>(der.size())));
    return outer;
}

}  // namespace

TEST_CASE("all keys and certificates of a PKCS#12 file are read, encrypted or not, and those of safes in safes") {
    two_keys given;
    STACK_OF(PKCS12_SAFEBAG)* certificates = nullptr;
    STACK_OF(PKCS12_SAFEBAG)* keys = nullptr;
    for (const x509_pointer& one : given.certificates) {
        PKCS12_add_cert(&certificates, one.get());
    }
    for (const key_pointer& one : given.keys) {
        PKCS12_add_key(&keys, one.get(), 0, 2048, NID_aes_256_cbc, "secret");
    }
    unsigned depth = 1;
    SUBCASE("side by side") {}
    SUBCASE("in a safe of their own") { depth = 2; }
    SUBCASE("as deep as it may be") { depth = pkcs12_depth_max; }
    SUBCASE("deeper") { depth = pkcs12_depth_max + 1; }
    for (unsigned i = 1; i < depth; ++i) {
        keys = in_a_bag(keys);
    }
    STACK_OF(PKCS7)* safes = nullptr;
    PKCS12_add_safe(&safes, certificates, NID_aes_256_cbc, 2048, "secret");
    PKCS12_add_safe(&safes, keys, -1, 0, nullptr);
    free_bags(certificates);
    free_bags(keys);
    const std::string password = "secret";
    const certificate_file read = read_certificate_file(container_of(safes, "secret"), "two.p12", &password);
    CHECK((read.problem == "") == (depth <= pkcs12_depth_max));
    CHECK(read.certificates.size() == (depth <= pkcs12_depth_max ? 2U : 0U));
    CHECK(read.keys.size() == (depth <= pkcs12_depth_max ? 2U : 0U));
    CHECK(contains(read.problem, depth <= pkcs12_depth_max ? "" : "more in it than"));
}

TEST_CASE("the hashing that the keys of a PKCS#12 file want counts together") {
    two_keys given;
    STACK_OF(PKCS12_SAFEBAG)* keys = nullptr;
    for (const key_pointer& one : given.keys) {
        PKCS12_add_key(&keys, one.get(), 0, 1000, NID_aes_256_cbc, "secret");
    }
    // The second is not tried: its number is written over.
    PKCS12_SAFEBAG* last = sk_PKCS12_SAFEBAG_value(keys, 1);
    const X509_ALGOR* encryption = nullptr;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(last), &encryption, nullptr);
    X509_ALGOR* slow = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), 10'000'000, nullptr, 0, nullptr, -1);
    X509_ALGOR_copy(const_cast<X509_ALGOR*>(encryption), slow);
    X509_ALGOR_free(slow);
    STACK_OF(PKCS7)* safes = nullptr;
    PKCS12_add_safe(&safes, keys, -1, 0, nullptr);
    free_bags(keys);
    const std::string password = "secret";
    const certificate_file read = read_certificate_file(container_of(safes, "secret"), "two.p12", &password);
    CHECK(contains(read.problem, "more than 10,000,000 times"));
}

TEST_CASE("a private key in PEM form is opened with its password, whatever it is encrypted with") {
    made_folder folder;
    folder.make("one");
    folder.run("openssl pkcs8 -topk8 -in one.pem -passout pass:secret -out modern.key");
    folder.run(
        "openssl pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -provider legacy -provider default -in one.pem -passout "
        "pass:secret -out legacy.key");
    folder.run("openssl ec -aes128 -in one.pem -passout pass:secret -out traditional.key");
    for (const char* name : {"modern.key", "legacy.key", "traditional.key"}) {
        CAPTURE(name);
        const certificate_file opened = read(folder, name, "secret");
        CHECK(opened.problem == "");
        CHECK(opened.keys.size() == 1);
        const certificate_file wrong = read(folder, name, "guess");
        CHECK(wrong.keys.empty());
        CHECK(contains(wrong.problem, "does not open its private key: correct the password"));
        CHECK(contains(read(folder, name).problem, "give it in host.certificates.passwords"));
    }
}

TEST_CASE("a CRL that cannot be read is handed on, so that nobody takes it for none") {
    for (const char* bytes : {"garbage", "-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n"}) {
        const certificate_file read = read_certificate_file(bytes, "ca.CRL", nullptr);
        CHECK_FALSE(read.problem.empty());
        CHECK(read.crls.size() == 1);
    }
    CHECK(read_certificate_file("garbage", "ca.pem", nullptr).crls.empty());
}

TEST_CASE("a file that is cut off is a problem wherever it is cut") {
    made_folder folder;
    folder.make("one");
    folder.run(
        "openssl pkcs12 -export -in one.pem -passout pass: -out one.p12; openssl x509 -in one.pem -outform DER "
        "-out one.der");
    for (const char* name : {"one.pem", "one.p12", "one.der"}) {
        const std::string whole = folder.read(name);
        CHECK(read_certificate_file(whole, name, nullptr).problem == "");
        std::size_t taken = 0;
        for (std::size_t size = 0; size + 1 < whole.size(); ++size) {  // less the last line end
            const certificate_file part = read_certificate_file(whole.substr(0, size), name, nullptr);
            taken += part.problem.empty() ? 1U : 0U;
        }
        // Between the certificate and the key it cannot be seen: the folder sees that the key is missing.
        CHECK(taken <= (std::string(name) == "one.pem" ? 2U : 0U));
    }
}

TEST_CASE("a password that would be hashed for minutes is not tried") {
    const auto free_safe = [](PKCS7* safe) { PKCS7_free(safe); };
    constexpr int rounds = 10'000'001;
    const std::string password = "x";
    X509_ALGOR* algorithm = nullptr;
    ASN1_OCTET_STRING* content = nullptr;
    const auto encrypted = [&] {
        X509_SIG* made = X509_SIG_new();
        X509_SIG_getm(made, &algorithm, &content);
        X509_ALGOR* slow = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, nullptr, 0, nullptr, -1);
        X509_ALGOR_copy(algorithm, slow);
        X509_ALGOR_free(slow);
        ASN1_OCTET_STRING_set(content, reinterpret_cast<const unsigned char*>("0123456789abcdef"), 16);
        return made;
    };
    const bio_pointer text(BIO_new(BIO_s_mem()));
    const std::unique_ptr<X509_SIG, openssl_deleter<&X509_SIG_free>> key(encrypted());
    PEM_write_bio_PKCS8(text.get(), key.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(text.get(), &bytes);
    const std::string pem(bytes, static_cast<std::size_t>(size));
    CHECK(contains(read_certificate_file(pem, "slow.key", &password).problem, "more than 10,000,000 times"));

    STACK_OF(PKCS12_SAFEBAG)* bags = sk_PKCS12_SAFEBAG_new_null();
    sk_PKCS12_SAFEBAG_push(bags, PKCS12_SAFEBAG_create0_pkcs8(encrypted()));
    STACK_OF(PKCS7)* safes = sk_PKCS7_new_null();
    sk_PKCS7_push(safes, PKCS12_pack_p7data(bags));
    PKCS12* container = PKCS12_init(NID_pkcs7_data);
    PKCS12_pack_authsafes(container, safes);
    const std::string der = der_of(container, &i2d_PKCS12);
    PKCS12_free(container);
    sk_PKCS7_pop_free(safes, free_safe);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    CHECK(contains(read_certificate_file(der, "slow.p12", &password).problem, "more than 10,000,000 times"));
}
