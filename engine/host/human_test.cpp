#include "host/human.hpp"

#include <doctest/doctest.h>

#include "host/exit_code.hpp"

using namespace hawser::command;

TEST_CASE("sizes, durations and times") {
    CHECK(human_size(0) == "0 B");
    CHECK(human_size(1023) == "1023 B");
    CHECK(human_size(1024) == "1.0 KiB");
    CHECK(human_size(10 * 1024) == "10 KiB");
    CHECK(human_size(1024 * 1024 - 1) == "1.0 MiB");
    CHECK(human_size(5ULL * 1024 * 1024 * 1024) == "5.0 GiB");
    CHECK(human_duration(-5) == "0.0 s");
    CHECK(human_duration(1500) == "1.5 s");
    CHECK(human_duration(119'000) == "119 s");
    CHECK(human_duration(600'000) == "10 min");
    CHECK(human_duration(12'000'000) == "3 h 20 min");
    CHECK(human_duration(187'200'000) == "2 d 4 h");
    CHECK(time_text(0).empty());
    CHECK(time_text(1'700'000'000'007) == "2023-11-14T22:13:20.007Z");   // date -u -d @1700000000
    CHECK(time_text(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("text from outside cannot drive a terminal") {
    CHECK(plain("a\x1b[31mred\r\n\x7f") == "a\\x1b[31mred\\x0d\\x0a\\x7f");
    CHECK(plain("Gr\xc3\xbc\xc3\x9f"
                "e \xe2\x82\xac \xf0\x9f\x93\xa7") ==
          "Gr\xc3\xbc\xc3\x9f"
          "e \xe2\x82\xac \xf0\x9f\x93\xa7");
    CHECK(plain("\xc2\x9b"
                "31m") == "\\xc2\\x9b31m");   // C1 control sequence introducer
    CHECK(plain("\xff\xc3") == "\\xff\\xc3");
    CHECK(plain("\xc0\xaf\xed\xa0\x80") == "\\xc0\\xaf\\xed\\xa0\\x80");   // overlong, surrogate
}

TEST_CASE("tables are aligned by characters, not bytes, and have no trailing blanks") {
    text_table table({"NAME", "COUNT", "NOTE"});
    CHECK(table.is_empty());
    table.align_right(1);
    table.add(
        {"B\xc3\xbc"
         "cher",
         "1", ""});
    table.add({"x", "12345", "held"});
    CHECK(table.text() ==
          "NAME    COUNT  NOTE\nB\xc3\xbc"
          "cher      1\nx       12345  held\n");
}

TEST_CASE("the exit codes are the contract's") {
    using hawser::answer_code;
    CHECK(exit_code_of(answer_code::done) == 0);
    CHECK(exit_code_of(answer_code::bad_input) == 65);
    CHECK(exit_code_of(answer_code::no_subscriber) == 66);
    CHECK(exit_code_of(answer_code::not_found) == 66);
    CHECK(exit_code_of(answer_code::suspended) == 69);
    CHECK(exit_code_of(answer_code::not_accepted) == 74);
    CHECK(exit_code_of(answer_code::accepted) == 75);
}
