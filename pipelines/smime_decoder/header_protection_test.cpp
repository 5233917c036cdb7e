#include <doctest/doctest.h>

#include "decoder_bench.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

namespace {

const std::string outer = "From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: [...]\r\n";
std::string protected_text(const std::string& hp) {
    return "From: Alice <alice@example.test>\r\nSubject: =?utf-8?Q?Angebot_f=C3=BCr_Bob?=\r\nHP-Outer: Subject: "
           "[...]\r\n"
           "Content-Type: text/plain; hp=\"" +
           hp + "\"; hp-legacy-display=\"1\"\r\n\r\nSubject: Angebot\r\n\r\nDue.\r\n";
}

}  // namespace

TEST_CASE("protected header fields take the place of the outer ones (RFC 9788)") {
    bench one;
    const decoded out = one.decode(outer + encrypted(signed_opaque(all().alice, protected_text("cipher"))));
    CHECK(out.result.error == "");
    CHECK(out["MIME.Subject"] == "Angebot f\xC3\xBCr Bob");
    CHECK(out["MIME.From"] == "Alice <alice@example.test>");
    CHECK(out["MIME.To"].empty());  // it was not protected
    CHECK(out["SMIME.ProtectedFields"] == "Subject,From");
    CHECK(out["SMIME.IsSenderVerified"] == "true");
    CHECK(out.result.body == "Due.\r\n");  // without the copy for programs that do not know of it
    CHECK(one.decode(outer + signed_opaque(all().alice, protected_text("clear")))["MIME.Subject"] ==
          "Angebot f\xC3\xBCr Bob");
}

TEST_CASE("a header that is not protected is the outer one") {
    bench one;
    const decoded out = one.decode(outer + encrypted(signed_opaque(all().alice, "Subject: inner\r\n" + text)));
    CHECK(out["MIME.Subject"] == "[...]");
    CHECK(out["SMIME.ProtectedFields"].empty());
    const decoded unsealed =
        one.decode(outer + "MIME-Version: 1.0\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nDue.");
    CHECK(unsealed["MIME.Subject"] == "[...]");
    CHECK(unsealed["SMIME.ProtectedFields"].empty());  // nothing seals it
}

TEST_CASE("protection that contradicts itself is refused") {
    bench one;
    CHECK(one.error(outer + signed_opaque(all().alice, protected_text("cipher"))) == Contains("hp=\"cipher\""));
    CHECK(one.error(outer + signed_opaque(all().alice, "Subject: a\r\nContent-Type: text/plain; hp=clear\r\n\r\nx")) ==
          Contains("whom it is from"));
    CHECK(one.error(outer + outer + signed_opaque(all().alice, text)) == Contains("two header fields Subject"));
}

TEST_CASE("whose address the signer's certificate has to have is read as mail programs do") {
    bench one;
    const auto is_verified = [&](const std::string& from) {
        return one.decode("From: " + from + "\r\n" + signed_opaque(all().alice, text))["SMIME.IsSenderVerified"] ==
               "true";
    };
    CHECK(is_verified("alice@example.test"));
    CHECK(is_verified("\"A. <mallory@example.test>\" <ALICE@example.test> (home)"));
    CHECK_FALSE(is_verified("alice@example.test <mallory@example.test>"));
    CHECK_FALSE(is_verified("\"<alice@example.test>\" <mallory@example.test>"));
    CHECK_FALSE(is_verified("=?utf-8?Q?=3Calice=40example.test=3E?= <mallory@example.test>"));
    CHECK_FALSE(is_verified("alice@example.test, mallory@example.test"));
    CHECK_FALSE(is_verified("<alice@example.test> <mallory@example.test>"));
    CHECK_FALSE(is_verified("alice@example.test mallory@example.test"));
    CHECK_FALSE(is_verified(">alice@example.test<"));
}
