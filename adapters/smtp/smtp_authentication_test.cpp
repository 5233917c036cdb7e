#include "smtp_authentication.hpp"

#include <doctest/doctest.h>

#include "smtp_trouble.hpp"

using namespace hawser::smtp;
using hawser::verdict;

namespace {

smtp_extensions offering(std::vector<std::string> mechanisms) {
    smtp_extensions found;
    found.authentication = std::move(mechanisms);
    return found;
}

std::string chosen(std::vector<std::string> offered, const std::string& fixed = "", bool can_bind = true) {
    return choose_mechanism(offering(std::move(offered)), password_mechanisms(), fixed, can_bind).name;
}

}  // namespace

TEST_CASE("the strongest mechanism that is offered is chosen") {
    CHECK(chosen({"LOGIN", "PLAIN"}) == "PLAIN");
    CHECK(chosen({"PLAIN", "CRAM-MD5", "LOGIN"}) == "CRAM-MD5");
    CHECK(chosen({"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "CRAM-MD5"}) == "SCRAM-SHA-256");
    CHECK(chosen({"SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"}) == "SCRAM-SHA-1-PLUS");
    CHECK(chosen({"SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"}, "", false) == "SCRAM-SHA-256");
    CHECK(chosen({"GSSAPI", "NTLM"}).empty());
    CHECK(chosen({}).empty());
}

TEST_CASE("a fixed mechanism is used or nothing is") {
    CHECK(chosen({"PLAIN", "SCRAM-SHA-256"}, "PLAIN") == "PLAIN");
    const mechanism_choice missing =
        choose_mechanism(offering({"PLAIN"}), password_mechanisms(), "SCRAM-SHA-256", true);
    CHECK(missing.name.empty());
    CHECK(missing.problem.find("PLAIN") != std::string::npos);
    CHECK(missing.problem.find("SCRAM-SHA-256") != std::string::npos);
    const mechanism_choice unbound =
        choose_mechanism(offering({"SCRAM-SHA-256-PLUS"}), password_mechanisms(), "SCRAM-SHA-256-PLUS", false);
    CHECK(unbound.name.empty());
    CHECK(unbound.problem.find("ChannelBinding") != std::string::npos);
}

TEST_CASE("what SCRAM says of channel binding follows from what was offered (RFC 5802 section 6)") {
    const auto binds = [](std::vector<std::string> offered, const std::string& fixed, bool can_bind) {
        return choose_mechanism(offering(std::move(offered)), password_mechanisms(), fixed, can_bind).binds;
    };
    CHECK(binds({"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, "", true) == scram_binding::required);
    CHECK(binds({"SCRAM-SHA-256"}, "", true) == scram_binding::not_offered);
    CHECK(binds({"SCRAM-SHA-256"}, "", false) == scram_binding::not_supported);
    CHECK(binds({"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}, "SCRAM-SHA-256", true) == scram_binding::not_supported);
}

TEST_CASE("a refused authentication fails the message, a server's bad moment does not") {
    const auto after = [](unsigned code, const char* text) {
        return authentication_refusal("mx:25", "bus", "PLAIN", {code, {text}}).verdict;
    };
    CHECK(after(535, "5.7.8 Wrong") == verdict::rejected);
    CHECK(after(534, "5.7.9 Too weak") == verdict::rejected);
    CHECK(after(454, "4.7.0 Later") == verdict::retry);
    CHECK(after(421, "4.3.2 Closing") == verdict::retry);
    CHECK(after(432, "4.7.12 A password transition is needed") == verdict::rejected);
    CHECK(after(250, "What?") == verdict::rejected);
    CHECK(authentication_broken_off("mx:25", "bus", "SCRAM-SHA-1", "why").verdict == verdict::rejected);
}
