#include "tls_context.hpp"

#include <doctest/doctest.h>

#include "hawser/sdk/error.hpp"

using namespace hawser::smtp;

namespace {

std::string problem_of(tls_policy policy) {
    try {
        const tls_context made(std::move(policy));
    } catch (const hawser::failure& wrong) {
        return wrong.what();
    }
    return {};
}

}  // namespace

TEST_CASE("pinned keys are read as curl writes them, and nothing else is") {
    std::vector<std::string> pins;
    std::string why;
    const std::string one = "sha256/" + std::string(43, 'A') + "=";
    REQUIRE(parse_pinned_keys("", pins, why));
    CHECK(pins.empty());
    REQUIRE(parse_pinned_keys(one + ", " + one + ";" + one, pins, why));
    CHECK(pins == std::vector<std::string>(3, std::string(32, '\0')));
    CHECK(shown_pin(pins[0]) == one);
    for (const char* wrong : {"sha256/", "sha1/AAAA", "AAAA", "sha256/AAAA", "sha256//AAA", "sha256/AAAA=AAA"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_pinned_keys(wrong, pins, why));
        CHECK(why.find("sha256/") != std::string::npos);
    }
}

TEST_CASE("a policy whose files are no PEM is refused, naming the property") {
    tls_policy trusts_nobody;
    trusts_nobody.trusted = "\n";
    CHECK(problem_of(trusts_nobody).find("TLSTrustedCertificates") != std::string::npos);
    tls_policy garbage;
    garbage.client_certificate = secret_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    CHECK(problem_of(garbage).find("TLSClientCertificate") != std::string::npos);
    CHECK(problem_of({}).empty());
}

TEST_CASE("policies are the same only with the same secrets") {
    tls_policy one;
    tls_policy other;
    CHECK(one == other);
    other.client_certificate = secret_text("x");
    CHECK_FALSE(one == other);
}
