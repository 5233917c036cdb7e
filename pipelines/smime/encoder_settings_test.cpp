#include <doctest/doctest.h>

#include <hawser/test_kit.hpp>

#include "smime_encoder.hpp"

using namespace hawser::smime;
namespace kit = hawser::test_kit;

namespace {

// "/Digest: this has no effect…" for each problem.
std::vector<std::string> problems_of(kit::settings values) {
    kit::host host;
    const kit::instance encoder = kit::instance::of<smime_encoder>(host);
    std::vector<std::string> all;
    for (const kit::problem& one : encoder.validate(std::move(values))) {
        all.push_back((one.severity == 1 ? "error " : "") + one.pointer + ": " + one.text);
    }
    return all;
}
bool is_warned(const kit::settings& values, const std::string& start) {
    const std::vector<std::string> all = problems_of(values);
    return all.size() == 1 && all[0].rfind(start, 0) == 0;
}

}  // namespace

TEST_CASE("a property without effect is named") {
    for (const auto& [property, value] : std::map<std::string, std::string>{{"/Digest", "SHA512"},
                                                                            {"/SignaturePadding", "pss"},
                                                                            {"/EncryptionAlgorithm", "AES256"},
                                                                            {"/KeyTransport", "oaep"},
                                                                            {"/AllowLegacyAlgorithms", "true"},
                                                                            {"/AddSigningCertToMessage", "false"},
                                                                            {"/CheckRevocationList", "false"},
                                                                            {"/Profile", "edi-energy"},
                                                                            {"/HeaderProtection", "hcp_baseline"},
                                                                            {"/LegacyDisplay", "false"}}) {
        CAPTURE(property);
        CHECK(is_warned({{property, value}}, property + ": this has no effect"));
    }
    const kit::settings everything{{"/SignatureType", "BlobSign"}, {"/EnableEncryption", "true"},
                                   {"/Digest", "SHA512"},          {"/SignaturePadding", "pss"},
                                   {"/KeyTransport", "oaep"},      {"/Profile", "smime4"},
                                   {"/LegacyDisplay", "false"},    {"/EncryptionAlgorithm", "AES256"}};
    CHECK(problems_of(everything).empty());
    CHECK(problems_of({}).empty());
}

TEST_CASE("HeaderProtection beside the seals it needs") {
    CHECK(is_warned({{"/SignatureType", "BlobSign"}, {"/HeaderProtection", "hcp_shy"}},
                    "/HeaderProtection: the header is signed, but nothing of it is hidden"));
    CHECK(is_warned({{"/EnableEncryption", "true"}, {"/HeaderProtection", "hcp_no_confidentiality"}},
                    "/HeaderProtection: the subject stays readable"));
    CHECK(problems_of({{"/EnableEncryption", "true"}, {"/HeaderProtection", "hcp_baseline"}}).empty());
    CHECK(problems_of({{"/SignatureType", "ClearSign"}, {"/HeaderProtection", "hcp_no_confidentiality"}}).empty());
}

TEST_CASE("TripleWrap and EncryptToSelf need what they wrap") {
    CHECK(is_warned({{"/TripleWrap", "true"}, {"/SignatureType", "BlobSign"}}, "error /TripleWrap"));
    CHECK(is_warned({{"/EncryptToSelf", "me.pem"}, {"/SignatureType", "BlobSign"}}, "error /EncryptToSelf"));
    CHECK(is_warned({{"/ContentTransferEncoding", "Binary"}, {"/SignatureType", "ClearSign"}},
                    "/ContentTransferEncoding: ClearSign"));
}
