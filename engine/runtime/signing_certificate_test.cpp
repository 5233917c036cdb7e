// What `hawser check` says about the certificate that the host signs with.
#include <doctest/doctest.h>

#include "certificates/certificate_fixture.hpp"
#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine::test;

namespace {

class signing_fixture : public host_fixture {
public:
    signing_fixture() { write({{"Out"}}); }

    std::vector<problem> problems(const std::string& certificates) const {
        std::ofstream(path("signing.json")) << R"({"host":{"certificates":)" << certificates << "}}";
        return hawser::load(path("b.json").string(), {.overlays = {path("signing.json").string()}}).problems;
    }
    std::string problems_with(const std::string& selector) const {
        const std::vector<problem> found =
            problems(R"({"personal":")" + folder.path.string() + R"(","signing":")" + selector + "\"}");
        REQUIRE(found.size() <= 1);
        return found.empty() ? "" : found[0].line_text();
    }
    made_folder folder;
};

}  // namespace

TEST_CASE_FIXTURE(signing_fixture,
                  "a signing certificate that is not there is said by check, with where and what to do") {
    folder.make("bus");
    CHECK(problems_with("bus.pem") == "");
    const std::string said = problems_with("bis.pem");
    CHECK(said.find("signing.json:1:") != std::string::npos);
    CHECK(said.find("/host/certificates/signing") != std::string::npos);
    CHECK(said.find("no file in " + folder.path.string() + " has the certificate \"bis.pem\": put it there") !=
          std::string::npos);
    folder.run("openssl x509 -in bus.pem -out alone.pem && rm bus.pem");
    CHECK(problems_with("alone.pem").find(folder.path.string() + "/alone.pem has no private key") != std::string::npos);
    const std::vector<problem> without_folder = problems(R"({"signing":"bus.pem"})");
    REQUIRE(without_folder.size() == 1);
    CHECK(without_folder[0].text.find("host.certificates.personal") != std::string::npos);
    CHECK_FALSE(without_folder[0].is_error);
    CHECK(problems("{}").empty());
}
