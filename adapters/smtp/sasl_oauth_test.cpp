#include "sasl_oauth.hpp"

#include <doctest/doctest.h>

#include "oauth_grant.hpp"

using namespace hawser::smtp;

namespace {

std::unique_ptr<sasl_mechanism> bearer(const char* name) {
    return make_token_mechanism(
        name, {"user@example.com", "server.example.com", 587, secret_text("vF9dft4qmTc2Nvb3RlckBhbHR=")});
}

oauth_grant grant(const char* refresh_token = "") {
    oauth_grant one;
    one.client_id = "id:1";
    one.scope = "mail.send offline";
    one.client_secret = secret_text("s&cret");
    one.refresh_token = secret_text(refresh_token);
    return one;
}

std::string wrong_endpoint(std::string_view text, bool allows_clear_text = false) {
    token_endpoint_address found;
    std::string why;
    return parse_token_endpoint(text, allows_clear_text, found, why) ? "" : why;
}

}  // namespace

TEST_CASE("OAUTHBEARER gives the response of RFC 7628 section 4.1") {
    const auto one = bearer("OAUTHBEARER");
    REQUIRE(one->has_initial_response());
    CHECK(one->respond("").view() == std::string("n,a=user@example.com,\1host=server.example.com\1port=587\1"
                                                 "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHR=\1\1"));
    CHECK(one->may_succeed());
}

TEST_CASE("XOAUTH2 gives the response that Google and Microsoft describe") {
    const auto one = bearer("XOAUTH2");
    CHECK(one->respond("").view() == std::string("user=user@example.com\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHR=\1\1"));
    CHECK(one->may_succeed());
}

TEST_CASE("the server's reason is shown, and answered so that it can refuse") {
    const auto standard = bearer("OAUTHBEARER");
    standard->respond("");
    CHECK(standard->respond(R"({"status":"invalid_token","scope":"mail.send"})").view() == "\1");
    CHECK(standard->server_problem() == R"(status "invalid_token", scope "mail.send")");
    CHECK_FALSE(standard->may_succeed());
    CHECK_THROWS_AS(standard->respond("again"), sasl_failure);
    const auto early = bearer("XOAUTH2");
    early->respond("");
    CHECK(early->respond("\x1b[31m no JSON").is_empty());
    CHECK(early->server_problem() == "\"?[31m no JSON\"");
}

TEST_CASE("a token is asked for by client credentials or by a refresh token") {
    const token_request first = make_token_request(grant());
    CHECK(first.body.view() == "grant_type=client_credentials&scope=mail.send%20offline");
    CHECK(first.authorization.view() == "Basic aWQlM0ExOnMlMjZjcmV0");  // id%3A1:s%26cret
    oauth_grant in_body = grant("r/1");
    in_body.sends_secret_in_body = true;
    const token_request second = make_token_request(in_body);
    CHECK(second.authorization.is_empty());
    CHECK(second.body.view() ==
          "grant_type=refresh_token&refresh_token=r%2F1&scope=mail.send%20offline&client_id=id%3A1&client_secret=s%"
          "26cret");
    oauth_grant public_client = grant("r");
    public_client.client_secret = {};
    CHECK(make_token_request(public_client).authorization.is_empty());
    CHECK(make_token_request(public_client).body.view().ends_with("&client_id=id%3A1"));
}

TEST_CASE("a token endpoint is https, or on this machine where that is allowed by name") {
    token_endpoint_address found;
    std::string why;
    REQUIRE(parse_token_endpoint("https://login.example.com/t1/oauth2/v2.0/token?p=1", false, found, why));
    CHECK(found.host == "login.example.com");
    CHECK(found.port == "443");
    CHECK(found.target == "/t1/oauth2/v2.0/token?p=1");
    REQUIRE(parse_token_endpoint("https://[::1]:8443", false, found, why));
    CHECK(found.host == "::1");
    CHECK(found.port == "8443");
    CHECK(found.target == "/");
    CHECK(wrong_endpoint("http://127.0.0.1:80/token", true).empty());
    for (const char* wrong : {"", "login.example.com", "ftp://x/", "https://", "https://user:secret@x/", "https://x/#y",
                              "https://x/\r\nHost: y", "http://127.0.0.1/token"}) {
        CAPTURE(wrong);
        CHECK_FALSE(wrong_endpoint(wrong).empty());
    }
    CHECK_FALSE(wrong_endpoint("http://login.example.com/token", true).empty());
}

TEST_CASE("a granted token is taken with its lifetime, and anything else is not") {
    const token_answer granted = read_token_answer(
        200, R"({"access_token":"abc","token_type":"bearer","expires_in":3600,"refresh_token":"next"})");
    CHECK(granted.what == token_answer::kind::granted);
    CHECK(granted.access_token.view() == "abc");
    CHECK(granted.refresh_token.view() == "next");
    CHECK(granted.lifetime_s == 3600);
    CHECK(read_token_answer(200, R"({"access_token":"abc","token_type":"Bearer"})").lifetime_s ==
          token_lifetime_default_s);
    CHECK(read_token_answer(200, R"({"access_token":"a","token_type":"Bearer","expires_in":-5})").lifetime_s == 0);
    CHECK(read_token_answer(200, R"({"access_token":"a","token_type":"Bearer","expires_in":1e99})").lifetime_s ==
          token_lifetime_max_s);
    const std::string huge = R"({"token_type":"Bearer","access_token":")" + std::string(20000, 'x') + "\"}";
    for (const std::string& wrong :
         {std::string(), std::string("<html>"), std::string("[]"), std::string(R"({"token_type":"Bearer"})"),
          std::string(R"({"access_token":"a b","token_type":"Bearer"})"),
          std::string(R"({"access_token":"\u0001x","token_type":"Bearer"})"),
          std::string(R"({"access_token":1,"token_type":"Bearer"})"),
          std::string(R"({"access_token":"a","token_type":"mac"})"), huge}) {
        const token_answer answer = read_token_answer(200, wrong);
        CHECK(answer.what == token_answer::kind::try_later);
        CHECK(answer.access_token.is_empty());
        CHECK_FALSE(answer.problem.empty());
    }
}

TEST_CASE("a refused grant fails, an endpoint's bad moment does not") {
    const token_answer client =
        read_token_answer(401, R"({"error":"invalid_client","error_description":"AADSTS7000215"})");
    CHECK(client.what == token_answer::kind::refused);
    CHECK(client.problem.find("AADSTS7000215") != std::string::npos);
    CHECK(client.problem.find("ClientSecret") != std::string::npos);
    CHECK(read_token_answer(400, R"({"error":"invalid_grant"})").problem.find("RefreshToken") != std::string::npos);
    CHECK(read_token_answer(404, "<html>").what == token_answer::kind::refused);
    CHECK(read_token_answer(302, "").what == token_answer::kind::refused);
    CHECK(read_token_answer(503, "busy").what == token_answer::kind::try_later);
    CHECK(read_token_answer(429, "").what == token_answer::kind::try_later);
    CHECK(read_token_answer(400, R"({"error":"temporarily_unavailable"})").what == token_answer::kind::try_later);
}
