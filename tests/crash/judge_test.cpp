#include "judge.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace hawser::crash {
namespace {

// Two messages of one submitter on an ordered port, both delivered by run 1, which crashed.
evidence sound() {
    evidence given;
    given.acknowledged = {{"m1", {7, 1}, 10, "aa", {"Out"}}, {"m2", {7, 2}, 10, "bb", {"Out"}}};
    given.written.by_port["Out"] = {{1, "Out", "m1", "u1", 1, {7, 1}, 10, "aa", "delivered"},
                                    {1, "Out", "m2", "u2", 1, {7, 2}, 10, "bb", "delivered"}};
    given.crashed_runs = {1};
    given.ordered_ports = {"Out"};
    given.in_flight_max = 1;
    return given;
}

journal_line again(std::uint32_t run) { return {run, "Out", "m2", "u2", 1, {7, 2}, 10, "bb", "delivered"}; }

TEST_CASE("what holds is said to hold, and counted") {
    const judgement found = judge(sound());
    CHECK(found.holds());
    CHECK(found.delivered == 2);
    CHECK(found.repeats == 0);
}

TEST_CASE("a message that never came is lost, unless the box still has it or another port is meant") {
    evidence given = sound();
    given.written.by_port["Out"].pop_back();
    CHECK(judge(given).lost == 1);
    CHECK_FALSE(judge(given).holds());
    given.kept = {{"m2", "Elsewhere"}};
    CHECK(judge(given).lost == 1);
    given.kept = {{"m2", "Out"}};
    CHECK(judge(given).holds());
}

TEST_CASE("an attempt that was to be retried is no delivery") {
    evidence given = sound();
    given.written.by_port["Out"].back().answer = "retry";
    CHECK(judge(given).lost == 1);
    CHECK(judge(given).retries == 1);
}

TEST_CASE("a subscriber that was passed over is a loss") {
    evidence given = sound();
    given.acknowledged.front().ports.push_back("Second");
    CHECK(judge(given).lost == 1);
}

TEST_CASE("what was never published is unknown, and so is what was refused, and what came to a wrong port") {
    evidence given = sound();
    given.written.by_port["Out"].push_back({1, "Out", "m3", "u3", 1, {7, 3}, 10, "cc", "delivered"});
    CHECK(judge(given).unknown == 1);
    given.refused = {{7, 3}};
    CHECK(judge(given).violations.front().find("refused") != std::string::npos);
    given = sound();
    given.written.by_port["Second"] = {{1, "Second", "m2", "u9", 1, {7, 2}, 10, "bb", "delivered"}};
    CHECK(judge(given).unknown == 1);
}

TEST_CASE("a repeat is in order only beyond a crash of the run that delivered it") {
    evidence given = sound();
    given.written.by_port["Out"].push_back(again(2));
    CHECK(judge(given).holds());
    CHECK(judge(given).repeats_in_flight == 1);
    given.crashed_runs = {};
    CHECK_FALSE(judge(given).holds());
    CHECK(judge(given).repeats == 1);
    CHECK(judge(given).repeats_in_flight == 0);
    given = sound();
    given.written.by_port["Out"].push_back(again(1));
    CHECK_FALSE(judge(given).holds());
}

TEST_CASE("more repeats than can have been in flight are too many") {
    evidence given = sound();
    given.ordered_ports = {};
    given.written.by_port["Out"].push_back({2, "Out", "m1", "u1", 1, {7, 1}, 10, "aa", "delivered"});
    given.written.by_port["Out"].push_back(again(2));
    CHECK_FALSE(judge(given).holds());
    CHECK(judge(given).repeats_of_one_crash_max == 2);
    given.in_flight_max = 2;
    CHECK(judge(given).holds());
}

TEST_CASE("a repeat with another unique id is none that a receiver can drop") {
    evidence given = sound();
    given.written.by_port["Out"].push_back(again(2));
    given.written.by_port["Out"].back().unique_id = "u3";
    CHECK_FALSE(judge(given).holds());
}

TEST_CASE("two deliveries with the same unique id are found") {
    evidence given = sound();
    given.written.by_port["Out"].back().unique_id = "u1";
    CHECK_FALSE(judge(given).holds());
}

TEST_CASE("order is broken by one that overtakes, and by one that comes back later") {
    evidence given = sound();
    std::swap(given.written.by_port["Out"][0], given.written.by_port["Out"][1]);
    CHECK(judge(given).order_violations == 1);
    given.ordered_ports = {};
    CHECK(judge(given).holds());
    given = sound();
    given.written.by_port["Out"].push_back({2, "Out", "m1", "u1", 1, {7, 1}, 10, "aa", "delivered"});
    CHECK(judge(given).order_violations == 1);
}

TEST_CASE("damage is found: other bytes, a foreign body, an unreadable journal, one id for two") {
    evidence given = sound();
    given.written.by_port["Out"][0].sha256 = "ff";
    CHECK_FALSE(judge(given).holds());
    given = sound();
    given.written.by_port["Out"][0].size = 9;
    CHECK_FALSE(judge(given).holds());
    given = sound();
    given.written.unreadable_count = 1;
    CHECK_FALSE(judge(given).holds());
    given = sound();
    given.acknowledged.push_back({"m1", {7, 3}, 10, "cc", {"Out"}});
    CHECK_FALSE(judge(given).holds());
}

TEST_CASE("a journal line survives its text, and a cut one is noticed") {
    const journal_line line{3, "Out", "m1", "u1", 2, {7, 1}, 10, "aa", "retry"};
    const std::string text = to_text(line);
    const std::optional<journal_line> read = parse_line(text);
    REQUIRE(read);
    CHECK(to_text(*read) == text);
    CHECK_FALSE(parse_line(std::string_view(text).substr(0, text.size() - 3)));
    CHECK_FALSE(parse_line(""));
    CHECK_FALSE(parse_line("1 Out m1 u1 2 7 1 10 aa retry more"));
}

TEST_CASE("what a kill left of a line is dropped, and the lines before it stay") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("hawser-journal-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    const journal_line line{3, "Out", "m1", "u1", 2, {7, 1}, 10, "aa", "retry"};
    append_line(folder, line);
    std::ofstream(folder / "Out.journal", std::ios::app) << "4 Out m2 u";
    std::ofstream(folder / "Other.journal") << "4 Oth";
    CHECK(drop_unfinished_lines(folder) == 2);
    CHECK(drop_unfinished_lines(folder) == 0);
    append_line(folder, line);
    const journals written = read_journals(folder);
    CHECK(written.unreadable_count == 0);
    CHECK(written.by_port.at("Out").size() == 2);
    CHECK(written.by_port.at("Other").empty());
    std::filesystem::remove_all(folder);
}

TEST_CASE("a body says whose it is, and is the same each time") {
    const std::string body = make_body({7, 12}, 5000);
    CHECK(body.size() >= 5000);
    CHECK(body == make_body({7, 12}, 5000));
    CHECK(body != make_body({7, 13}, 5000));
    REQUIRE(read_identity(body));
    CHECK(read_identity(body)->submitter == 7);
    CHECK(read_identity(body)->sequence == 12);
    CHECK_FALSE(read_identity("something else"));
}

}  // namespace
}  // namespace hawser::crash
