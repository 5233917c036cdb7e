#include "runtime/certificate_review.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <ctime>

#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;

namespace {

constexpr std::int64_t one_day = std::int64_t{24} * 3600;

// A port "Out" that signs as bus@a.example and encrypts for ap@b.example: all is well with it.
struct reviewed_port {
    reviewed_port() {
        make("bus", "email:bus@a.example", "digitalSignature");
        make("partner", "email:ap@b.example", "keyAgreement");
        content = read_certificate_folder(folder.path.string());
        all.has_trusted = true;
        all.personal.certificates = {*test::find(content, "bus.pem")};
        all.other_people.certificates = {*test::find(content, "partner.pem")};
        all.trusted.certificates = content.certificates;
        bindings.host.certificates.signing = "bus.pem";
        bindings.send_ports.emplace_back();
        port().name = "Out";
        port().encryption_certificates = {"partner.pem"};
        port().primary.address = "mailto:ap@B.example";
        set("From", "The Bus <bus@a.example>");
    }

    void make(const std::string& name, const std::string& names, const std::string& usage) const {
        folder.make(name, "-days 100 -addext subjectAltName=" + names + " -addext keyUsage=" + usage +
                              " -addext extendedKeyUsage=emailProtection -addext basicConstraints=CA:FALSE");
    }
    void make_signer(const std::string& how) {  // in place of the usual one
        folder.run("openssl req -x509 " + how +
                   " -nodes -subj /CN=bus -days 100 -addext subjectAltName=email:bus@a.example"
                   " -addext basicConstraints=CA:FALSE -keyout .key -out .crt && cat .crt .key > bus.pem");
        content = read_certificate_folder(folder.path.string());
        all.personal.certificates = {*test::find(content, "bus.pem")};
        all.trusted.certificates = content.certificates;
    }
    send_port_binding& port() { return bindings.send_ports.front(); }
    void set(const std::string& name, const std::string& text) { port().primary.properties[name].text = text; }

    // "error: …" and "warning: …"
    std::vector<std::string> findings(std::int64_t now_unix = std::time(nullptr)) const {
        std::vector<std::string> texts;
        for (const certificate_finding& one :
             certificate_review({bindings, seals, all, now_unix, 30 * one_day * 1000, trials}).take_findings()) {
            texts.push_back((one.kind == finding_kind::error ? "error: " : "warning: ") + one.text);
        }
        return texts;
    }
    void check_only(const std::string& kind, const std::string& piece) const {
        const std::vector<std::string> found = findings();
        CAPTURE(piece);
        REQUIRE(found.size() == 1);
        CAPTURE(found[0]);
        CHECK(found[0].starts_with(kind + ": "));
        CHECK(found[0].find(piece) != std::string::npos);
    }

    test::made_folder folder;
    certificate_folder content;
    certificate_snapshot all;
    host_bindings bindings;
    std::map<std::string, pipeline_failure> trials;
    port_seals seals{{"Out", HAWSER_SEAL_SIGNED | HAWSER_SEAL_ENCRYPTED}};
};

}  // namespace

TEST_CASE("nothing is found where nothing is wrong") {
    reviewed_port given;
    CHECK(given.findings().empty());
    given.set("CC", "%SMTP.To%@b.example");  // another for each message
    given.set("From", "bus@A.EXAMPLE");
    CHECK(given.findings().empty());
}

TEST_CASE("why a port would not seal is told where nothing else explains it") {
    reviewed_port given;
    given.trials["Out"] = {"pipeline.component", "there is no CRL", false};
    given.check_only("error", "its messages are suspended now: there is no CRL");
    given.trials["Out"].is_transient = true;
    given.check_only("warning", "its messages wait now: there is no CRL");
    given.bindings.host.certificates.signing = "nobody.pem";
    given.check_only("error", "the certificate \"nobody.pem\" is not in the personal folder");
}

TEST_CASE("the certificate that is encrypted for besides is among those in use, and has to be there") {
    reviewed_port given;
    given.make("self", "email:bus@a.example", "keyAgreement");
    given.content = read_certificate_folder(given.folder.path.string());
    given.all.trusted.certificates = given.content.certificates;
    given.all.personal.certificates.push_back(*test::find(given.content, "self.pem"));
    given.port().pipeline.emplace_back();
    typed_value& named = given.port().pipeline.back().properties["EncryptToSelf"];
    named.is_own_recipient = true;
    named.text = "self.pem";
    CHECK(given.findings(std::time(nullptr) + one_day).empty());
    const std::vector<std::string> found = given.findings(std::time(nullptr) + 200 * one_day);
    CHECK(std::any_of(found.begin(), found.end(), [](const std::string& text) {
        return text.starts_with("error: self.pem (CN=self) has ended on ");
    }));
    named.text = "nowhere.pem";
    given.check_only("error", "EncryptToSelf names \"nowhere.pem\", which is not in the personal folder");
}

TEST_CASE("certificates that have ended, end soon or are not valid yet are found") {
    reviewed_port given;
    const std::int64_t now = std::time(nullptr);
    CHECK(given.findings(now + 69 * one_day).empty());
    for (const auto& [later, piece] : {std::pair{80 * one_day, "warning: partner.pem (CN=partner) ends on "},
                                       std::pair{200 * one_day, "error: partner.pem (CN=partner) has ended on "},
                                       std::pair{-one_day, "error: partner.pem (CN=partner) is not valid before "}}) {
        const std::vector<std::string> found = given.findings(now + later);
        CHECK(std::count_if(found.begin(), found.end(), [text = std::string(piece)](const std::string& one) {
                  return one.starts_with(text);
              }) == 2);  // in otherPeople and in trusted
    }
    given.bindings.send_ports.clear();
    CHECK(given.findings(now + 200 * one_day).front().starts_with("warning: "));
}

TEST_CASE("a signer without a key, an unfit one, and one that leads to no anchor are found") {
    reviewed_port given;
    SUBCASE("no key") {
        given.all.personal.certificates.front().private_key.clear();
        given.check_only("error", "there is no private key for it: put it into the same folder");
    }
    SUBCASE("unfit") {
        given.seals["Out"] = HAWSER_SEAL_ENCRYPTED;
        given.all.other_people.certificates = given.all.personal.certificates;
        given.port().encryption_certificates = {"bus.pem"};
        given.port().primary.address = "mailto:bus@a.example";
        given.check_only("error", "bus.pem (CN=bus) cannot be encrypted for: its key usage has no keyEncipherment");
    }
    SUBCASE("a kind of key that does not sign") {
        given.make_signer("-newkey ed25519");
        given.check_only("error", "bus.pem (CN=bus) has a key of the kind ED25519, which cannot be used for signing");
    }
    SUBCASE("a key that is too small") {
        given.make_signer("-newkey rsa:1024");
        given.check_only("warning", "bus.pem (CN=bus) has a key that is too small to be safe (RSA 1024)");
        given.make_signer("-newkey rsa:512");
        given.check_only("error", "bus.pem (CN=bus) has a key that is too small to be safe (RSA 512)");
    }
    SUBCASE("a weak hash of its issuer's") {
        given.folder.run("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -days 100 -keyout .ca -out ca.pem");
        given.make_signer("-newkey rsa:2048 -CA ca.pem -CAkey .ca -sha1");
        given.check_only("warning", "bus.pem (CN=bus) is signed with a hash that can be forged");
        given.make_signer("-newkey rsa:2048 -CA ca.pem -CAkey .ca -md5");
        given.check_only("error", "bus.pem (CN=bus) is signed with a hash that can be forged");
    }
    SUBCASE("no anchor") {
        std::erase_if(given.all.trusted.certificates, [](const auto& one) { return one.file_name == "bus.pem"; });
        given.check_only("error", "leads to no trusted certificate");
    }
    SUBCASE("none") {
        given.bindings.host.certificates.signing = "none.pem";
        given.check_only("error", "the certificate \"none.pem\" is not in the personal folder");
    }
    SUBCASE("a file that cannot be read") {
        given.all.personal.problems.emplace_back("certs/x.pem: it is empty");
        given.check_only("error", "certs/x.pem: it is empty");
    }
}

TEST_CASE("a sender that the signer is not for is found") {
    reviewed_port given;
    given.set("From", "Bus@a.example");
    given.check_only("error", "bus.pem (CN=bus) is not for Bus@a.example, which the port sends from");
}

TEST_CASE("recipients without a certificate and certificates without a recipient are found, each by its name") {
    reviewed_port given;
    SUBCASE("of To") {
        given.port().primary.address = "mailto:ap@b.example,cfo@b.example";
        given.check_only("error", "is for the recipient cfo@b.example, who could not read the message");
    }
    SUBCASE("of CC") {
        given.set("CC", "Boss <boss@b.example>");
        given.check_only("error", "the recipient boss@b.example");
    }
    SUBCASE("of BCC") {
        given.set("BCC", "archive@a.example");
        given.check_only("error", "the recipient archive@a.example");
    }
    SUBCASE("a message brings the recipients of a dynamic port") {
        given.port().is_dynamic = true;
        given.port().primary.address = "mailto:x@y.example";
        CHECK(given.findings().empty());
    }
    SUBCASE("a domain-bound certificate is for all of its domain") {
        given.make("partner", "DNS:b.example", "keyAgreement");
        given.content = read_certificate_folder(given.folder.path.string());
        given.all.other_people.certificates = {*test::find(given.content, "partner.pem")};
        given.all.trusted.certificates = given.content.certificates;
        given.port().primary.address = "mailto:ap@b.example;cfo@b.example";
        CHECK(given.findings().empty());
    }
    SUBCASE("a certificate too many") {
        given.make("other", "email:other@b.example", "keyAgreement");
        given.content = read_certificate_folder(given.folder.path.string());
        given.all.other_people.certificates.push_back(*test::find(given.content, "other.pem"));
        given.all.trusted.certificates = given.content.certificates;
        given.port().encryption_certificates.emplace_back("other.pem");
        given.check_only("warning", "other.pem (CN=other) is for none of the port's recipients");
    }
    SUBCASE("a certificate that is not there") {
        given.port().encryption_certificates.emplace_back("lost.pem");
        given.check_only("error", "it encrypts for \"lost.pem\", which is not in the otherPeople folder");
    }
    SUBCASE("a pipeline that does not encrypt") {
        given.seals["Out"] = HAWSER_SEAL_SIGNED;
        given.check_only("warning", "its pipeline does not encrypt");
    }
}
