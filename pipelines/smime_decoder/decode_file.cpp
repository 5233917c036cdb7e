// decode_file: the decoder over one file, for tests against other programs and of memory. The body goes to standard
// output, the facts as "Name=value" lines to standard error.
//
//     decode_file --personal PEM… --other PEM… --trusted PEM… [--crl PEM] [--set Name=Value]… [--cms yes] FILE
//
// --cms yes: FILE is a CMS structure in BER, with any content, instead of a mail; its outermost layer is taken off.
//
// Exit code 0, or 1 with the decoder's reason; 64 for a usage that is none.
#include <openssl/objects.h>
#include <openssl/pem.h>

#include <cstdio>
#include <fstream>

#include "cms_envelope.hpp"
#include "cms_signature.hpp"
#include "cms_structure.hpp"
#include "decoded_properties.hpp"
#include "hawser/test_kit.hpp"
#include "message_decoding.hpp"

namespace kit = hawser::test_kit;
using namespace hawser::smime;

namespace {

class file_source final : public hawser::stream_source {
public:
    explicit file_source(const std::string& path) : file_(std::fopen(path.c_str(), "rb")) {
        if (!file_) {
            throw hawser::failure("cannot open " + path);
        }
    }
    std::size_t read(void* buffer, std::size_t capacity) override {
        return std::fread(buffer, 1, capacity, file_.get());
    }

private:
    std::unique_ptr<std::FILE, deleter<[](std::FILE* file) { std::fclose(file); }>> file_;
};

// Every certificate, key and CRL of a PEM file; a key belongs to the file's first certificate.
void read_pem(const std::string& path, std::uint32_t set, kit::host& host) {
    const bio_pointer in(BIO_new_file(path.c_str(), "r"));
    std::vector<kit::certificate>& into = host.certificates[set];
    const std::size_t first = into.size();
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* bytes = nullptr;
    long size = 0;
    while (in && PEM_read_bio(in.get(), &name, &header, &bytes, &size) == 1) {
        const std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        const std::string kind = name;
        if (kind == "CERTIFICATE") {
            into.push_back({der, "", path});
        } else if (kind == "X509 CRL") {
            host.certificates[HAWSER_CERTIFICATES_CRLS].push_back({der, "", path});
        } else if (kind.find("PRIVATE KEY") != std::string::npos && into.size() > first) {
            into[first].private_key = der;
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(bytes);
    }
    ERR_clear_error();
}

struct options {
    kit::host host;
    decode_policy policy;
    std::string file;
    bool is_cms = false;
};

bool set_policy(decode_policy& policy, const std::string& setting) {
    const std::string name = setting.substr(0, setting.find('='));
    const bool is_true = setting == name + "=true";
    if (name == "CheckRevocationList") {
        policy.checks_revocation = is_true;
    } else if (name == "AllowUnauthenticatedEncryption") {
        policy.allows_unauthenticated_encryption = is_true;
    } else if (name == "AllowLegacyAlgorithms") {
        policy.allows_legacy_algorithms = is_true;
    } else {
        return false;
    }
    return true;
}

bool parse(int count, char** words, options& out) {
    for (const std::uint32_t set :
         {HAWSER_CERTIFICATES_PERSONAL, HAWSER_CERTIFICATES_DECRYPTION, HAWSER_CERTIFICATES_OTHER_PEOPLE,
          HAWSER_CERTIFICATES_TRUSTED, HAWSER_CERTIFICATES_CRLS}) {
        out.host.certificates[set] = {};
    }
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word.rfind("--", 0) != 0) {
            out.file = word;
            continue;
        }
        const std::uint32_t set = word == "--personal"  ? HAWSER_CERTIFICATES_DECRYPTION
                                  : word == "--other"   ? HAWSER_CERTIFICATES_OTHER_PEOPLE
                                  : word == "--trusted" ? HAWSER_CERTIFICATES_TRUSTED
                                  : word == "--crl"     ? HAWSER_CERTIFICATES_CRLS
                                                        : 0;
        if (word == "--cms") {
            out.is_cms = true;
            ++i;
            continue;
        }
        if (++i >= count || (set == 0 && (word != "--set" || !set_policy(out.policy, words[i])))) {
            return false;
        }
        if (set != 0) {
            read_pem(words[i], set, out.host);
        }
    }
    return !out.file.empty();
}

void write_out(hawser::body_stream body) {
    std::string block(64 * 1024, '\0');
    while (const std::size_t size = body.read(block.data(), block.size())) {
        if (std::fwrite(block.data(), 1, size, stdout) != size) {
            throw hawser::failure("cannot write");
        }
    }
}

void decode_cms(options& given) {
    const auto material = load_decode_material(hawser::host(given.host.abi()));
    ber_reader structure{byte_reader(hawser::make_stream(std::make_unique<file_source>(given.file)))};
    decode_facts facts;
    const int kind = enter_content_info(structure);
    write_out(kind == NID_pkcs7_signed ? open_signed(std::move(structure), *material, given.policy, facts)
                                       : open_envelope(std::move(structure), kind, *material, given.policy, facts));
}

void decode(options& given) {
    message_decoding decoding(load_decode_material(hawser::host(given.host.abi())), given.policy);
    write_out(decoding.open(hawser::make_stream(std::make_unique<file_source>(given.file))));
    kit::message told;
    hawser::message view(told.abi(), hawser::host(given.host.abi()));
    promote_decoded_properties(view, decoding.facts(), given.policy.checks_revocation);
    for (const auto& [name, value] : told.properties) {
        std::fprintf(stderr, "%s=%s\n", name.c_str(), value.value.c_str());
    }
    std::ifstream status("/proc/self/status");  // getrusage also counts what ran in this process before
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) == 0) {
            std::fprintf(stderr, "peak_kib=%s\n", line.c_str() + line.find_first_of("0123456789"));
        }
    }
}

}  // namespace

int main(int count, char** words) {
    options given;
    if (!parse(count, words, given)) {
        std::fprintf(stderr, "usage: decode_file --personal PEM --trusted PEM [--set Name=Value] FILE\n");
        return 64;
    }
    try {
        given.is_cms ? decode_cms(given) : decode(given);
    } catch (const std::exception& thrown) {
        std::fprintf(stderr, "%s\n", thrown.what());
        return 1;
    }
    return 0;
}
