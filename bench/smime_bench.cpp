// Sealing beside bare OpenSSL: what the S/MIME encoder makes of an entity, and what SMIME_write_CMS makes of the same
// entity with the same certificates and algorithms, in alternating rounds of one run. On one core, nothing is sent.
// Exit code 1 where a target was missed.
//
//     smime_bench [--benchmark_filter=REGEX]
#include <benchmark/benchmark.h>
#include <openssl/cms.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <string>

#include "cms_seal.hpp"
#include "comparison.hpp"

using namespace hawser;
using namespace hawser::bench;
using namespace hawser::smime;

namespace {

constexpr std::size_t small_size = 4096;
// Rounds are short and many: what else the machine does lasts longer than one, and so meets both alike.
constexpr int small_count = 50;  // messages of a round
constexpr int small_rounds = 51;
constexpr std::size_t large_size = 256UL << 20U;

struct seal {
    const char* name;
    bool is_signed, is_encrypted;
};
constexpr seal seals[] = {{"sign", true, false}, {"encrypt", false, true}, {"sign + encrypt", true, true}};

std::shared_ptr<const seal_material> make_material(const std::string& kind) {
    auto made = std::make_shared<seal_material>();
    const auto signer = std::make_shared<signing_identity>();
    signer->key.reset(
        kind == "P-256" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                        : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kind == "RSA-3072" ? 3072U : 2048U}));
    signer->certificate.reset(X509_new());
    X509* certificate = signer->certificate.get();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, signer->key.get());
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("bench"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    if (X509_sign(certificate, signer->key.get(), EVP_sha256()) == 0) {
        std::fprintf(stderr, "a certificate cannot be made\n");
        std::exit(1);
    }
    made->signer = signer;
    const auto chain = std::make_shared<checked_chain>();
    chain->issuers = make_stack();
    made->signer_chain = chain;
    made->recipients.reset(sk_X509_new_null());
    X509_up_ref(certificate);
    sk_X509_push(made->recipients.get(), certificate);
    return made;
}

class text_source final : public stream_source {
public:
    explicit text_source(const std::string& text) : text_(text) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min(capacity, text_.size() - position_);
        std::memcpy(buffer, text_.data() + position_, size);
        position_ += size;
        return size;
    }

private:
    const std::string& text_;
    std::size_t position_ = 0;
};

std::size_t seal_ours(const std::string& entity, const std::shared_ptr<const seal_material>& material, const seal& how,
                      const seal_algorithms& algorithms, const sealing_cipher& cipher) {
    body_stream stream = make_stream(std::make_unique<text_source>(entity));
    if (how.is_signed) {
        stream = sign_opaque(std::move(stream), material, algorithms, true);
    }
    if (how.is_encrypted) {
        stream = encrypt(std::move(stream), material, algorithms, cipher);
    }
    static std::string block(64UL * 1024, '\0');
    std::size_t total = 0;
    while (const std::size_t size = stream.read(block.data(), block.size())) {
        total += size;
    }
    return total;
}

void write_bare(BIO* out, CMS_ContentInfo* cms, BIO* in) {
    if (cms == nullptr || SMIME_write_CMS(out, cms, in, CMS_STREAM | CMS_BINARY) != 1) {
        ERR_print_errors_fp(stderr);
        std::exit(1);
    }
}

std::size_t seal_bare(const std::string& entity, const seal_material& material, const seal& how,
                      const EVP_CIPHER* cipher) {
    bio_pointer in(BIO_new_mem_buf(entity.data(), static_cast<int>(entity.size())));
    if (how.is_signed) {
        const cms_pointer cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, CMS_STREAM | CMS_PARTIAL | CMS_BINARY));
        CMS_add1_signer(cms.get(), material.signer->certificate.get(), material.signer->key.get(), EVP_sha256(),
                        CMS_STREAM | CMS_PARTIAL | CMS_BINARY | CMS_CADES);
        bio_pointer out(BIO_new(BIO_s_mem()));
        write_bare(out.get(), cms.get(), in.get());
        in = std::move(out);
    }
    if (how.is_encrypted) {
        const cms_pointer cms(CMS_encrypt(material.recipients.get(), nullptr, cipher, CMS_STREAM | CMS_BINARY));
        bio_pointer out(BIO_new(BIO_s_mem()));
        write_bare(out.get(), cms.get(), in.get());
        in = std::move(out);
    }
    char* bytes = nullptr;
    return static_cast<std::size_t>(BIO_get_mem_data(in.get(), &bytes));
}

template <typename Seal>
double rate(int count, Seal one) {
    const auto begin = clock_type::now();
    for (int i = 0; i < count; ++i) {
        benchmark::DoNotOptimize(one());
    }
    return count / seconds_since(begin);
}

comparison_table table;

void compare(benchmark::State& state, const std::string& figure, const std::string& kind, const seal& how,
             const std::string& entity, int count, double unit) {
    const auto material = make_material(kind);
    seal_algorithms algorithms;
    algorithms.encryption = "AES256";
    const sealing_cipher cipher(algorithms.encryption);
    compare_rates(
        state, table, figure, {target::bound::at_least, 0.95},
        [&] { return unit * rate(count, [&] { return seal_ours(entity, material, how, algorithms, cipher); }); },
        [&] { return unit * rate(count, [&] { return seal_bare(entity, *material, how, EVP_aes_256_cbc()); }); });
}

void register_all(const std::string& small, const std::string& large) {
    for (const seal& how : seals) {
        for (const char* kind : {"RSA-2048", "RSA-3072", "P-256"}) {
            const std::string figure = std::string("4 KiB, ") + kind + ", " + how.name + ", messages/s";
            benchmark::RegisterBenchmark(figure.c_str(), [=, &how, &small](benchmark::State& state) {
                compare(state, figure, kind, how, small, small_count, 1);
            })->Iterations(small_rounds);
        }
        const std::string figure = std::string("256 MiB, RSA-2048, ") + how.name + ", MB/s";
        benchmark::RegisterBenchmark(figure.c_str(), [=, &how, &large](benchmark::State& state) {
            compare(state, figure, "RSA-2048", how, large, 1, static_cast<double>(large_size) / 1e6);
        })->Iterations(3);
    }
}

std::string make_entity(std::size_t size) {
    std::string entity = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    while (entity.size() < size) {
        entity += "TGluZXMgb2Ygc2V2ZW50eS1zaXggY2hhcmFjdGVycywgYXMgYmFzZTY0IGhhcyB0aGVtIGluIG1h\r\n";
    }
    entity.resize(size);
    return entity;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string small = make_entity(small_size);
    const std::string large = make_entity(large_size);
    print_machine();
    std::printf("%s; AES-256-CBC, SHA-256, a signer that is the recipient\n", OpenSSL_version(OPENSSL_VERSION));
    register_all(small, large);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return table.print() ? 0 : 1;
}
