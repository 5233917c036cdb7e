// Any bytes as a message, with a recipient's key and a signer that are known to the corpus: decoding ends, gives
// nothing of a message that fails before its seals were verified, and does the same in one piece and byte by byte. The
// first byte chooses what is allowed.
#include <openssl/pem.h>

#include <cstdint>
#include <cstdlib>

#include "message_decoding.hpp"
#include "piecewise_source.hpp"

using namespace hawser::smime;

namespace {

// Made for this test and known to everybody.
const char* const key_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg08wDP5q3IY9puPw5\n"
    "R5Lou99+u9LXAqA7AJg1ArlElSahRANCAATHj/KtL++3KgtBZBkT1M3iDcKVzLpU\n"
    "pBsdUkAxecK2GZe5nXhZSqwwKDoHhPxeReyWqflImlirZm/Pd/+WBDEO\n"
    "-----END PRIVATE KEY-----\n";
const char* const certificate_pem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBoTCCAUegAwIBAgIBBzAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARGdXp6MCAX\n"
    "DTI2MTEyNTE4MjUyMVoYDzIxMjYxMTAxMTgyNTIxWjAPMQ0wCwYDVQQDDARGdXp6\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEx4/yrS/vtyoLQWQZE9TN4g3Clcy6\n"
    "VKQbHVJAMXnCthmXuZ14WUqsMCg6B4T8XkXslqn5SJpYq2Zvz3f/lgQxDqOBkTCB\n"
    "jjAdBgNVHQ4EFgQUPqdC+pidDmE8suJHpvMmEmpg5j0wHwYDVR0jBBgwFoAUPqdC\n"
    "+pidDmE8suJHpvMmEmpg5j0wDgYDVR0PAQH/BAQDAgOIMBMGA1UdJQQMMAoGCCsG\n"
    "AQUFBwMEMBkGA1UdEQQSMBCBDmZAZXhhbXBsZS50ZXN0MAwGA1UdEwEB/wQCMAAw\n"
    "CgYIKoZIzj0EAwIDSAAwRQIhAIZbCgwdLjlF11txWTkp3oq4DlgVXMt3HBkEtgCG\n"
    "qDgOAiBc0t6gx93ihOZM/ccfFCsXjKSxjgzVffSuTiRRX8Nh7Q==\n"
    "-----END CERTIFICATE-----\n";

x509_pointer read_certificate() {
    const bio_pointer in(BIO_new_mem_buf(certificate_pem, -1));
    return x509_pointer(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
}

std::shared_ptr<const decode_material> make_material() {
    auto made = std::make_shared<decode_material>();
    const bio_pointer in(BIO_new_mem_buf(key_pem, -1));
    made->personal.push_back(
        {read_certificate(), key_pointer(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)), "fuzz.pem"});
    const auto trust = std::make_shared<trust_material>();
    trust->add_anchor(made->personal[0].certificate.get());
    made->trust = trust;
    made->other_people = make_stack();
    push(made->other_people, read_certificate());
    return made;
}

struct outcome {
    bool is_ok = false;
    std::string body;
};

outcome decode(const std::shared_ptr<const decode_material>& material, const decode_policy& policy,
               std::string_view message, std::size_t piece) {
    outcome out;
    message_decoding decoding(material, policy);
    try {
        hawser::body_stream body = decoding.open(in_pieces(message, piece));
        char buffer[100];
        while (const std::size_t size = body.read(buffer, sizeof buffer)) {
            out.body.append(buffer, size);
        }
        for (message_decoding::further_part& part : decoding.take_further_parts()) {
            while (const std::size_t size = part.body.read(buffer, sizeof buffer)) {
                out.body.append(buffer, size);
            }
        }
        out.is_ok = true;
    } catch (const hawser::failure&) {  // most do
    }
    if (policy.requires_signature && !out.body.empty() && decoding.facts().signer().subject != "CN=Fuzz") {
        std::abort();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const decode_material> material = make_material();
    if (size == 0) {
        return 0;
    }
    decode_policy policy;
    policy.checks_revocation = false;
    policy.allows_non_mime = (data[0] & 1U) != 0;
    policy.allows_unauthenticated_encryption = (data[0] & 2U) != 0;
    policy.allows_legacy_algorithms = (data[0] & 4U) != 0;
    policy.requires_signature = (data[0] & 8U) != 0;
    policy.body_part_index = data[0] >> 6U;
    const std::string_view message(reinterpret_cast<const char*>(data) + 1, size - 1);
    const outcome whole = decode(material, policy, message, size);
    const outcome bytewise = decode(material, policy, message, 1);
    // A uuencoded line of up to 63 bytes may lack the spaces at its end, which are zeros.
    if (whole.is_ok != bytewise.is_ok || (whole.is_ok && whole.body != bytewise.body) ||
        whole.body.size() > 32 * size) {
        std::abort();
    }
    return 0;
}
