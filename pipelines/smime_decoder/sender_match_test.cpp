#include "sender_match.hpp"

#include <doctest/doctest.h>
#include <openssl/x509v3.h>

#include "decoder_bench.hpp"
#include "signer_description.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

// The first four are those of the engine's mail_address_match_test: `hawser certificates check` has to find what the
// decoder will.
TEST_CASE("a certificate is for the mailboxes that it names: exact local part, domain in any case") {
    const certificate_addresses certificate{{"Ap@Partner.Example"}, {}};
    CHECK(is_for_address(certificate, "Ap@partner.example"));
    CHECK(is_for_address(certificate, "Ap@PARTNER.EXAMPLE"));
    CHECK(is_for_address(certificate, "\"Ap\"@partner.example"));
    CHECK(is_for_address(certificate, "\"\\Ap\"@partner.example"));
    CHECK_FALSE(is_for_address(certificate, "ap@partner.example"));
    CHECK_FALSE(is_for_address(certificate, "Ap@mail.partner.example"));
    CHECK_FALSE(is_for_address(certificate, "Ap@partner.example.test"));
    CHECK_FALSE(is_for_address(certificate, "x@y@partner.example"));
}

TEST_CASE("U-labels and A-labels are the same domain, in certificates and in addresses") {
    for (const char* known : {"info@bücher.example", "info@xn--bcher-kva.example", "info@XN--BCHER-KVA.example"}) {
        for (const char* asked : {"info@bücher.example", "info@BÜCHER.example", "info@xn--bcher-kva.EXAMPLE"}) {
            CAPTURE(known);
            CAPTURE(asked);
            CHECK(is_for_address({{known}, {}}, asked));
        }
    }
    CHECK(is_for_address({{"médico@bücher.example"}, {}}, "médico@xn--bcher-kva.example"));
    CHECK_FALSE(is_for_address({{"médico@bücher.example"}, {}}, "medico@bücher.example"));
    CHECK_FALSE(is_for_address({{"info@bücher.example"}, {}}, "info@bucher.example"));
}

TEST_CASE("a domain-bound certificate is for every mailbox of exactly its domain") {
    const certificate_addresses certificate{{}, {"bücher.example"}};
    CHECK(is_for_address(certificate, "anyone@xn--bcher-kva.example"));
    CHECK_FALSE(is_for_address(certificate, "anyone@sub.bücher.example"));
    CHECK_FALSE(is_for_address(certificate, "anyone@example"));
    CHECK_FALSE(is_for_address({{}, {"*.example"}}, "anyone@sub.example"));
}

TEST_CASE("what is no address matches nothing") {
    for (const std::string& text : {std::string("partner.example"), std::string("@partner.example"), std::string("a@"),
                                    std::string(), std::string("a@partner.example\0.test", 23)}) {
        CHECK_FALSE(is_for_address({{text, "@", ""}, {"", "partner.example"}}, text));
    }
}

TEST_CASE("the address of a field that has exactly one") {
    CHECK(sole_address("Ap@Partner.Example") == "Ap@Partner.Example");
    CHECK(sole_address("\"Doe, J <x@y>\" < ap@partner.example > (home)") == "ap@partner.example");
    CHECK(sole_address("\"john.doe\"@partner.example") == "\"john.doe\"@partner.example");
    CHECK(sole_address("\"a \\\"b\"@partner.example") == "\"a \\\"b\"@partner.example");
    CHECK(sole_address("j\xC3\xBCrgen@partner.example") == "j\xC3\xBCrgen@partner.example");
    for (const std::string other :
         {"", "a@b.example, c@d.example", "Team: a@b.example;", "<@x.example:a@b.example>", "\"a@b.example\"",
          "a b@c.d", "\"a\" b@c.example", "a\"b\"@c.example", "\"a\"b\"@c.example", "\"a\\\\\"b\"@c.example",
          "a@b@c.example", "al\\ice@b.example", "a@", "@b.example", "a@b c", "\xC3@b.example", "a\x01@b.example",
          "<a@b.example> <c@d.example>"}) {
        CAPTURE(other);
        CHECK(sole_address(other).empty());
    }
}

TEST_CASE("a mailbox has one plain spelling") {
    CHECK(plain_address("\"John.Doe\"@M\xC3\xBCller.Example") == "John.Doe@xn--mller-kva.example");
    CHECK(plain_address("\"\\a \\\"b\"@x.example") == "\"a \\\"b\"@x.example");
    CHECK(plain_address("\"\"@x.example") == "\"\"@x.example");
    CHECK(plain_address("nobody").empty());
    CHECK(is_same_mailbox("\"john.doe\"@m\xC3\xBCller.example", "john.doe@XN--mller-kva.example"));
    CHECK_FALSE(is_same_mailbox("nobody", "nobody"));
}

TEST_CASE("what a certificate is for stands in its subject and in three kinds of alternative names") {
    const identity one =
        all().trusted.issue("One",
                            "email.1=a@one.test\nemail.2=b@one.test\nemail.3=a@one.test\nDNS=one.test\n"
                            "URI=mailto:c@one.test\notherName.1=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:"
                            "j\xC3\xBCrgen@one.test\notherName.2=1.3.6.1.4.1.311.20.2.3;UTF8:d@one.test",
                            key_kind::p256);
    X509_NAME_add_entry_by_NID(X509_get_subject_name(one.certificate.get()), NID_pkcs9_emailAddress, MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("s@one.test"), -1, -1, 0);
    const certificate_addresses found = addresses_of(one.certificate.get());
    using list = std::vector<std::string>;
    CHECK(found.mailboxes == list{"s@one.test", "a@one.test", "b@one.test", "j\xC3\xBCrgen@one.test"});
    CHECK(found.domains == list{"one.test"});
}

TEST_CASE("who is verified as the sender, by which certificate") {
    bench one;
    const auto decode = [&](const std::string& names, const std::string& from) {
        const identity signer = all().trusted.issue("Signer", names, key_kind::p256);
        return one.decode("From: " + from + "\r\n" + signed_opaque(signer, text));
    };
    const decoded domain = decode("DNS=partner.test", "Anyone <Any.One@PARTNER.test>");
    CHECK(domain["SMIME.IsSenderVerified"] == "true");
    CHECK(domain["SMIME.SenderAddress"] == "Any.One@partner.test");
    CHECK(domain["SMIME.SignerAddress"].empty());
    CHECK(domain["SMIME.SignerDomain"] == "partner.test");
    CHECK(decode("DNS=partner.test", "a@sub.partner.test")["SMIME.IsSenderVerified"] == "false");
    const std::string utf8 = "otherName=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:j\xC3\xBCrgen@partner.test";
    const decoded international = decode(utf8, "j\xC3\xBCrgen@partner.test");
    CHECK(international["SMIME.IsSenderVerified"] == "true");
    CHECK(international["SMIME.SignerAddress"] == "j\xC3\xBCrgen@partner.test");
    CHECK(decode(utf8, "jurgen@partner.test")["SMIME.IsSenderVerified"] == "false");
    const decoded idn = decode("info@xn--mller-kva.test", "info@m\xC3\xBCller.test");
    CHECK(idn["SMIME.IsSenderVerified"] == "true");
    CHECK(idn["SMIME.SenderAddress"] == "info@xn--mller-kva.test");
    CHECK(decode("john.doe@partner.test", "\"john.doe\"@partner.test")["SMIME.SenderAddress"] ==
          "john.doe@partner.test");
    CHECK(decode("AP@partner.test", "ap@partner.test")["SMIME.IsSenderVerified"] == "false");
}

TEST_CASE("of several signers each may be the sender, and that one is named") {
    bench one;
    for (const auto& signers : {std::vector<const identity*>{&all().carol, &all().dave},
                                std::vector<const identity*>{&all().dave, &all().carol}}) {
        const std::string both = entity_of(sign(signers, text, false), "signed-data");
        for (const char* name : {"Carol", "Dave"}) {
            const std::string address = std::string(name == std::string("Carol") ? "carol" : "dave") + "@example.test";
            const decoded out = one.decode("From: " + address + "\r\n" + both, {{"/Require", "signedBySender"}});
            CHECK(out.result.error == "");
            CHECK(out["SMIME.SignerSubject"] == std::string("CN=") + name);
            CHECK(out["SMIME.SignerAddress"] == address);
            CHECK(out["SMIME.SignerCount"] == "2");
        }
        CHECK(one.decode("From: bob@example.test\r\n" + both)["SMIME.IsSenderVerified"] == "false");
        CHECK(one.error("From: bob@example.test\r\n" + both, {{"/Require", "signedBySender"}}) ==
              Contains("by its sender"));
        const std::string hidden = "From: Dave <dave@example.test>\r\nContent-Type: text/plain; hp=clear\r\n\r\nx";
        const decoded listed =
            one.decode("From: list@lists.test\r\n" + entity_of(sign(signers, hidden, false), "signed-data"));
        CHECK(listed["MIME.From"] == "Dave <dave@example.test>");
        CHECK(listed["SMIME.SignerSubject"] == "CN=Dave");
    }
}

TEST_CASE("a signer whose address is in Sender alone is told apart from the author (RFC 8550 section 3)") {
    bench one;
    const std::string by_alice = signed_opaque(all().alice, text);
    const auto decode = [&](const std::string& header) { return one.decode(header + by_alice); };
    const decoded secretary = decode("From: boss@us.test\r\nSender: Alice <alice@EXAMPLE.test>\r\n");
    CHECK(secretary["SMIME.IsSenderVerified"] == "false");
    CHECK(secretary["SMIME.SenderAddress"].empty());
    CHECK(secretary["SMIME.SenderFieldAddress"] == "alice@example.test");
    CHECK(decode(
              "From: boss@us.test, alice@example.test\r\nSender: alice@example.test\r\n")["SMIME.SenderFieldAddress"] ==
          "alice@example.test");
    CHECK(decode("From: alice@example.test\r\nSender: alice@example.test\r\n")["SMIME.SenderFieldAddress"].empty());
    CHECK(decode("From: boss@us.test\r\nSender: bob@us.test\r\n")["SMIME.SenderFieldAddress"].empty());
    CHECK(decode("From: boss@us.test\r\nSender: alice@example.test, bob@us.test\r\n")["SMIME.SenderFieldAddress"]
              .empty());
    CHECK(one.error("From: boss@us.test\r\nSender: alice@example.test\r\n" + by_alice,
                    {{"/Require", "signedBySender"}}) == Contains("by its sender"));
    const std::string hidden = "From: boss@us.test\r\nContent-Type: text/plain; hp=clear\r\n\r\nx";
    CHECK(one.decode("From: boss@us.test\r\nSender: alice@example.test\r\n" +
                     signed_opaque(all().alice, hidden))["SMIME.SenderFieldAddress"]
              .empty());  // it was not protected
}
