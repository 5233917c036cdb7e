#include <doctest/doctest.h>

#include <filesystem>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

// Line 2 has the certificates.
loaded load_certificates(const folder& f, const std::string& certificates) {
    std::filesystem::create_directories(std::filesystem::path(f.path) / "certs");
    f.write("certs/bus.p12", "x");
    f.write("secret", "pass word\n");
    return load(f.write("b.json", "{\"host\": {\n\"certificates\": " + certificates + "}, \"sendPorts\": []}"));
}

}  // namespace

TEST_CASE("passwords of certificate files come from where secrets are") {
    const folder f;
    const loaded got = load_certificates(
        f, R"({"personal": "certs", "warnBefore": "14d", "passwords": {"bus.p12": {"file": "secret"}}})");
    REQUIRE(got.lines(f.path).empty());
    const certificate_sources& sources = got.bindings.host.certificates;
    REQUIRE(sources.passwords.size() == 1);
    CHECK(sources.passwords.at("bus.p12").text() == "pass word");
    CHECK(sources.warn_before_ms == std::int64_t{14} * 24 * 3600 * 1000);
}

TEST_CASE("without passwords there are none, and warnings begin 30 days before") {
    const folder f;
    const certificate_sources sources = load_certificates(f, R"({"personal": "certs"})").bindings.host.certificates;
    CHECK(sources.passwords.empty());
    CHECK(sources.warn_before_ms == std::int64_t{30} * 24 * 3600 * 1000);
}

TEST_CASE("what is wrong with a password of a certificate file is said where it stands") {
    struct mistake {
        std::string passwords;
        std::string piece;
    };
    for (const mistake& one :
         {mistake{R"({"certs/bus.p12": {"file": "secret"}})", "a file name without its folder"},
          mistake{R"({"bus.p12": {"file": "missing"}})", "cannot be read"},
          mistake{R"({"bsu.p12": {"file": "secret"}})", "there is no file \"bsu.p12\" in the certificate folders"},
          mistake{R"({"bus.p12": "pass word"})", "a secret stands in the file itself"},
          mistake{R"({"bus.p12": 12})", "a secret is {"}}) {
        const folder f;
        CAPTURE(one.passwords);
        const std::vector<std::string> lines =
            load_certificates(f, R"({"personal": "certs", "passwords": )" + one.passwords + "}").lines(f.path);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("b.json:2:") != std::string::npos);
        CHECK(lines[0].find("/host/certificates/passwords/") != std::string::npos);
        CHECK(lines[0].find(one.piece) != std::string::npos);
        CHECK(lines[0].find("pass word") == std::string::npos);
    }
}

TEST_CASE("tokens are read, each with its PIN from where secrets are") {
    const folder f;
    const certificate_sources sources =
        load_certificates(f,
                          R"({"tokens": [{"module": "/usr/lib/one.so", "token": "pkcs11:token=bus",)"
                          R"( "pin": {"file": "secret"}}, {"module": "/usr/lib/two.so", "token": "pkcs11:serial=7"}]})")
            .bindings.host.certificates;
    REQUIRE(sources.tokens.size() == 2);
    CHECK(sources.tokens[0].module == "/usr/lib/one.so");
    CHECK(sources.tokens[0].uri == "pkcs11:token=bus");
    CHECK_FALSE(sources.tokens[0].pin.text().empty());
    CHECK(sources.tokens[1].pin.text().empty());
}

TEST_CASE("what is wrong with a token is said where it stands, without its PIN") {
    struct mistake {
        std::string token;
        std::string pointer;
        std::string piece;
    };
    for (const mistake& one :
         {mistake{R"({"module": "x.so", "token": "pkcs11:token=bus"})", "/module", "by its absolute path"},
          mistake{R"({"module": "/x.so", "token": "bus"})", "/token", "RFC 7512"},
          mistake{R"({"module": "/x.so", "token": "pkcs11:token=bus;id=%01"})", "/token", "does not name a token"},
          mistake{R"({"module": "/x.so", "token": "pkcs11:token=bus?pin-value=4711"})", "/token", "a PIN does not"},
          mistake{R"({"module": "/x.so", "token": "pkcs11:"})", "/token", "is named by its attributes"},
          mistake{R"({"module": "/x.so", "token": "pkcs11:token=bus", "pin": {"file": "missing"}})", "/pin",
                  "cannot be read"},
          mistake{R"({"module": "/x.so", "token": "pkcs11:token=bus", "PIN": "4711"})", "/PIN", "pin"}}) {
        const folder f;
        CAPTURE(one.token);
        const std::vector<std::string> lines = load_certificates(f, R"({"tokens": [)" + one.token + "]}").lines(f.path);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("/host/certificates/tokens/0" + one.pointer) != std::string::npos);
        CHECK(lines[0].find(one.piece) != std::string::npos);
        CHECK(lines[0].find("4711") == std::string::npos);
    }
}
