#include <doctest/doctest.h>

#include "decoder_bench.hpp"
#include "rfc9788_samples.hpp"
#include "transfer_decoder.hpp"

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
    CHECK(out["MIME.OuterTo"] == "bob@example.test");
    CHECK(out["MIME.OuterSubject"] == "[...]");
    CHECK(out["MIME.OuterFrom"].empty());  // it is the same
    CHECK(out["SMIME.ProtectedFields"] == "Subject,From");
    CHECK(out["SMIME.IsSenderVerified"] == "true");
    CHECK(out.result.body == "Due.\r\n");  // without the copy for programs that do not know of it
    CHECK(one.decode(outer + signed_opaque(all().alice, protected_text("clear")))["MIME.Subject"] ==
          "Angebot f\xC3\xBCr Bob");
}

TEST_CASE("of each protected field it is said whether it was signed, and whether it was hidden") {
    bench one;
    const std::string inside =
        "From: Alice <alice@example.test>\r\nTo: Bob <bob@example.test>,\r\n Carol <carol@example.test>\r\nSubject: "
        "Angebot\r\nDate: Sat, 20 Feb 2021 10:09:02 -0500\r\nHP-Outer: From: alice@example.test\r\nHP-Outer: TO: Bob "
        "<bob@example.test>, Carol <carol@example.test>\r\nHP-Outer: Subject: [...]\r\nHP-Outer: broken\r\n"
        "Content-Type: text/plain; hp=cipher\r\n\r\nDue.\r\n";
    const decoded both = one.decode(outer + encrypted(signed_opaque(all().alice, inside)));
    CHECK(both.result.error == "");
    CHECK(both["SMIME.ProtectedFields"] == "Subject,From,To,Date");
    CHECK(both["SMIME.SignedFields"] == "Subject,From,To,Date");
    CHECK(both["SMIME.EncryptedFields"] == "Subject,From,Date");
    CHECK(both["SMIME.IsFromMismatched"] == "false");
    const decoded unsigned_one = one.decode(outer + encrypted(inside));
    CHECK(unsigned_one["SMIME.SignedFields"].empty());
    CHECK(unsigned_one["SMIME.EncryptedFields"] == "Subject,From,Date");
    const decoded only_signed = one.decode(outer + signed_opaque(all().alice, protected_text("clear")));
    CHECK(only_signed["SMIME.SignedFields"] == "Subject,From");
    CHECK(only_signed["SMIME.EncryptedFields"].empty());
}

TEST_CASE("the example of RFC 9788 appendix C.3.1 is read as the RFC says") {
    bench one;
    kit::message root(rfc9216_root);
    kit::host& host = one.host;
    std::string der(1000, '\0');
    der.resize(decode_transfer(root.take_body(), "base64").read(der.data(), der.size()));
    host.certificates[HAWSER_CERTIFICATES_TRUSTED] = {{der, "", "rfc9216.pem"}};
    const decoded out = one.decode(rfc9788_outer + encrypted(rfc9788_signed), {{"/CheckRevocationList", "false"}});
    CHECK(out.result.error == "");
    CHECK(out["MIME.Subject"] == "smime-signed-enc-hp-baseline");
    CHECK(out["MIME.From"] == "Alice <alice@smime.example>");
    CHECK(out["MIME.OuterSubject"] == "[...]");
    CHECK(out["MIME.OuterDate"].empty());
    CHECK(out["SMIME.ProtectedFields"] == "Subject,From,To,Date,Message-ID");
    CHECK(out["SMIME.SignedFields"] == "Subject,From,To,Date,Message-ID");
    CHECK(out["SMIME.EncryptedFields"] == "Subject");
    CHECK(out["SMIME.IsSenderVerified"] == "true");
    CHECK(out.result.body.substr(0, 43) == "This is the\r\nsmime-signed-enc-hp-baseline\r\n");
}

TEST_CASE("a protected From that nobody vouches for does not take the outer one's place (RFC 9788 section 4.4)") {
    bench one;
    const std::string forged = "From: Carol <carol@example.test>\r\nSubject: x\r\nContent-Type: text/plain; hp=";
    const decoded mismatched = one.decode(outer + signed_opaque(all().alice, forged + "clear\r\n\r\nx"));
    CHECK(mismatched["MIME.From"] == "Alice <alice@example.test>");
    CHECK(mismatched["MIME.OuterFrom"].empty());
    CHECK(mismatched["SMIME.MismatchedFrom"] == "Carol <carol@example.test>");
    CHECK(mismatched["MIME.OuterSubject"] == "[...]");
    CHECK(mismatched["SMIME.ProtectedFields"] == "Subject");
    CHECK(mismatched["SMIME.IsFromMismatched"] == "true");
    CHECK(mismatched["SMIME.IsSenderVerified"] == "false");
    const std::string relayed = "From: A list <list@example.test>\r\n";
    const decoded vouched = one.decode(relayed + signed_opaque(all().alice, protected_text("clear")));
    CHECK(vouched["MIME.From"] == "Alice <alice@example.test>");  // the signer's certificate says so
    CHECK(vouched["MIME.OuterFrom"] == "A list <list@example.test>");
    CHECK(vouched["SMIME.MismatchedFrom"].empty());
    CHECK(vouched["SMIME.IsFromMismatched"] == "false");
}

TEST_CASE("a protected From is no more than the outer one where either has not exactly one address") {
    bench one;
    const auto decode = [&](const std::string& outside, const std::string& inside) {
        return one.decode(
            outside + encrypted("From: " + inside + "\r\nSubject: x\r\nContent-Type: text/plain; hp=cipher\r\n\r\nx"));
    };
    for (const char* outside :
         {"evil@attacker.test, e2@attacker.test", "x: evil@attacker.test;", "evil@attacker.test",
          "<@a.test,@b.test:evil@attacker.test>", "\"evil@attacker.test\"", "evil", "<evil@attacker.test> <e2@c.test>",
          "boss@us.test, evil@attacker.test", "undisclosed:;"}) {
        for (const char* inside :
             {"=?utf-8?Q?boss=40us.test?=", "\"boss@us.test\"", "boss@us.test, second@us.test", "x: boss@us.test;",
              "<@a.test,@b.test:boss@us.test>", "boss@us.test", "boss@us.test (Boss;)", "boss"}) {
            CAPTURE(outside);
            CAPTURE(inside);
            const decoded out = decode(std::string("From: ") + outside + "\r\n", inside);
            CHECK(out.result.error == "");
            CHECK(out["MIME.From"] == outside);
            CHECK(out["SMIME.IsFromMismatched"] == "true");
            CHECK(out["SMIME.ProtectedFields"] == "Subject");
            CHECK(out["SMIME.EncryptedFields"] == "Subject");
        }
    }
    const decoded nameless = decode("To: bob@example.test\r\n", "Boss <boss@us.test>");
    CHECK(nameless["MIME.From"].empty());
    CHECK(nameless["SMIME.IsFromMismatched"] == "true");
    CHECK(nameless["SMIME.ProtectedFields"] == "Subject");
    for (const char* both : {"a@us.test, b@us.test", "x: a@us.test;", "nobody"}) {
        const decoded same = decode(std::string("From: ") + both + "\r\n", both);
        CHECK(same["MIME.From"] == both);
        CHECK(same["SMIME.IsFromMismatched"] == "false");
        CHECK(same["SMIME.ProtectedFields"] == "Subject,From");
    }
    CHECK(decode("From: Us <A@us.test>\r\n", "\"The boss\" <a@US.test>")["SMIME.IsFromMismatched"] == "false");
    const decoded named = decode("From: a@us.test, b@us.test\r\n", "A <a@us.test>, B <b@us.test>");
    CHECK(named["MIME.From"] == "A <a@us.test>, B <b@us.test>");
    CHECK(named["SMIME.IsFromMismatched"] == "false");
    const decoded vouched = one.decode(encrypted(signed_opaque(all().alice, protected_text("cipher"))));
    CHECK(vouched["MIME.From"] == "Alice <alice@example.test>");  // outside is nobody, but the certificate says so
    CHECK(vouched["SMIME.IsFromMismatched"] == "false");
}

TEST_CASE("a message in message/rfc822 has protected fields too (RFC 8551 section 3.1)") {
    bench one;
    const std::string wrapped =
        "Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: Alice <alice@example.test>\r\nTo: "
        "bob@example.test\r\nSubject: Angebot\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nDue.\r\n";
    const decoded out = one.decode(outer + encrypted(signed_opaque(all().alice, wrapped)));
    CHECK(out.result.error == "");
    CHECK(out["MIME.Subject"] == "Angebot");
    CHECK(out["MIME.ContentType"] == "text/plain");
    CHECK(out["SMIME.ProtectedFields"] == "Subject,From,To");
    CHECK(out["SMIME.EncryptedFields"] == "Subject");  // the others are the same outside
    CHECK(out["MIME.OuterSubject"] == "[...]");
    CHECK(out.result.body == "Due.\r\n");
    CHECK(one.decode(outer + signed_opaque(all().alice, wrapped))["SMIME.EncryptedFields"].empty());
    // Neither an inner message without a sender, nor one that is sealed itself, nor one that was not sealed.
    const std::string nameless = "Content-Type: message/rfc822\r\n\r\nSubject: Angebot\r\n\r\nDue.\r\n";
    const decoded forwarded = one.decode(outer + encrypted(nameless));
    CHECK(forwarded["MIME.Subject"] == "[...]");
    CHECK(forwarded.result.body == "Subject: Angebot\r\n\r\nDue.\r\n");
    const std::string sealed = "Content-Type: message/rfc822\r\n\r\n" + outer + signed_opaque(all().alice, text);
    CHECK(one.decode(outer + encrypted(sealed)).result.body == sealed.substr(sealed.find("\r\n\r\n") + 4));
    CHECK(one.decode(outer + "MIME-Version: 1.0\r\n" + wrapped)["MIME.Subject"] == "[...]");
}

TEST_CASE("the copy of hidden fields in an HTML text is taken away (RFC 9788 section 4.5.3.3)") {
    bench one;
    const auto body_of = [&](const std::string& html, const std::string& hp = "cipher") {
        const std::string entity =
            "From: alice@example.test\r\nContent-Type: text/html; hp=" + hp + "; hp-legacy-display=1\r\n\r\n" + html;
        const decoded whole = one.decode(outer + encrypted(entity));
        CHECK(one.decode(outer + encrypted(entity), {}, 1).result.body == whole.result.body);
        return whole.result.body;
    };
    const std::string display = "<div class=\"header-protection-legacy-display\">\r\n<pre>Subject: a</pre></div>";
    CHECK(body_of("<body>" + display + "<p>x</p></body>") == "<body><p>x</p></body>");
    CHECK(body_of("<DIV id=1 Class = 'a header-protection-legacy-display'>y<div>z</div>y</DIV ><p>x</p>") ==
          "<p>x</p>");
    CHECK(body_of("<div class=header-protection-legacy-display>y</div>x") == "x");
    for (const std::string& kept :
         {std::string("<div class=\"header-protection\">y</div>"),
          std::string("<div title='class=header-protection-legacy-display'>y</div>"), "<!-- > " + display + " -->",
          std::string("a < b"), std::string("<divider>"), '<' + std::string(9000, 'a') + '>'}) {
        CHECK(body_of(kept) == kept);
    }
    const std::string marked =
        "From: alice@example.test\r\nContent-Type: text/html; hp=clear; hp-legacy-display=1\r\n\r\n";
    CHECK(one.decode(outer + signed_opaque(all().alice, marked + display)).result.body ==
          display);  // nothing is hidden
}

TEST_CASE("only what is a copy of hidden fields for certain is taken out of a text") {
    bench one;
    const auto body_of = [&](const std::string& type, const std::string& body) {
        const std::string entity = "From: alice@example.test\r\nSubject: a\r\nContent-Type: " + type +
                                   "; hp=cipher; hp-legacy-display=1\r\n\r\n" + body;
        const std::string sealed = outer + encrypted(signed_opaque(all().alice, entity));
        const decoded whole = one.decode(sealed);
        CHECK(whole.result.error == "");
        CHECK((body.size() > 10000 || one.decode(sealed, {}, 1).result.body == whole.result.body));
        return whole.result.body;
    };
    CHECK(body_of("text/plain", "Subject: a \r\nb\r\nFROM: c\r\n d\r\n\r\nPay.\r\n\r\n") == "Pay.\r\n\r\n");
    CHECK(body_of("text/plain", "Subject: a\n\nPay.") == "Pay.");
    const std::string display = "<div class=\"header-protection-legacy-display\">";
    const std::string long_text(100'000, 'x');
    for (const std::string& kept :
         {std::string("Pay 100 EUR."), std::string("Pay 100 EUR.\r\nToday.\r\n"),
          std::string("Pay 100 EUR.\r\n\r\nToday.\r\n"), std::string("Note: pay 100 EUR.\r\n\r\nToday.\r\n"),
          std::string("Subject: a\r\nPay.\r\n\r\nToday."), std::string("Subject: a\r\n"), std::string("\r\nToday.\r\n"),
          std::string(), "Subject: a\r\n " + long_text + "\r\n\r\nToday.", long_text}) {
        CHECK(body_of("text/plain", kept) == kept);
    }
    for (const std::string& kept : {display + "Pay 100 EUR.", "<p>a</p>" + display + "<div>Pay</div><p>b</p>",
                                    display + long_text + "</div><p>b</p>", display + "a<b", display}) {
        CHECK(body_of("text/html", kept) == kept);
    }
    CHECK(body_of("text/html", display + "<pre>a</pre></div>" + long_text) == long_text);
}

TEST_CASE("a header that is not protected is the outer one") {
    bench one;
    const decoded out = one.decode(outer + encrypted(signed_opaque(all().alice, "Subject: inner\r\n" + text)));
    CHECK(out["MIME.Subject"] == "[...]");
    CHECK(out["SMIME.ProtectedFields"].empty());
    CHECK(out["MIME.OuterSubject"].empty());
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
    CHECK(is_verified("\"A. <mallory@example.test>\" <alice@EXAMPLE.test> (home)"));
    CHECK_FALSE(is_verified("alice@example.test <mallory@example.test>"));
    CHECK_FALSE(is_verified("\"<alice@example.test>\" <mallory@example.test>"));
    CHECK_FALSE(is_verified("=?utf-8?Q?=3Calice=40example.test=3E?= <mallory@example.test>"));
    CHECK_FALSE(is_verified("alice@example.test, mallory@example.test"));
    CHECK_FALSE(is_verified("<alice@example.test> <mallory@example.test>"));
    CHECK_FALSE(is_verified("alice@example.test mallory@example.test"));
    CHECK_FALSE(is_verified(">alice@example.test<"));
}

TEST_CASE("a name that was decoded is not taken for an address") {
    bench one;
    const decoded out = one.decode(
        "From: =?utf-8?Q?ceo=40corp.example=2C?= <alice@example.test>\r\n"
        "Sender: =?utf-8?Q?A=22=3Cb=5C?= <alice@example.test>\r\nReply-To: \"=?utf-8?Q?c=22_=3Cd=40e=3E?=\" <f@g>\r\n"
        "To: =?utf-8?Q?=3Cceo=40corp.example=3E=2C?= =?utf-8?B?w7w=?= <a@b>, plain <c@d>\r\nCc: "
        "(=?utf-8?Q?=29_h=40i?=) j@k\r\n" +
        signed_opaque(all().alice, text));
    CHECK(out["MIME.From"] == "\"ceo@corp.example,\" <alice@example.test>");
    CHECK(out["SMIME.IsSenderVerified"] == "true");
    CHECK(out["SMIME.SenderAddress"] == "alice@example.test");
    CHECK(out["MIME.Sender"] == "\"A\\\"<b\\\\\" <alice@example.test>");
    CHECK(out["MIME.ReplyTo"] == "\"c\\\" <d@e>\" <f@g>");
    CHECK(out["MIME.To"] == "\"<ceo@corp.example>,\xC3\xBC\" <a@b>, plain <c@d>");
    CHECK(out["MIME.CC"] == "(\\) h@i) j@k");
    CHECK(
        one.decode("From: mallory@example.test\r\n" + signed_opaque(all().alice, text))["SMIME.SenderAddress"].empty());
}
