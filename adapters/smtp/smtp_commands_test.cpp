#include "smtp_commands.hpp"

#include <doctest/doctest.h>

#include "hawser/sdk/error.hpp"

using namespace hawser::smtp;

namespace {

smtp_extensions everything() {
    return parse_extensions({250,
                             {"server", "SIZE 1000", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING", "BINARYMIME",
                              "LIMITS RCPTMAX=50 MAILMAX=3"}});
}

}  // namespace

TEST_CASE("what EHLO offers is read") {
    const smtp_extensions found = everything();
    CHECK(found.has_smtputf8);
    CHECK(found.has_chunking);
    CHECK(found.has_binarymime);
    CHECK(found.size_max == 1000);
    CHECK(found.recipients_max == 50);  // RFC 9422
    CHECK(parse_extensions({250, {"server", "SIZE", "LIMITS RCPTMAX=x"}}).recipients_max == 0);
}

TEST_CASE("MAIL has the parameters that the server offers, and no others") {
    mail_facts mail{.sender = "a@x.example", .size = 12, .status = {"FAILURE", "HDRS", "id=1"}};
    CHECK(mail_command(mail, everything()) == "MAIL FROM:<a@x.example> SIZE=12 RET=HDRS ENVID=id+3D1");
    CHECK(mail_command(mail, {}) == "MAIL FROM:<a@x.example>");
    mail.kind = content_kind::binary;
    mail.needs_smtputf8 = true;
    mail.size = -1;
    mail.status = {};
    CHECK(mail_command(mail, everything()) == "MAIL FROM:<a@x.example> BODY=BINARYMIME SMTPUTF8");
}

TEST_CASE("RCPT has NOTIFY, and ORCPT as xtext") {
    const mail_facts mail{.sender = "a@x.example", .status = {"SUCCESS,FAILURE", "", "id"}};
    CHECK(recipient_command("b+c@x.example", mail, everything()) ==
          "RCPT TO:<b+c@x.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@x.example");
    CHECK(recipient_command("jö@x.example", mail, everything()) ==
          "RCPT TO:<jö@x.example> NOTIFY=SUCCESS,FAILURE ORCPT=utf-8;jö@x.example");
    CHECK(recipient_command("b@x.example", mail, {}) == "RCPT TO:<b@x.example>");
}

TEST_CASE("xtext (RFC 3461 section 4, RFC 6533 section 3)") {
    CHECK(to_xtext("a+b=c d") == "a+2Bb+3Dc+20d");
    CHECK(to_xtext("ö+\\") == "ö\\x{2B}\\x{5C}");
}

TEST_CASE("NotifyOn: words in any case, never alone") {
    CHECK(parse_status_events("") == "");
    CHECK(parse_status_events("success, Failure,DELAY,success") == "SUCCESS,FAILURE,DELAY");
    CHECK(parse_status_events("never") == "NEVER");
    for (const char* text : {"never,success", "sometimes", "success NOTIFY=x", "success\r\n", ","}) {
        CHECK_THROWS_AS(parse_status_events(text), hawser::failure);
    }
}

TEST_CASE("too many recipients (452 4.5.3) is told apart from a full disk (452 4.3.1)") {
    CHECK(is_too_many_recipients({452, {"4.5.3 Too many recipients"}}));
    CHECK(is_too_many_recipients({452, {"Too many recipients"}}));
    CHECK(is_too_many_recipients({552, {"5.5.3 Too many recipients"}}));
    CHECK_FALSE(is_too_many_recipients({452, {"4.3.1 No space"}}));
    CHECK_FALSE(is_too_many_recipients({552, {"5.2.2 Mailbox full"}}));
}
