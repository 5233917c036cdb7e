// Memory runs out at OpenSSL's allocations in turn: no clear text leaves, and no recipient is dropped. A seal is whole,
// or the message fails, also where OpenSSL 3.0 reports success and has left something out.
#include <openssl/crypto.h>

#include <cstdlib>
#include <random>

#include "sealing_bench.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;

namespace {

std::uint64_t allocation_count = 0;
std::uint64_t failing_allocation = 0;  // 0: none

bool is_to_fail() { return ++allocation_count == failing_allocation; }

void* allocate(std::size_t size, const char*, int) { return is_to_fail() ? nullptr : std::malloc(size); }
void* reallocate(void* old, std::size_t size, const char*, int) {
    return is_to_fail() ? nullptr : std::realloc(old, size);
}
void release(void* memory, const char*, int) { std::free(memory); }

// Before anything of OpenSSL has run.
const bool is_replaced = CRYPTO_set_mem_functions(&allocate, &reallocate, &release) == 1;

// RSA alone: OpenSSL 3.0 itself crashes where memory for ECDH's key derivation is missing.
struct people {
    authority trusted;
    identity alice = trusted.issue("Alice", "alice@example.test", key_kind::rsa_2048);
    identity bob = trusted.issue("Bob", "bob@example.test", key_kind::rsa_1024);
    identity carol = trusted.issue("Carol", "carol@example.test", key_kind::rsa_1024);
};

constexpr std::uint64_t step = 7;  // from a random one of the first: all of them in turn, over some runs

struct sealing {
    people all;
    kit::host host;
    sealing() {
        furnish(host, all.trusted, {&all.alice});
        host.certificates[HAWSER_CERTIFICATES_SIGNING] = {{all.alice.der(), all.alice.key_der(), all.alice.name}};
        host.certificates[HAWSER_CERTIFICATES_ENCRYPTION] = {{all.bob.der(), "", all.bob.name},
                                                             {all.carol.der(), "", all.carol.name}};
    }
    kit::run_result run(const kit::settings& values) {
        try {
            kit::instance encoder = kit::instance::of<smime_encoder>(host, values);
            kit::message one("Content-Type: text/plain\r\n\r\n" + secret);
            one.set(HAWSER_IS_MIME_ENCODED, "true");
            return kit::run(encoder, one);
        } catch (const hawser::failure& thrown) {
            return {thrown.status(), thrown.what(), {}};
        }
    }
    // Fails every seventh allocation of a run, and counts the runs that failed. `opened` says for how many the result
    // is whole, of `everybody`.
    template <typename Opened>
    unsigned fail_allocations(const kit::settings& values, unsigned everybody, Opened opened) {
        const kit::run_result good = run(values);  // fills caches
        INFO(good.error);
        REQUIRE(opened(good.body) == everybody);
        allocation_count = 0;
        REQUIRE(opened(run(values).body) == everybody);
        const std::uint64_t last = allocation_count;
        unsigned failed = 0;
        for (std::uint64_t n = 1 + std::random_device{}() % step; n <= last; n += step) {
            CAPTURE(n);
            allocation_count = 0;
            failing_allocation = n;
            const kit::run_result result = run(values);
            failing_allocation = 0;
            failed += result.is_ok() ? 0U : 1U;
            CHECK(result.body.find("secret is") == std::string::npos);
            INFO(result.error);
            CHECK(opened(result.body) == (result.is_ok() ? everybody : 0U));
        }
        MESSAGE(last << " allocations: " << failed << " messages failed");
        return failed;
    }
};

}  // namespace

TEST_CASE("an encryption is for every recipient, or for nobody, when memory runs out") {
    REQUIRE(is_replaced);
    sealing one;
    const auto opened = [&](const std::string& entity) {
        return (decrypted(entity, one.all.bob).find(secret) != std::string::npos ? 1U : 0U) +
               (decrypted(entity, one.all.carol).find(secret) != std::string::npos ? 1U : 0U);
    };
    for (const char* algorithm : {"AES256", "AES256GCM"}) {
        const kit::settings values = {{"/EnableEncryption", "true"},
                                      {"/EncryptionAlgorithm", algorithm},
                                      {"/AllowLegacyAlgorithms", "true"}};  // small keys, for speed
        CHECK(one.fail_allocations(values, 2, opened) > 100);
    }
}

TEST_CASE("a signature is whole, or nobody takes it for one, when memory runs out") {
    sealing one;
    const auto opened = [&](const std::string& entity) {
        return verified(entity, one.all.trusted.root()).find(secret) != std::string::npos ? 1U : 0U;
    };
    CHECK(one.fail_allocations({{"/SignatureType", "BlobSign"}}, 1, opened) > 100);
}
