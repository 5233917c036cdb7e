#include "mail_composer.hpp"

#include <doctest/doctest.h>

#include "hawser/test_kit.hpp"

using namespace hawser::smtp;
namespace kit = hawser::test_kit;

namespace {

// A message of one text part, as a port with From and To gives it to the composer.
struct composed {
    kit::host host;
    kit::message message{"Hello\r\n"};

    composed() {
        message.parts[0].content_type = "text/plain";
        set("From", "bus@contoso.example");
        set("To", "ap@partner.example");
    }
    composed& set(const std::string& name, const std::string& value, std::uint32_t origin = HAWSER_ORIGIN_BINDINGS) {
        message.properties["SMTP." + name] = {value, HAWSER_TYPE_STRING, origin, false};
        return *this;
    }
    kit::part& add_part(std::string name, std::string type, std::string bytes) {
        message.parts.push_back({.bytes = std::move(bytes), .name = std::move(name), .content_type = std::move(type)});
        return message.parts.back();
    }
    hawser::message view() { return {message.abi(), hawser::host(host.abi())}; }
    std::string run() {  // the entity
        hawser::message one = view();
        compose_mail(one);
        hawser::body_stream entity = message.take_body();
        std::string whole;
        char block[777];
        while (const std::size_t size = entity.read(block, sizeof block)) {
            whole.append(block, size);
        }
        return whole;
    }
    std::string field(std::string_view name) const {
        std::string values;
        for (const kit::header_field& one : message.mail_headers) {
            values += one.name == name ? one.value + '\n' : "";
        }
        return values.empty() ? values : values.substr(0, values.size() - 1);
    }
    std::string recipients() const { return message.get("SMTP.EnvelopeRecipients"); }
};

bool has(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }
std::size_t position(const std::string& text, std::string_view piece) { return text.find(piece); }

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find("\r\n", start), text.size());
        longest = std::max(longest, end - start);
        start = end + 2;
    }
    return longest;
}

}  // namespace

// ---- Spec section 2, property by property ----

TEST_CASE("To is required, and takes several addresses") {
    CHECK_THROWS_WITH_AS(composed().set("To", "").run(), doctest::Contains("SMTP.To is empty"), hawser::failure);
    composed mail;
    mail.set("To", "a@x.example; B <b@x.example>, a@x.example").run();
    CHECK(mail.field("To") == "a@x.example, B <b@x.example>, a@x.example");
    CHECK(mail.recipients() == "a@x.example\nb@x.example\n");  // nobody twice
}

TEST_CASE("the envelope is read also where a component wrote it without the last line's end") {
    composed mail;
    mail.set("EnvelopeRecipients", "a@x.example\nb@x.example");
    CHECK(envelope_of(mail.view()).recipients == std::vector<std::string>{"a@x.example", "b@x.example"});
    mail.set("EnvelopeRecipients", "a@x.example\n");
    CHECK(envelope_of(mail.view()).recipients == std::vector<std::string>{"a@x.example"});
}

TEST_CASE("To has no limit of 256 characters, and CC none of 1024") {
    std::string many;
    for (int i = 0; i < 200; ++i) {
        many += "recipient" + std::to_string(i) + "@partner.example,";
    }
    composed mail;
    mail.set("To", many).set("CC", many).run();
    const std::string recipients = mail.recipients();
    CHECK(std::count(recipients.begin(), recipients.end(), '\n') == 200);
    CHECK(longest_line(mail.field("To")) <= 78);
}

TEST_CASE("CC is shown, and in the envelope") {
    composed mail;
    mail.set("CC", "c@x.example").run();
    CHECK(mail.field("Cc") == "c@x.example");
    CHECK(mail.recipients() == "ap@partner.example\nc@x.example\n");
}

TEST_CASE("BCC is in the envelope only") {
    composed mail;
    const std::string entity = mail.set("BCC", "Audit <audit@x.example>").run();
    CHECK(mail.recipients() == "ap@partner.example\naudit@x.example\n");
    for (const kit::header_field& one : mail.message.mail_headers) {
        CHECK_FALSE(has(one.value, "audit"));
    }
    CHECK_FALSE(has(entity, "audit"));
}

TEST_CASE("BCC is refused where the entity that leaves may be encrypted") {
    composed mail;
    const std::string entity = mail.set("BCC", "audit@x.example").run();
    CHECK_NOTHROW(check_blind_recipients(mail.view(), entity));
    const std::string sealed = "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=";
    for (const std::string& start :
         {sealed + "enveloped-data\r\n\r\n", sealed + "signed-data\r\n\r\n",
          std::string("Content-Type: multipart/encrypted; boundary=x\r\n\r\n"), std::string("\r\n"),
          "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n" + sealed + "enveloped-data\r\n\r\n"}) {
        CHECK_THROWS_AS(check_blind_recipients(mail.view(), start), hawser::failure);
    }
    CHECK_NOTHROW(check_blind_recipients(
        mail.view(), "Content-Type: multipart/signed; boundary=x\r\n\r\nA text.\r\n--x\r\n" + entity));
    composed open;
    open.run();
    CHECK_NOTHROW(check_blind_recipients(open.view(), sealed + "enveloped-data\r\n\r\n"));
}

TEST_CASE("From is exactly one address, and %DestinationParty% as in To") {
    CHECK_THROWS_AS(composed().set("From", "").run(), hawser::failure);
    CHECK_THROWS_AS(composed().set("From", "a@x.example,b@x.example").run(), hawser::failure);
    composed mail;
    mail.host.macros["DestinationParty"] = "party@x.example";
    mail.set("From", "%DestinationParty%").run();
    CHECK(mail.field("From") == "party@x.example");
    CHECK(mail.message.get("SMTP.EnvelopeSender") == "party@x.example");
}

TEST_CASE("%DestinationParty% in To and CC, an error where it has no value") {
    composed mail;
    mail.host.macros["DestinationParty"] = "party@x.example";
    mail.set("To", "%DestinationParty%").set("CC", "%DestinationParty%").run();
    CHECK(mail.field("To") == "party@x.example");
    CHECK_THROWS_AS(composed().set("To", "%DestinationParty%").run(), hawser::failure);
    CHECK_THROWS_AS(composed().set("CC", "%DestinationParty%").run(), hawser::failure);
    CHECK_THROWS_AS(composed().set("BCC", "%DestinationParty%").run(), hawser::failure);
}

TEST_CASE("Subject is %MessageID% by default, and an unresolvable macro stays as written") {
    composed mail;
    mail.host.macros["MessageID"] = "4711";
    mail.run();
    CHECK(mail.field("Subject") == "4711");
    composed other;
    other.set("Subject", "%SourceParty% 100%").run();
    CHECK(other.field("Subject") == "%SourceParty% 100%");
}

TEST_CASE("a macro's value cannot inject a header field") {
    composed mail;
    mail.host.macros["SourceParty"] = "x\r\nBcc: victim@x.example";
    mail.set("Subject", "%SourceParty%").run();
    CHECK_FALSE(has(mail.field("Subject"), "\n"));
}

TEST_CASE("ReadReceipt asks for a notification to From") {
    composed mail;
    mail.set("ReadReceipt", "true").run();
    CHECK(mail.field("Disposition-Notification-To") == "bus@contoso.example");
    composed none;
    none.run();
    CHECK(none.field("Disposition-Notification-To").empty());
}

TEST_CASE("ReplyBy is the Reply-By field") {
    composed mail;
    mail.set("ReplyBy", "2026-12-01T10:00:00Z").run();
    CHECK(mail.field("Reply-By") == "2026-12-01T10:00:00Z");
}

TEST_CASE("EmailBodyText is converted to EmailBodyTextCharset, which is utf-8 where it is not set") {
    composed mail;
    const std::string utf8 = mail.set("EmailBodyText", "Grüße an alle, die das lesen").run();
    CHECK(has(utf8, "Content-Type: text/plain;\r\n charset=\"utf-8\""));
    CHECK(has(utf8, "Gr=C3=BC=C3=9Fe an alle"));
    composed latin;
    const std::string one =
        latin.set("EmailBodyText", "Grüße an alle, die das lesen").set("EmailBodyTextCharset", "iso-8859-1").run();
    CHECK(has(one, "Gr=FC=DFe an alle"));
    CHECK_THROWS_WITH_AS(composed().set("EmailBodyText", "€").set("EmailBodyTextCharset", "us-ascii").run(),
                         doctest::Contains("us-ascii"), hawser::failure);
}

TEST_CASE("EmailBodyText has at most 64 KiB") {
    CHECK_NOTHROW(composed().set("EmailBodyText", std::string(64 * 1024, 'x')).run());
    CHECK_THROWS_WITH_AS(composed().set("EmailBodyText", std::string(64 * 1024 + 1, 'x')).run(),
                         doctest::Contains("64 KiB"), hawser::failure);
}

TEST_CASE("EmailBodyFile is not converted, loses its byte-order mark, and is HTML where its name says so") {
    composed mail;
    mail.host.files["/srv/mail.HTML"] = "\xef\xbb\xbf<p>caf\xe9 and more plain text</p>";
    const std::string entity =
        mail.set("EmailBodyFile", "/srv/mail.HTML").set("EmailBodyFileCharset", "iso-8859-1").run();
    CHECK(has(entity, "Content-Type: text/html;\r\n charset=\"iso-8859-1\""));
    CHECK(has(entity, "\r\n\r\n<p>caf=E9 and"));
    composed text;
    text.host.files["/srv/mail.txt"] = "plain";
    CHECK(has(text.set("EmailBodyFile", "/srv/mail.txt").run(), "Content-Type: text/plain;\r\n charset=\"utf-8\""));
}

TEST_CASE("Attachments are files, by name and type; one that is missing fails before anything is sent") {
    composed mail;
    mail.host.files["/srv/a.pdf"] = "%PDF";
    const std::string entity = mail.set("Attachments", "/srv/a.pdf").run();
    CHECK(has(entity, "Content-Type: application/pdf;\r\n name=\"a.pdf\""));
    CHECK(has(entity, "Content-Disposition: attachment;\r\n filename=\"a.pdf\""));
    CHECK_THROWS_AS(composed().set("Attachments", "/srv/missing.pdf").run(), hawser::failure);
}

TEST_CASE("MessagePartsAttachments: none, body and all, with and without a text of its own") {
    const auto parts_of = [](const char* mode, const char* text) {
        composed mail;
        mail.add_part("second", "application/json", "{}");
        const std::string entity = mail.set("MessagePartsAttachments", mode).set("EmailBodyText", text).run();
        std::string found;
        found += has(entity, "\r\n\r\nHello\r\n") ? "body " : "";
        found += has(entity, "name=\"body\"") ? "attached " : "";
        found += has(entity, "name=\"second\"") ? "others" : "";
        return found;
    };
    CHECK(parts_of("none", "") == "body ");
    CHECK(parts_of("body", "") == "body ");
    CHECK(parts_of("all", "") == "body others");
    CHECK(parts_of("none", "T") == "");
    CHECK(parts_of("body", "T") == "attached ");
    CHECK(parts_of("all", "T") == "attached others");
}

// ---- Beyond ----

TEST_CASE("ReplyTo is the Reply-To field") {
    composed mail;
    mail.set("ReplyTo", "Desk <desk@x.example>").run();
    CHECK(mail.field("Reply-To") == "Desk <desk@x.example>");
    CHECK(mail.recipients() == "ap@partner.example\n");
}

TEST_CASE("ExtraHeaders are encoded, take macros and templates, and end nothing") {
    composed mail;
    mail.host.macros["MessageID"] = "4711";
    mail.message.properties["BTS.InterchangeID"] = {"7\r\nBcc: victim@x.example", HAWSER_TYPE_STRING,
                                                    HAWSER_ORIGIN_MESSAGE, false};
    mail.set("ExtraHeaders", "X-Id: %MessageID%|X-Run: %{BTS.InterchangeID}|X-Place: Köln").run();
    CHECK(mail.field("X-Id") == "4711");
    CHECK_FALSE(has(mail.field("X-Run"), "\n"));
    CHECK(mail.field("X-Place") == "=?utf-8?q?K=C3=B6ln?=");
}

TEST_CASE("ExtraHeaders cannot set a field of the closed list, or what is no field") {
    for (const char* text : {"From: a@x.example",
                             "to: a@x.example",
                             "Bcc: a@x.example",
                             "Subject: x",
                             "Message-Id: <x@y>",
                             "Date: now",
                             "MIME-Version: 1.0",
                             "Content-Type: text/html",
                             "content-foo: x",
                             "Received: x",
                             "Return-Path: <>",
                             "DKIM-Signature: x",
                             "Sender: a@x.example",
                             "Reply-To: a@x.example",
                             "ARC-Seal: x",
                             "Resent-To: a@x.example",
                             "Authentication-Results: x",
                             "no colon",
                             ": x",
                             "X y: z",
                             "X-ä: z",
                             "X-Empty:  "}) {
        CHECK_THROWS_AS(composed().set("ExtraHeaders", text).run(), hawser::failure);
    }
}

TEST_CASE("templates take any context property once, and stay as they are where it has no value") {
    composed mail;
    mail.host.macros["MessageID"] = "4711";
    mail.message.properties["App.Order"] = {"%MessageID% %{App.Order}", HAWSER_TYPE_STRING, HAWSER_ORIGIN_MESSAGE,
                                            false};
    const std::string entity = mail.set("Subject", "%MessageID% %{App.Order} %{App.None} %{ }")
                                   .set("EmailBodyText", "Order %{App.Order}, %MessageID%")
                                   .run();
    CHECK(mail.field("Subject") == "4711 %MessageID% %{App.Order} %{App.None} %{ }");
    CHECK(has(entity, "\r\n\r\nOrder %MessageID% %{App.Order}, %MessageID%"));
}

TEST_CASE("a template that came with the message reads nothing of the bindings") {
    composed mail;
    mail.set("Username", "svc");
    mail.set("Subject", "%{SMTP.Username}", HAWSER_ORIGIN_MESSAGE).run();
    CHECK(mail.field("Subject") == "%{SMTP.Username}");
}

TEST_CASE("EmailBodyHtml beside a text is multipart/alternative, the text first; its templates are escaped") {
    composed mail;
    mail.message.properties["App.Name"] = {"<b>&\"", HAWSER_TYPE_STRING, HAWSER_ORIGIN_MESSAGE, false};
    const std::string entity = mail.set("EmailBodyText", "Plain").set("EmailBodyHtml", "<p>%{App.Name}</p>").run();
    CHECK(position(entity, "Content-Type: multipart/alternative") < position(entity, "Content-Type: text/plain"));
    CHECK(position(entity, "Content-Type: text/plain") < position(entity, "Content-Type: text/html"));
    CHECK(has(entity, "<p>&lt;b&gt;&amp;&quot;</p>"));
}

TEST_CASE("InlineImages and parts with a ContentID stand beside the HTML in multipart/related") {
    composed mail;
    mail.host.files["/srv/logo.png"] = "PNG";
    mail.add_part("photo", "image/jpeg", "JPG").properties["MIME.ContentID"] = {"photo@x"};
    const std::string entity = mail.set("EmailBodyHtml", "<img src=\"cid:logo.png\">")
                                   .set("InlineImages", "/srv/logo.png")
                                   .set("MessagePartsAttachments", "all")
                                   .run();
    CHECK(position(entity, "multipart/mixed") < position(entity, "multipart/related;\r\n type=\"text/html\""));
    CHECK(has(entity, "Content-Disposition: inline;\r\n filename=\"logo.png\"\r\nContent-ID: <logo.png>"));
    CHECK(has(entity, "Content-ID: <photo@x>"));
    CHECK(has(entity, "Content-Disposition: attachment;\r\n filename=\"body\""));
    CHECK_THROWS_AS(composed().set("InlineImages", "/srv/logo.png").run(), hawser::failure);
}

TEST_CASE("names in every script: an encoded-word in Content-Type, RFC 2231 in Content-Disposition") {
    for (const char* name : {"Grüße.pdf", "請求書.pdf", "Счёт.pdf", "חשבון.pdf"}) {
        composed mail;
        mail.host.files[std::string("/srv/") + name] = "x";
        const std::string entity = mail.set("Attachments", std::string("/srv/") + name).run();
        CHECK(has(entity, "Content-Type: application/pdf;\r\n name=\"=?utf-8?"));
        CHECK(has(entity, "filename*=utf-8''"));
        CHECK(std::all_of(entity.begin(), entity.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    }
}

TEST_CASE("no line is over 78 characters, whatever the content and the names are") {
    composed mail;
    mail.message.parts[0].bytes = std::string(3000, 'x') + '\n' + std::string(3000, '\xe9');
    kit::part& other = mail.add_part("data", "application/octet-stream", std::string(5000, '\0'));
    other.file_name = std::string(180, 'n') + ".bin";
    mail.host.files["/srv/" + std::string(120, 'f')] = "x";
    const std::string entity =
        mail.set("MessagePartsAttachments", "all").set("Attachments", "/srv/" + std::string(120, 'f')).run();
    CHECK(longest_line(entity) <= 78);
}

TEST_CASE("text is quoted-printable or base64, whichever is shorter for it") {
    composed plain;
    CHECK(has(plain.run(), "Content-Transfer-Encoding: quoted-printable"));
    composed japanese;
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text += "日本\r\n";
    }
    japanese.message.parts[0].bytes = text;
    japanese.message.parts[0].read_size_max = 1;
    CHECK(has(japanese.run(), "Content-Transfer-Encoding: base64"));
}

TEST_CASE("the size of a text of ours with attachments is known before, so that SIZE is declared and CHUNKING used") {
    for (const char* text : {"", "Grüße\n.\n", "trailing blank \r\nFrom here", "日本語"}) {
        composed mail;
        mail.set("EmailBodyText", text).set("EmailBodyHtml", "<p>ü</p>").set("MessagePartsAttachments", "body");
        mail.message.parts[0].bytes = std::string(100000, '\n');
        hawser::message one = mail.view();
        compose_mail(one);
        hawser::body_stream entity = mail.message.take_body();
        const std::int64_t known = entity.size_hint();
        std::int64_t size = 0;
        char block[4096];
        while (const std::size_t read = entity.read(block, sizeof block)) {
            size += static_cast<std::int64_t>(read);
        }
        CHECK(known == size);
    }
}
