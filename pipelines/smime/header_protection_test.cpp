// Header protection by the encoder, read back by our decoder: RFC 9788.
#include "encoder_bench.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

namespace {

// Shows the text where it does not have the piece.
bool has(const std::string& text, const std::string& piece) {
    const bool is_there = text.find(piece) != std::string::npos;
    if (!is_there) {
        MESSAGE(text);
    }
    return is_there;
}

kit::settings both(const std::string& how, const std::string& policy) {
    kit::settings values = encrypting(policy);
    values["/SignatureType"] = how;
    return values;
}

}  // namespace

TEST_CASE("HeaderProtection hcp_baseline: the subject is inside, and [...] outside") {
    post one;
    const sealed mail = one.seal(encrypting("hcp_baseline"));
    REQUIRE(mail.result.error == "");
    CHECK(mail.field("Subject") == "[...]");
    CHECK(mail.field("Keywords") == "");
    CHECK(mail.field("From") == "Alice A. <alice@example.test>");
    CHECK(mail.mail().find(one.secret) == std::string::npos);
    const std::string inside = one.inside(mail);
    CHECK(inside.substr(0, inside.find("\r\n\r\n")) ==
          "MIME-Version: 1.0\r\n"
          "Content-Type: text/plain; charset=utf-8;\r\n hp=\"cipher\";\r\n hp-legacy-display=\"1\"\r\n"
          "Content-Transfer-Encoding: quoted-printable\r\n"
          "From: Alice A. <alice@example.test>\r\n"
          "To: Bob <bob@example.test>,\r\n Carol <carol@example.test>\r\n"
          "Subject: =?utf-8?Q?Angebot_f=C3=BCr?=\r\n =?utf-8?Q?_Bob?=\r\n"
          "Date: Sat, 20 Feb 2021 10:09:02 -0500\r\n"
          "Message-ID: <1@example.test>\r\n"
          "Keywords: contract, secret\r\n"
          "HP-Outer: From: Alice A. <alice@example.test>\r\n"
          "HP-Outer: To: Bob <bob@example.test>,\r\n Carol <carol@example.test>\r\n"
          "HP-Outer: Subject: [...]\r\n"
          "HP-Outer: Date: Sat, 20 Feb 2021 10:09:02 -0500\r\n"
          "HP-Outer: Message-ID: <1@example.test>");
    CHECK(inside.find("mallory") == std::string::npos);
}

TEST_CASE("HeaderProtection hcp_shy: no display names and no time zone outside") {
    post one;
    const sealed mail = one.seal(encrypting("hcp_shy"));
    REQUIRE(mail.result.error == "");
    CHECK(mail.field("From") == "alice@example.test");
    CHECK(mail.field("To") == "bob@example.test,\r\n carol@example.test");
    CHECK(mail.field("Date") == "Sat, 20 Feb 2021 15:09:02 +0000");
    CHECK(has(one.inside(mail), "HP-Outer: From: alice@example.test\r\n"));
    CHECK(has(one.inside(mail), "\r\nFrom: Alice A. <alice@example.test>\r\n"));
    CHECK(has(one.inside(mail), "\r\n\r\n=46rom: Alice A. <alice@example.test>\r\nTo: Bob"));  // for the reader
}

TEST_CASE("HeaderProtection hcp_no_confidentiality: everything is sealed, nothing is hidden") {
    post one;
    const sealed mail = one.seal(encrypting("hcp_no_confidentiality"));
    CHECK(mail.field("Subject") == one.fields[2].value);
    const std::string inside = one.inside(mail);
    CHECK(has(inside, "hp=\"cipher\"\r\n"));
    CHECK(has(inside, "HP-Outer: Keywords: contract, secret\r\n"));
    CHECK(inside.find("hp-legacy-display") == std::string::npos);
}

TEST_CASE("HeaderProtection none: nothing is touched") {
    post one;
    const sealed mail = one.seal(encrypting("none"));
    CHECK(mail.field("Subject") == one.fields[2].value);
    CHECK(one.inside(mail) == plain_mail);
    kit::settings values = encrypting("");
    values.erase("/HeaderProtection");
    CHECK(one.seal(values).field("Subject") == one.fields[2].value);  // Profile biztalk
    values["/Profile"] = "edi-energy";
    CHECK(one.seal(values).field("Subject") == one.fields[2].value);
    values["/Profile"] = "smime4";
    CHECK(one.seal(values).field("Subject") == "[...]");
}

TEST_CASE("a mail that is only signed protects its header without hiding it") {
    post one;
    for (const char* how : {"ClearSign", "BlobSign"}) {
        CAPTURE(how);
        const sealed mail = one.seal(signing(how, "hcp_baseline"));
        REQUIRE(mail.result.error == "");
        CHECK(mail.field("Subject") == one.fields[2].value);
        const std::string inside = std::string(how) == "BlobSign" ? one.inside(mail, true) : mail.result.body;
        CHECK(has(inside, "hp=\"clear\"\r\n"));
        CHECK(inside.find("HP-Outer") == std::string::npos);
        CHECK(inside.find("hp-legacy-display") == std::string::npos);
        const decoded out = one.far_side.decode(mail.mail());
        CHECK(out.result.error == "");
        CHECK(out["SMIME.ProtectedFields"] == "Subject,From,To,Date,Message-ID");
        CHECK(out["SMIME.SignedFields"] == "Subject,From,To,Date,Message-ID");
        CHECK(out["SMIME.EncryptedFields"] == "");
    }
}

TEST_CASE("protected header fields survive every way of sealing") {
    post one;
    for (const auto& [how, wraps] : std::vector<std::pair<std::string, bool>>{
             {"NoSign", false}, {"ClearSign", false}, {"BlobSign", false}, {"ClearSign", true}, {"BlobSign", true}}) {
        CAPTURE(how);
        CAPTURE(wraps);
        kit::settings values = both(how, "hcp_baseline");
        values["/TripleWrap"] = wraps ? "true" : "false";
        for (const std::size_t piece : {std::size_t{1}, std::size_t{64 * 1024}}) {
            const sealed mail = one.seal(values, plain_mail, piece);
            REQUIRE(mail.result.error == "");
            CHECK(mail.mail().find(one.secret) == std::string::npos);
            const decoded out = one.far_side.decode(mail.mail());
            CHECK(out.result.error == "");
            CHECK(out["MIME.Subject"] == "Angebot f\xC3\xBCr Bob");
            CHECK(out["SMIME.EncryptedFields"] == "Subject");
            CHECK(out["SMIME.SignedFields"] == (how == "NoSign" ? "" : "Subject,From,To,Date,Message-ID"));
            CHECK(out.result.body == "Let us meet at eight.\r\n");  // without the copy for other programs
        }
    }
}

TEST_CASE("LegacyDisplay shows hidden fields in the main body parts, and only there") {
    post one;
    const std::string mail =
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\nPreamble\r\n--out\r\n"
        "Content-Type: multipart/alternative; boundary=\"out-in\"\r\n\r\n--out-in\r\n"
        "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
        "quoted-printable\r\n\r\nGr=FC=DFe\r\n"
        "--out-in\r\nContent-Type: multipart/related; boundary=rel\r\n\r\n--rel\r\n"
        "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
        base64("<!-- <body> --><html><Body class=\"a>b\"><p>Gruss</p></body></html>") +
        "\r\n--rel\r\nContent-Type: text/plain\r\n\r\nbeside\r\n--rel--\r\n\r\n--out-in--\r\n\r\n"
        "--out\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nattached\r\n--out--\r\nEpilogue";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{64 * 1024}}) {
        const std::string inside = one.inside(one.seal(encrypting("hcp_baseline"), mail, piece));
        CHECK(has(inside,
                  "\r\n--out-in\r\nContent-Type: text/plain; charset=iso-8859-1;\r\n hp-legacy-display=\"1\"\r\n"
                  "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                  "Subject: Angebot f=FCr Bob\r\n\r\nGr=FC=DFe=\r\n\r\n--out-in\r\n"));
        CHECK(has(inside,
                  "Content-Type: text/html; charset=utf-8;\r\n hp-legacy-display=\"1\"\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n" +
                      base64("<!-- <body> --><html><Body class=\"a>b\">"
                             "<div class=\"header-protection-legacy-display\">\r\n<pre>Subject: Angebot f&#252;r "
                             "Bob\r\n</pre></div>\r\n<p>Gruss</p></body></html>")));
        CHECK(has(inside,
                  "--rel\r\nContent-Type: text/plain\r\n\r\nbeside\r\n--rel--\r\n\r\n--out-in--\r\n\r\n"
                  "--out\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nattached\r\n"
                  "--out--\r\nEpilogue"));
    }
    kit::settings values = encrypting("hcp_baseline");
    values["/LegacyDisplay"] = "false";
    const std::string inside = one.inside(one.seal(values, mail));
    CHECK(inside.find("hp-legacy-display") == std::string::npos);
    CHECK(inside.substr(inside.find("\r\n\r\n")) == mail.substr(mail.find("\r\n\r\n")));
}

TEST_CASE("LegacyDisplay leaves a text alone whose character set it cannot write") {
    post one;
    for (const char* charset : {"utf-16", "x-unknown"}) {
        const std::string mail = "Content-Type: text/plain; charset=" + std::string(charset) +
                                 "\r\nContent-Transfer-Encoding: base64\r\n\r\nQUI=";
        const std::string inside = one.inside(one.seal(encrypting("hcp_baseline"), mail));
        CHECK(inside.find("hp-legacy-display") == std::string::npos);
        CHECK(has(inside, "\r\n\r\nQUI="));
    }
    const std::string inside = one.inside(one.seal(encrypting("hcp_baseline"), "\r\nHello"));  // US-ASCII, by default
    CHECK(has(inside, "Content-Type: text/plain;\r\n hp=\"cipher\";\r\n hp-legacy-display=\"1\"\r\n"));
    CHECK(has(inside, "Subject: Angebot f?r Bob\r\n\r\nHello"));
}

TEST_CASE("a large text passes through header protection whole") {
    post one;
    std::string text(3'000'000, 'x');
    for (std::size_t i = 75; i < text.size(); i += 77) {
        text.replace(i, 2, "\r\n");
    }
    const std::string mail =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + text +
        "\r\n--b\r\nContent-Type: application/x\r\n\r\n" + text + "\r\n--b--\r\n";
    const decoded out = one.far_side.decode(one.seal(encrypting("hcp_baseline"), mail).mail());
    CHECK(out.result.error == "");
    CHECK(out.result.body == text);
    REQUIRE(out.added_parts.size() == 1);
    CHECK(out.added_parts[0].bytes == text);
}

TEST_CASE("header protection that cannot be is refused") {
    post one;
    const auto error = [&](const kit::settings& values, const std::string& mail) {
        return doctest::String(one.seal(values, mail).result.error.c_str());
    };
    const kit::settings values = encrypting("hcp_baseline");
    CHECK(error(values, "Content-Type: application/pkcs7-mime\r\n\r\nx") == Contains("signed or encrypted already"));
    CHECK(error(values, "Content-Type: text/plain; hp=clear\r\n\r\nx") == Contains("a parameter hp,"));
    CHECK(error(values,
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
                "hp-legacy-display=1\r\n\r\nx\r\n--b--") == Contains("a parameter hp-legacy-display"));
    CHECK(error(values, "Content-Type: multipart/mixed\r\n\r\nx") == Contains("without a boundary"));
    CHECK(error(values, "no header\r\n\r\nx") == Contains("no MIME entity"));
    one.fields.push_back({"HP-Outer", "Subject: forged"});
    CHECK(error(values, plain_mail) == Contains("HP-Outer"));
    one.fields.back() = {"X-Note", "gr\xC3\xBC\xC3\x9F"};
    CHECK(error(signing("ClearSign", "hcp_baseline"), plain_mail) == Contains("X-Note is not ASCII"));
    CHECK(error(values, plain_mail) == "");
}

TEST_CASE("header protection without a composer has nothing to protect") {
    post one;
    one.fields.clear();
    const sealed mail = one.seal(encrypting("hcp_baseline"));
    CHECK(one.inside(mail) == plain_mail);
    CHECK(one.far_side.decode(mail.mail())["SMIME.ProtectedFields"] == "");
}
