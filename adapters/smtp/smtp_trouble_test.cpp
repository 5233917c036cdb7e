#include "smtp_trouble.hpp"

#include <doctest/doctest.h>

using namespace hawser::smtp;
using hawser::outcome;
using hawser::verdict;
using std::chrono::seconds;

TEST_CASE("what a 4xx tells of") {
    CHECK(busy_kind_of({451, {"4.7.1 Greylisted, come back"}}) == busy_kind::greylisting);
    CHECK(busy_kind_of({450, {"4.2.0 <a@b>: Recipient address rejected: Graylisted"}}) == busy_kind::greylisting);
    CHECK(busy_kind_of({432, {"4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"}}) ==
          busy_kind::connection_count);
    CHECK(busy_kind_of({421, {"4.3.2 Too many concurrent connections"}}) == busy_kind::connection_count);
    CHECK(busy_kind_of({450, {"4.7.0 Your rate is too high"}}) == busy_kind::rate);
    CHECK(busy_kind_of({451, {"4.3.0 Mail rate limit exceeded"}}) == busy_kind::rate);
    CHECK(busy_kind_of({451, {"4.3.0 Disk trouble"}}) == busy_kind::other);
    CHECK(busy_kind_of({550, {"5.7.1 Greylisted"}}) == busy_kind::other);
}

TEST_CASE("how long to wait: what the text says, else what is usual") {
    CHECK(wait_before_retry({451, {"4.7.1 Greylisted, try again in 90 seconds"}}) == seconds(90));
    CHECK(wait_before_retry({451, {"4.7.1 Greylisted for 5 minutes"}}) == seconds(300));
    CHECK(wait_before_retry({451, {"4.7.1 Greylisted for 900000 minutes"}}) ==
          seconds(3600));  // no server holds us for longer
    CHECK(wait_before_retry({451, {"4.7.1 Greylisted"}}) == seconds(300));
    CHECK(wait_before_retry({450, {"4.7.0 slow down"}}) == seconds(60));
    CHECK(wait_before_retry({432, {"4.3.2 Concurrent connections"}}) == seconds(30));
    CHECK(wait_before_retry({451, {"4.3.0 Error 17"}}) == seconds(0));
    CHECK(wait_before_retry({550, {"5.7.1 try again in 90 seconds"}}) == seconds(0));
}

TEST_CASE("a wait is for what is tried again only") {
    CHECK(delayed({.verdict = verdict::retry}, seconds(2), 1000).not_before_unix_ms == 3000);
    CHECK(delayed({.verdict = verdict::partial}, seconds(2), 1000).not_before_unix_ms == 3000);
    CHECK(delayed({.verdict = verdict::rejected}, seconds(2), 1000).not_before_unix_ms == 0);
    CHECK(delayed({.verdict = verdict::retry}, seconds(0), 1000).not_before_unix_ms == 0);
}

TEST_CASE("too high a rate or too many connections holds the port's other messages back, greylisting does not") {
    CHECK(message_refusal("s", "MAIL", {450, {"4.7.0 slow down"}}).is_endpoint_down);
    CHECK(message_refusal("s", "MAIL", {432, {"4.3.2 Concurrent connections"}}).is_endpoint_down);
    CHECK_FALSE(message_refusal("s", "MAIL", {451, {"4.7.1 Greylisted"}}).is_endpoint_down);
}

TEST_CASE("another server is tried for what it may do better, and never with credentials that were refused") {
    CHECK(another_server_may_help(connection_trouble("s", "closed")));
    CHECK(another_server_may_help(server_refusal("s", "connection", {554, {"no"}})));
    CHECK_FALSE(another_server_may_help(authentication_refusal("s", "u", "PLAIN", {535, {"no"}})));
    CHECK_FALSE(another_server_may_help(authentication_not_possible("s", "no AUTH")));
    const outcome both = joined_trouble(connection_trouble("a", "x"), server_refusal("b", "connection", {554, {"no"}}));
    CHECK(both.verdict == verdict::retry);
    CHECK(both.text.find("a: x; then b") == 0);
}

TEST_CASE("the longest wait of a message's recipients counts") {
    recipient_ledger ledger({"a@x", "b@x", "c@x"}, "");
    ledger.refuse("a@x", {451, {"4.7.1 Greylisted, 20 seconds"}});
    ledger.refuse("b@x", {451, {"4.7.1 Greylisted, 40 seconds"}});
    ledger.accept("c@x", {250, {"ok"}});
    CHECK(ledger.wait_before_retry() == seconds(40));
    CHECK(ledger.open().size() == 2);
}

TEST_CASE("what is told names every recipient that failed, the refused ones first, and who has the message") {
    recipient_ledger ledger({"a@x", "b@x", "c@x"}, "");
    ledger.accept("a@x", {250, {"2.0.0 ok"}});
    ledger.refuse("b@x", {450, {"4.2.0 later"}});
    ledger.refuse("c@x", {550, {"5.1.1 unknown"}});
    const outcome mixed = ledger.settle("s");
    CHECK(
        mixed.text ==
        "s did not accept it for 2 of 3 recipients; refused: <c@x>: \"550 5.1.1 unknown\"; put off: <b@x>: \"450 4.2.0 "
        "later\"; 1 has it: <a@x>");
    CHECK(mixed.verdict == verdict::partial);
    CHECK(mixed.code == "smtp.recipient-refused");
    CHECK(mixed.reply_code == 550);
    CHECK(mixed.enhanced_status == "5.1.1");

    // The next attempt is for b only, and its server cannot be reached: what the first one settled is still told.
    recipient_ledger next({"a@x", "b@x", "c@x"}, mixed.resume_state);
    CHECK(next.open() == std::vector<std::string>{"b@x"});
    CHECK(next.add_to(connection_trouble("s", "it is not there")).text ==
          "s: it is not there; refused: <c@x>: \"550 5.1.1 unknown\"; put off: <b@x>; 1 has it: <a@x>");

    next.refuse("b@x", {450, {"4.2.0 later"}});
    const outcome again = next.settle("s");
    CHECK(again.text == mixed.text);
    CHECK(again.reply_code == 550);
    CHECK(again.enhanced_status == "5.1.1");

    recipient_ledger alone({"a@x"}, "");
    alone.refuse("a@x", {450, {"4.2.0 later"}});
    CHECK(alone.settle("s").text == "s did not accept it for 1 of 1 recipient; put off: <a@x>: \"450 4.2.0 later\"");
    CHECK(alone.settle("s").code == "smtp.recipient-deferred");
    CHECK(recipient_ledger({"a@x"}, "").add_to(connection_trouble("s", "it is not there")).text ==
          "s: it is not there");
}

TEST_CASE("what is told of many recipients stays within what the engine keeps, and counts those it leaves out") {
    std::vector<std::string> addresses;
    for (std::size_t i = 0; i < 1000; ++i) {
        addresses.push_back("r" + std::to_string(i) + "@example.test");
    }
    recipient_ledger ledger(addresses, "");
    for (std::size_t i = 0; i < 1000; ++i) {
        const smtp_reply reply = i < 400   ? smtp_reply{250, {"2.1.5 ok"}}
                                 : i < 999 ? smtp_reply{450, {"4.2.0 " + std::string(300, 'x')}}
                                           : smtp_reply{550, {"5.1.1 " + std::string(300, 'y')}};
        i < 400 ? ledger.accept(addresses[i], reply) : ledger.refuse(addresses[i], reply);
    }
    const std::string text = ledger.settle("mail.example.test:25").text;
    CHECK(text.size() <= 1024);
    CHECK(text.find("600 of 1000 recipients; refused: <r999@example.test>: \"550 5.1.1 yyy") != std::string::npos);
    CHECK(text.find("; put off: <r400@example.test>: \"450 4.2.0 xxx") != std::string::npos);
    CHECK(text.find(" and 597 more; 400 have it: <r0@example.test>") != std::string::npos);
    CHECK(text.ends_with(" more"));
}

TEST_CASE("what did not begin before the service window ended is tried again, uncounted, and holds back nothing") {
    const outcome waited = not_begun("s");
    CHECK(waited.verdict == verdict::retry);
    CHECK(waited.is_not_begun);
    CHECK_FALSE(waited.is_endpoint_down);
}
