// NIST's Public Key Interoperability Test Suite, path by path, through the check that the encoder and the decoder make.
// Each of its signed messages brings the certificates and CRLs of one path along.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "certificate_check.hpp"
#include "pkits_paths.hpp"

using namespace hawser::smime;

namespace {

const std::filesystem::path suite_folder = PKITS_FOLDER;

x509_pointer read_anchor() {
    const bio_pointer in(BIO_new_file((suite_folder / "certs" / "TrustAnchorRootCertificate.crt").c_str(), "rb"));
    x509_pointer anchor(in ? d2i_X509_bio(in.get(), nullptr) : nullptr);
    REQUIRE_MESSAGE(anchor, "the suite's trust anchor");
    return anchor;
}

cms_pointer read_signed(const std::string& name) {
    const std::filesystem::path file = suite_folder / "smime" / ("Signed" + name + ".eml");
    const bio_pointer in(BIO_new_file(file.c_str(), "rb"));
    BIO* content = nullptr;
    cms_pointer read(in ? SMIME_read_CMS(in.get(), &content) : nullptr);
    BIO_free_all(content);
    REQUIRE_MESSAGE(read, file.string());
    return read;
}

std::string der_of(X509_CRL* crl) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_X509_CRL_bio(out.get(), crl);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

policy_inputs inputs_of(const pkits::path& path) {
    policy_inputs inputs;
    for (const int number : path.policies) {
        inputs.accepted.push_back("2.16.840.1.101.3.2.1.48." + std::to_string(number));
    }
    inputs.requires_explicit = (path.settings & pkits::explicit_policy) != 0;
    inputs.inhibits_mapping = (path.settings & pkits::no_mapping) != 0;
    inputs.inhibits_any = (path.settings & pkits::no_any_policy) != 0;
    return inputs;
}

// Gives the reason where the path is not valid.
std::string check_path(const pkits::path& path, X509* anchor) {
    const cms_pointer sealed = read_signed(path.name);
    trust_material trust(inputs_of(path));
    trust.add_anchor(anchor);
    const crl_stack_pointer crls(CMS_get1_crls(sealed.get()));
    for (int i = 0; i < sk_X509_CRL_num(crls.get()); ++i) {
        trust.add_crl(der_of(sk_X509_CRL_value(crls.get(), i)), "of the path");
    }
    const stack_pointer sent_along(CMS_get1_certs(sealed.get()));
    CMS_set1_signers_certs(sealed.get(), nullptr, 0);
    X509* signer = nullptr;
    CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(sealed.get()), 0), nullptr, &signer, nullptr,
                             nullptr);
    REQUIRE_MESSAGE(signer != nullptr, path.name);
    try {
        const bool has_old_key = std::string(path.name).find("DSA") != std::string::npos;  // of 1024 bits
        check_certificate(signer,
                          {.purpose = certificate_purpose::signing,
                           .allows_legacy_algorithms = has_old_key,
                           .sent_along = sent_along.get()},
                          trust, path.name);
        return {};
    } catch (const hawser::failure& refused) {
        return refused.what();
    }
}

std::vector<std::string> message_names() {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(suite_folder / "smime")) {
        names.push_back(file.path().stem().string().substr(std::string("Signed").size()));
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The procedures of one message: those of the table, else one with the default settings and the result in its name.
std::vector<pkits::path> procedures_of(const std::string& name) {
    std::vector<pkits::path> found;
    std::copy_if(std::begin(pkits::paths), std::end(pkits::paths), std::back_inserter(found),
                 [&](const pkits::path& one) { return one.name == name; });
    if (found.empty()) {
        const bool is_valid = name.rfind("Valid", 0) == 0;
        REQUIRE_MESSAGE((is_valid || name.rfind("Invalid", 0) == 0), name, " does not say what is to come of it");
        found.push_back({"", name.c_str(), is_valid});
    }
    return found;
}

struct tally {
    int accepted = 0;
    int refused = 0;
    int wrong = 0;
    int left_out = 0;
};

bool is_left_out(const std::string& name) {
    return std::any_of(std::begin(pkits::not_taken), std::end(pkits::not_taken),
                       [&](const pkits::left_out& one) { return one.name == name; });
}

// Not what PKITS is about: a refusal for this reason would hide that the path is not refused for its own.
bool is_about_purpose(const std::string& reason) { return reason.find("is not usable for") != std::string::npos; }

}  // namespace

TEST_CASE("every path of PKITS is accepted or refused as NIST says") {
    const x509_pointer anchor = read_anchor();
    const std::vector<std::string> names = message_names();
    tally all;
    for (const std::string& name : names) {
        if (is_left_out(name)) {
            ++all.left_out;
            continue;
        }
        for (const pkits::path& path : procedures_of(name)) {
            const std::string reason = check_path(path, anchor.get());
            CHECK_MESSAGE(reason.empty() == path.is_valid, path.number, " ", name, ": ",
                          reason.empty() ? "accepted" : reason);
            CHECK_MESSAGE(!is_about_purpose(reason), reason);
            all.wrong += reason.empty() != path.is_valid ? 1 : 0;
            ++(reason.empty() ? all.accepted : all.refused);
        }
    }
    std::printf("PKITS: %zu messages, %d procedures: %d accepted, %d refused, %d of them wrongly; %d left out\n",
                names.size(), all.accepted + all.refused, all.accepted, all.refused, all.wrong, all.left_out);
    for (const pkits::left_out& one : pkits::not_taken) {
        std::printf("    left out: %s: %s\n", one.name, one.reason);
    }
    CHECK(names.size() == 224);
    CHECK(all.accepted + all.refused == 245);
    CHECK(all.left_out == std::ssize(pkits::not_taken));
    CHECK(std::all_of(std::begin(pkits::paths), std::end(pkits::paths), [&](const pkits::path& one) {
        return std::binary_search(names.begin(), names.end(), std::string(one.name));
    }));
}
