// Any bytes as a file of certificates, in each of its forms, with and without a password: it is read or a problem is
// told, what was read can be read again, and no problem repeats the password.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "certificates/certificate_facts.hpp"
#include "certificates/certificate_file.hpp"

using namespace hawser::engine;

namespace {

void read_as(const std::string& bytes, const std::string& file_name, const std::string* password) {
    const certificate_file content = read_certificate_file(bytes, file_name, password);
    const bool is_told = !content.problem.empty();
    if ((content.is_empty() && !is_told) || content.problem.find("pass-word") != std::string::npos) {
        std::abort();
    }
    for (const certificate_entry& one : content.certificates) {
        if (one.der.empty() || one.sha256.size() != 64 || one.file_name != file_name) {
            std::abort();
        }
        const certificate_facts facts = read_certificate_facts(one);
        for (const std::string& mailbox : facts.addresses.mailboxes) {
            is_for_address(facts.addresses, mailbox);
            addresses_in(mailbox);
        }
        if (read_certificate_file(one.der, "again.der", nullptr).certificates.size() != 1) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const std::string password = "pass-word";
    read_as(bytes, "x.pem", nullptr);
    read_as(bytes, "x.pem", &password);
    read_as(bytes, "x.p12", nullptr);
    read_as(bytes, "x.p12", &password);
    return 0;
}
