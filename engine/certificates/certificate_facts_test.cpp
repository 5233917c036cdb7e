#include "certificates/certificate_facts.hpp"

#include "certificates/certificate_chain.hpp"
#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;
using test::find;

namespace {

certificate_facts facts_of(const test::made_folder& folder, const std::string& name) {
    const certificate_folder content = read_certificate_folder(folder.path.string());
    REQUIRE(find(content, name) != nullptr);
    return read_certificate_facts(*find(content, name));
}

mail_usage usage_of(const test::made_folder& folder, const std::string& name) {
    const certificate_folder content = read_certificate_folder(folder.path.string());
    REQUIRE(find(content, name) != nullptr);
    return find(content, name)->usage;
}

}  // namespace

TEST_CASE("the addresses of a certificate are those of its alternative names and of its subject") {
    test::made_folder folder;
    folder.write("x.cnf",
                 "[req]\ndistinguished_name = n\nx509_extensions = e\nprompt = no\n[n]\nCN = x\nemailAddress = "
                 "old@a.example\n[e]\nsubjectAltName = @s\nkeyUsage = digitalSignature\nextendedKeyUsage = "
                 "emailProtection\n[s]\nemail = new@a.example\nDNS = b.example\notherName = "
                 "1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8String:médico@a.example\n");
    folder.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -config x.cnf -set_serial 0xABCDEF -keyout /dev/null "
        "-out x.pem");
    const certificate_facts facts = facts_of(folder, "x.pem");
    CHECK(facts.addresses.mailboxes == std::vector<std::string>{"new@a.example", "médico@a.example", "old@a.example"});
    CHECK(facts.addresses.domains == std::vector<std::string>{"b.example"});
    CHECK(facts.serial == "abcdef");
    CHECK(facts.key == "RSA 2048");
    CHECK(usage_of(folder, "x.pem").fits_signing);
    CHECK_FALSE(usage_of(folder, "x.pem").fits_encryption);
}

TEST_CASE("whether a certificate fits depends on its usages and its kind of key") {
    test::made_folder folder;
    folder.make("agrees", "-days 30 -addext keyUsage=keyAgreement");
    folder.make("enciphers", "-days 30 -addext keyUsage=keyEncipherment");
    folder.make("server", "-days 30 -addext extendedKeyUsage=serverAuth");
    folder.make("plain");
    CHECK(usage_of(folder, "agrees.pem").fits_encryption);
    CHECK_FALSE(usage_of(folder, "agrees.pem").fits_signing);
    CHECK_FALSE(usage_of(folder, "enciphers.pem").fits_encryption);  // a curve's key cannot
    CHECK_FALSE(usage_of(folder, "server.pem").fits_signing);
    CHECK_FALSE(usage_of(folder, "server.pem").fits_encryption);
    CHECK(usage_of(folder, "plain.pem").fits_signing);
    CHECK(facts_of(folder, "plain.pem").key == "EC prime256v1");
}

TEST_CASE("a kind of key is for both, for signing alone, or for neither") {
    test::made_folder folder;
    const auto check = [&](const std::string& newkey, bool signs, bool encrypts) {
        CAPTURE(newkey);
        folder.run("openssl req -x509 -newkey " + newkey + " -nodes -days 30 -subj /CN=x -keyout /dev/null -out x.pem");
        const certificate_facts facts = facts_of(folder, "x.pem");
        CHECK(facts.has_signing_key == signs);
        CHECK(facts.has_encryption_key == encrypts);
    };
    check("rsa:2048", true, true);
    check("ec -pkeyopt ec_paramgen_curve:brainpoolP256r1", true, true);
    check("rsa-pss -pkeyopt rsa_keygen_bits:2048", true, false);
    check("ed25519", false, false);
}

TEST_CASE("a chain ends in an anchor, or it is said why it does not") {
    test::made_folder folder;
    folder.make("root");
    folder.make("stranger");
    certificate_snapshot all;
    const certificate_folder content = read_certificate_folder(folder.path.string());
    all.has_trusted = true;
    all.trusted.certificates.push_back(*find(content, "root.pem"));
    all.personal.certificates.push_back(*find(content, "stranger.pem"));
    const certificate_chains chains(all);
    CHECK(chains.problem_of(*find(content, "root.pem")).empty());
    CHECK(chains.problem_of(*find(content, "stranger.pem")).find("self-signed") != std::string::npos);
}
