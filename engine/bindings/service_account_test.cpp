#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

// Line 2 has the account.
loaded load_account(const folder& f, const std::string& account) {
    return load(f.write("b.json", "{\"host\": {\n\"serviceAccount\": " + account + "}, \"sendPorts\": []}"));
}

}  // namespace

TEST_CASE("a service account has a domain, a user and a password from where secrets are") {
    const folder f;
    f.write("secret", "pass word\n");
    const loaded got = load_account(f, R"({"domain": "CONTOSO", "user": "svc", "password": {"file": "secret"}})");
    REQUIRE(got.lines(f.path).empty());
    const service_account_binding& account = got.bindings.host.service_account;
    CHECK(account.domain == "CONTOSO");
    CHECK(account.user == "svc");
    CHECK(account.password.text() == "pass word");
}

TEST_CASE("without a service account there is none, and its domain may be left out") {
    const folder f;
    f.write("secret", "x");
    CHECK(load(f.write("b.json", R"({"host": {}, "sendPorts": []})")).bindings.host.service_account.user.empty());
    const loaded got = load_account(f, R"({"user": "svc", "password": {"file": "secret"}})");
    CHECK(got.lines(f.path).empty());
    CHECK(got.bindings.host.service_account.user == "svc");
}

TEST_CASE("what is wrong with a service account is said where it stands") {
    struct mistake {
        std::string account;
        std::string piece;
    };
    const std::vector<mistake> mistakes{
        {R"({"user": "svc"})", "has a user and a password"},
        {R"({"password": {"file": "secret"}})", "has a user and a password"},
        {R"({"user": "svc", "password": {"file": "missing"}})", "missing cannot be read"},
        {R"({"user": "svc", "password": {"fiel": "secret"}})", "did you mean \"file\"?"},
        {R"({"user": "svc", "password": 1})", "a secret is"},
        {R"({"user": "CONTOSO\\svc", "password": {"file": "secret"}})", "the domain has a key of its own"},
        {R"({"user": "svc@CONTOSO", "password": {"file": "secret"}})", "the domain has a key of its own"},
        {R"({"domain": "A\nB", "user": "svc", "password": {"file": "secret"}})", "control characters"},
        {R"({"usr": "svc", "user": "svc", "password": {"file": "secret"}})", "did you mean \"user\"?"},
        {R"("svc")", "object"}};
    for (const mistake& one : mistakes) {
        const folder f;
        f.write("secret", "x");
        const std::vector<std::string> lines = load_account(f, one.account).lines(f.path);
        CAPTURE(one.account);
        REQUIRE(lines.size() == 1);
        CAPTURE(lines[0]);
        CHECK(lines[0].starts_with("b.json:2:"));
        CHECK(lines[0].find(one.piece) != std::string::npos);
    }
}
