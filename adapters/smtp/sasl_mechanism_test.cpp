#include "sasl_mechanism.hpp"

#include <doctest/doctest.h>

#include "sasl_base64.hpp"
#include "sasl_prepare.hpp"
#include "sasl_scram.hpp"

using namespace hawser::smtp;

namespace {

sasl_credentials user(const char* name, const char* password) { return {name, secret_text(password)}; }

std::unique_ptr<sasl_mechanism> scram(scram_hash hash, const char* nonce,
                                      scram_binding binds = scram_binding::not_supported,
                                      channel_binding binding = {}) {
    return make_scram({hash, binds, std::move(binding), nonce}, user("user", "pencil"));
}

const std::string nonce_256 = "rOprNGfwEbeRWgbNEkqO";
const std::string server_first_256 =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

}  // namespace

TEST_CASE("base64 is one run of characters with its padding, and nothing else is read") {
    CHECK(to_base64("").view().empty());
    CHECK(to_base64("tanstaaftanstaaf").view() == "dGFuc3RhYWZ0YW5zdGFhZg==");
    for (const char* text : {"", "Zg==", "Zm8=", "Zm9v", "AAEC/+8="}) {
        const auto decoded = from_base64(text);
        REQUIRE(decoded);
        CHECK(to_base64(decoded->view()).view() == text);
    }
    for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Zm9v\n", " Zm9", "Zm=v", "Zm9-", "Zg==Zg=="}) {
        CHECK_FALSE(from_base64(wrong));
    }
}

TEST_CASE("PLAIN sends an empty authorization identity, name and password (RFC 4616)") {
    const auto plain =
        make_password_mechanism("PLAIN", user("tim", "tanstaaftanstaaf"), {}, scram_binding::not_supported);
    REQUIRE(plain->has_initial_response());
    CHECK_FALSE(plain->may_succeed());
    CHECK(plain->respond("").view() == std::string_view("\0tim\0tanstaaftanstaaf", 21));
    CHECK(plain->may_succeed());
    CHECK_THROWS_AS(plain->respond("more"), sasl_failure);
}

TEST_CASE("LOGIN answers two questions, whatever they say") {
    const auto login = make_password_mechanism("LOGIN", user("tim", "secret"), {}, scram_binding::not_supported);
    CHECK_FALSE(login->has_initial_response());
    CHECK(login->respond("Username:").view() == "tim");
    CHECK_FALSE(login->may_succeed());
    CHECK(login->respond("").view() == "secret");
    CHECK(login->may_succeed());
    CHECK_THROWS_AS(login->respond("Again:"), sasl_failure);
}

TEST_CASE("CRAM-MD5 gives the digest of RFC 2195") {
    const auto cram =
        make_password_mechanism("CRAM-MD5", user("tim", "tanstaaftanstaaf"), {}, scram_binding::not_supported);
    CHECK_FALSE(cram->has_initial_response());
    CHECK(cram->respond("<1896.697170952@postoffice.reston.mci.net>").view() == "tim b913a602c7eda7a495b4e6e7334d3890");
    CHECK(cram->may_succeed());
    CHECK_THROWS_AS(cram->respond("<again>"), sasl_failure);
    const auto empty = make_password_mechanism("CRAM-MD5", user("tim", "x"), {}, scram_binding::not_supported);
    CHECK_THROWS_AS(empty->respond(""), sasl_failure);
}

TEST_CASE("SCRAM-SHA-256 gives the exchange of RFC 7677") {
    const auto one = scram(scram_hash::sha256, nonce_256.c_str());
    CHECK(one->has_initial_response());
    CHECK(one->respond("").view() == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    CHECK(one->respond(server_first_256).view() ==
          "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK_FALSE(one->may_succeed());  // the server has not proved itself yet
    CHECK(one->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").is_empty());
    CHECK(one->may_succeed());
    CHECK_THROWS_AS(one->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), sasl_failure);
}

TEST_CASE("SCRAM-SHA-1 gives the exchange of RFC 5802") {
    const auto one = scram(scram_hash::sha1, "fyko+d2lbbFgONRv9qkxdawL");
    CHECK(one->respond("").view() == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    CHECK(one->respond("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096").view() ==
          "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    CHECK(one->respond("v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").is_empty());
    CHECK(one->may_succeed());
}

TEST_CASE("SCRAM says what it knows of channel binding, and binds the data") {
    const auto unbound = scram(scram_hash::sha256, "abc", scram_binding::not_offered);
    CHECK(unbound->respond("").view() == "y,,n=user,r=abc");
    CHECK(unbound->respond("r=abcd,s=QSXCR+Q6sek8bf92,i=4096").view().starts_with("c=eSws,r=abcd,p="));
    const auto bound =
        scram(scram_hash::sha256, "abc", scram_binding::required, {"tls-exporter", std::string("\1\2", 2)});
    CHECK(bound->respond("").view() == "p=tls-exporter,,n=user,r=abc");
    const std::string channel =
        "c=" + std::string(to_base64(std::string("p=tls-exporter,,\1\2", 18)).view()) + ",r=abcd,p=";
    CHECK(bound->respond("r=abcd,s=QSXCR+Q6sek8bf92,i=4096").view().starts_with(channel));
}

TEST_CASE("SCRAM breaks off where the server's first message is not right") {
    for (const std::string& wrong :
         {std::string(), std::string("garbage"), std::string("m=ext,") + server_first_256,
          std::string("r=") + nonce_256 + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  // adds nothing of its own
          std::string("r=somebody-elses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),     // not a continuation
          std::string("r=") + nonce_256 + "\x80,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
          std::string("r=") + nonce_256 + std::string(600, 'x') + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
          std::string("r=") + nonce_256 + "x,s=,i=4096", std::string("r=") + nonce_256 + "x,s=not base64,i=4096",
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095",  // cheaper to guess from
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-4096",
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",  // keeps us busy
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999",
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096x",
          std::string("r=") + nonce_256 + "x,s=W22ZaJ0SNY7soEsUEjb6gQ==", std::string("e=unknown-user")}) {
        const auto one = scram(scram_hash::sha256, nonce_256.c_str());
        one->respond("");
        CAPTURE(wrong);
        CHECK_THROWS_AS(one->respond(wrong), sasl_failure);
        CHECK_FALSE(one->may_succeed());
    }
}

TEST_CASE("SCRAM does not believe a server that cannot prove that it knows the password") {
    for (const char* wrong :
         {"", "v=", "v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/",
          "e=invalid-proof", "e=channel-bindings-dont-match", "e=unsupported-channel-binding-type"}) {
        const auto one = scram(scram_hash::sha256, nonce_256.c_str());
        one->respond("");
        one->respond(server_first_256);
        CAPTURE(wrong);
        CHECK_THROWS_AS(one->respond(wrong), sasl_failure);
        CHECK_FALSE(one->may_succeed());
    }
}

TEST_CASE("SCRAM prepares name and password, and escapes the name (RFC 5802 section 5.1)") {
    const auto one =
        make_scram({scram_hash::sha256, scram_binding::not_supported, {}, "abc"}, user("a=b,\xC2\xAA", "p"));
    CHECK(one->respond("").view() == "n,,n=a=3Db=2Ca,r=abc");
    const auto prohibited =
        make_scram({scram_hash::sha256, scram_binding::not_supported, {}, "abc"}, user("a\x07", "p"));
    CHECK_THROWS_AS(prohibited->respond(""), sasl_failure);
}

TEST_CASE("SASLprep gives the examples of RFC 4013") {
    const auto prepared = [](std::string_view text) {
        return std::string(sasl_prepare(text, sasl_string::stored, "the password").view());
    };
    CHECK(prepared("I\xC2\xADX") == "IX");
    CHECK(prepared("user") == "user");
    CHECK(prepared("USER") == "USER");
    CHECK(prepared("\xC2\xAA") == "a");
    CHECK(prepared("\xE2\x85\xA8") == "IX");
    CHECK_THROWS_AS(prepared("\x07"), sasl_failure);
    CHECK_THROWS_AS(prepared("\xD8\xA7\x31"), sasl_failure);
    CHECK_THROWS_AS(prepared("not UTF-8: \xFF"), sasl_failure);
    CHECK_THROWS_AS(prepared(std::string_view("a\0b", 3)), sasl_failure);
    CHECK_THROWS_AS(prepared("\xF0\x9F\x98\x80"), sasl_failure);  // not assigned in Unicode 3.2
    CHECK_NOTHROW(sasl_prepare("\xF0\x9F\x98\x80", sasl_string::query, "the user name"));
}

TEST_CASE("the strongest mechanism stands first, and nonces are not repeated") {
    CHECK(password_mechanisms().front() == "SCRAM-SHA-256-PLUS");
    CHECK(password_mechanisms().back() == "LOGIN");
    CHECK(make_scram_nonce() != make_scram_nonce());
    CHECK(make_scram_nonce().find(',') == std::string::npos);
}
