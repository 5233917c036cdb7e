#include "host/command_line.hpp"

#include <doctest/doctest.h>

#include <regex>

using namespace hawser::command;

namespace {

parsed_command_line parse(std::vector<const char*> words) {
    words.insert(words.begin(), "hawser");
    return parse_command_line(static_cast<int>(words.size()), words.data(), "1.2.3");
}

std::vector<std::string> found_in(const std::string& text, const std::string& pattern) {
    std::vector<std::string> all;
    const std::regex wanted(pattern);
    for (std::sregex_iterator at(text.begin(), text.end(), wanted); at != std::sregex_iterator(); ++at) {
        all.push_back((*at)[1]);
    }
    return all;
}

const std::vector<std::vector<const char*>>& every_verb() {
    static const std::vector<std::vector<const char*>> all{
        {"check"},
        {"run"},
        {"reload"},
        {"status"},
        {"schema"},
        {"send"},
        {"submit"},
        {"preview"},
        {"smtp", "probe"},
        {"messages", "list"},
        {"messages", "show"},
        {"messages", "resume"},
        {"messages", "terminate"},
        {"messages", "save"},
        {"ports", "list"},
        {"ports", "start"},
        {"ports", "stop"},
        {"ports", "enlist"},
        {"ports", "unenlist"},
        {"plugins", "list"},
        {"plugins", "show"},
        {"certificates", "list"},
        {"certificates", "check"},
        {"audit", "verify"},
        {"audit", "show"},
        {"audit", "export"},
    };
    return all;
}

}  // namespace

TEST_CASE("send takes what the contract lists, and options never swallow the file") {
    const parsed_command_line got =
        parse({"send",       "b.json",      "--port",         "Out",      "--property", "SMTP.Subject=a b",
               "--property", "SMTP.To=x@y", "--content-type", "text/xml", "--part",     "second=p.pdf",
               "--key",      "k",           "--json",         "--wait",   "10m",        "--overlay",
               "o.json",     "in.xml"});
    REQUIRE_MESSAGE(!got.exit_code, got.text);
    CHECK(got.values.verb == "send");
    CHECK(got.values.bindings == "b.json");
    CHECK(got.values.port == "Out");
    CHECK(got.values.properties == std::vector<std::string>{"SMTP.Subject=a b", "SMTP.To=x@y"});
    CHECK(got.values.parts == std::vector<std::string>{"second=p.pdf"});
    CHECK(got.values.files == std::vector<std::string>{"in.xml"});
    CHECK(got.values.overlays == std::vector<std::string>{"o.json"});
    CHECK(got.values.key == "k");
    CHECK(got.values.is_json);
    CHECK_FALSE(got.values.waits_for_end);
    CHECK(got.values.wait_ms == 600'000);
}

TEST_CASE("a dash is standard input, and submit takes several files") {
    CHECK(parse({"send", "b", "--port", "P", "-"}).values.files == std::vector<std::string>{"-"});
    CHECK(parse({"submit", "b", "one", "two", "three"}).values.files ==
          std::vector<std::string>{"one", "two", "three"});
    CHECK(parse({"send", "b", "--port", "P", "--wait", "end", "-"}).values.waits_for_end);
}

TEST_CASE("verbs of two words") {
    const parsed_command_line got =
        parse({"messages", "resume", "b.json", "12", "13", "--set", "SMTP.To=x@y", "--unset", "SMTP.CC"});
    REQUIRE_MESSAGE(!got.exit_code, got.text);
    CHECK(got.values.verb == "messages resume");
    CHECK(got.values.names == std::vector<std::string>{"12", "13"});
    CHECK(got.values.set == std::vector<std::string>{"SMTP.To=x@y"});
    CHECK(got.values.unset == std::vector<std::string>{"SMTP.CC"});
    CHECK(parse({"messages", "resume", "b.json", "--all", "--limit", "10"}).values.limit == 10);
    CHECK(parse({"messages", "save", "b.json", "12", "--part", "x", "-o", "out"}).values.output == "out");
    CHECK(parse({"ports", "stop", "b.json", "A", "B"}).values.verb == "ports stop");
    const arguments named =
        parse({"ports", "stop", "b.json", "A", "--group", "G", "--group", "H", "--port", "P"}).values;
    CHECK(named.names == std::vector<std::string>{"A"});
    CHECK(named.group_names == std::vector<std::string>{"G", "H"});
    CHECK(named.port_names == std::vector<std::string>{"P"});
    CHECK(parse({"ports", "start", "b.json", "--all"}).values.is_all);
    CHECK(parse({"reload", "b.json", "--suspend-removed"}).values.suspends_removed);
    CHECK(parse({"plugins", "list"}).values.bindings.empty());
    CHECK(parse({"plugins", "show", "SMTP"}).values.names == std::vector<std::string>{"SMTP"});
    CHECK(parse({"schema"}).values.verb == "schema");
    CHECK(parse({"run", "b.json", "--log-format", "json", "--log-level", "debug"}).values.log_level == "debug");
}

TEST_CASE("an empty value is no value: it is refused, and never counts as left out") {
    const std::vector<std::vector<const char*>> all{
        {"messages", "terminate", "b", ""},
        {"messages", "terminate", "b", "12", ""},
        {"messages", "resume", "b", "", "--set", "Y.Z=1"},
        {"messages", "terminate", "b", "--port", "", "--state", "queued"},
        {"messages", "terminate", "b", "--port=", "--state", "queued"},
        {"messages", "terminate", "b", "--older-than", "", "--state", "queued"},
        {"messages", "list", "b", "--message-id", ""},
        {"submit", "b", "--receive-port", "", "f"},
        {"submit", "b", "--port", "", "f"},
        {"submit", "b", "--port=", "f", "g"},
        {"submit", "b", "--part", "", "f"},
        {"submit", "b", ""},
        {"plugins", "show", ""},
        {"check", ""},
    };
    for (const std::vector<const char*>& words : all) {
        std::string line;
        for (const char* word : words) {
            line += std::string(word) + "|";
        }
        CAPTURE(line);
        const parsed_command_line got = parse(words);
        CHECK(got.exit_code == 64);
        CHECK(got.text.find("its value is empty") != std::string::npos);
    }
    CHECK_FALSE(parse({"submit", "b", "--property", "A.B=", "f"}).exit_code);  // that of a property may be empty
}

// From the help itself, so that an option that is added is among them.
TEST_CASE("no option and no argument of any verb takes an empty value") {
    std::size_t options = 0;
    for (const std::vector<const char*>& verb : every_verb()) {
        std::vector<const char*> words = verb;
        words.push_back("--help");
        const std::string help = parse(words).text;
        const std::size_t options_at = help.find("\nOptions:\n");
        REQUIRE(options_at != std::string::npos);
        std::vector<std::string> names =
            found_in(help.substr(options_at), R"((?:^|\n)  (?:-\w,)?(--[a-z-]+)\S* (?!Excludes)[A-Z])");
        const std::size_t arguments = found_in(help.substr(0, options_at), R"(\n  ([A-Z]+) TEXT)").size();
        options += names.size();
        const bool needs_port = help.find("--port NAME REQUIRED") != std::string::npos;
        for (const std::string& name : names) {
            words = verb;
            if (needs_port && name != "--port") {
                words.insert(words.end(), {"--port", "P"});
            }
            words.insert(words.end(), {name.c_str(), ""});
            words.insert(words.end(), arguments, "x");
            CAPTURE(name);
            CHECK(parse(words).exit_code == 64);
            CHECK(parse(words).text.find(name + ": ") != std::string::npos);
        }
        for (std::size_t empty = 0; empty < arguments; ++empty) {
            words = verb;
            if (needs_port) {
                words.insert(words.end(), {"--port", "P"});
            }
            for (std::size_t i = 0; i < arguments; ++i) {
                words.push_back(i == empty ? "" : "x");
            }
            CHECK(parse(words).exit_code == 64);
            CHECK(parse(words).text.find("its value is empty") != std::string::npos);
        }
    }
    CHECK(options > 120);
}

TEST_CASE("a number out of range is refused with what is allowed") {
    CHECK(parse({"messages", "list", "b", "--after", "-5"}).text.find("\"-5\" is no whole number from 0 on") !=
          std::string::npos);
    CHECK(parse({"messages", "list", "b", "--after", "x"}).exit_code == 64);
    CHECK(parse({"messages", "list", "b", "--after", "0"}).values.after == 0);
    CHECK(parse({"audit", "export", "a", "--record", "0"}).text.find("from 1 on") != std::string::npos);
}

TEST_CASE("messages are chosen by IDs, by filters, or all") {
    const parsed_command_line got = parse({"messages",
                                           "resume",
                                           "b",
                                           "--port",
                                           "P",
                                           "--state",
                                           "retrying",
                                           "--error",
                                           "550",
                                           "--property",
                                           "A.B=c",
                                           "--property",
                                           "D.E=f",
                                           "--older-than",
                                           "10m",
                                           "--newer-than",
                                           "2d",
                                           "--since",
                                           "2026-11-24",
                                           "--until",
                                           "2026-11-25T01:00Z",
                                           "--count",
                                           "7",
                                           "--rate",
                                           "10/s",
                                           "--dry-run"});
    REQUIRE_MESSAGE(!got.exit_code, got.text);
    CHECK(got.values.port == "P");
    CHECK(got.values.state == "retrying");
    CHECK(got.values.error == "550");
    CHECK(got.values.properties == std::vector<std::string>{"A.B=c", "D.E=f"});
    CHECK(got.values.older_than_ms == 600'000);
    CHECK(got.values.newer_than_ms == 172'800'000);
    CHECK(got.values.since_unix_ms == 1'795'478'400'000);
    CHECK(got.values.until_unix_ms == 1'795'478'400'000 + 90'000'000);
    CHECK(got.values.limit == 7);
    CHECK(got.values.rate->count == 10);
    CHECK(got.values.is_dry_run);
    for (const auto& [filter, value] :
         {std::pair{"--port", "P"}, std::pair{"--error", "550"}, std::pair{"--older-than", "10m"},
          std::pair{"--newer-than", "1d"}, std::pair{"--since", "2026-11-24"}, std::pair{"--until", "2026-11-24"},
          std::pair{"--property", "A.B=c"}}) {
        CAPTURE(filter);
        CHECK(!parse({"messages", "terminate", "b", filter, value}).exit_code);
        CHECK(!parse({"messages", "list", "b", filter, value}).exit_code);
        CHECK(parse({"messages", "terminate", "b", "1", filter, value}).exit_code == 64);
        CHECK(parse({"messages", "terminate", "b", "--all", filter, value}).exit_code == 64);
    }
    CHECK(!parse({"messages", "resume", "b", "--state", "retrying"}).exit_code);
    CHECK(!parse({"messages", "resume", "b", "--all", "--state", "retrying"}).exit_code);
    CHECK(parse({"messages", "resume", "b", "1", "--property", "A.B=c"}).text.find("--set") != std::string::npos);
    CHECK(parse({"messages", "list", "b", "--after", "12", "--message-id", "m"}).values.after == 12);
    CHECK(parse({"messages", "save", "b", "1", "--folder", "d"}).values.folder == "d");
    CHECK(parse({"messages", "save", "b", "1", "--context"}).values.wants_context);
}

TEST_CASE("every verb takes --overlay") {
    for (const std::vector<const char*>& verb :
         std::vector<std::vector<const char*>>{{"check", "b"},
                                               {"run", "b"},
                                               {"send", "b", "--port", "P", "f"},
                                               {"submit", "b", "f"},
                                               {"preview", "b", "--port", "P", "f"},
                                               {"messages", "list", "b"},
                                               {"messages", "show", "b", "1"},
                                               {"messages", "resume", "b", "1"},
                                               {"messages", "terminate", "b", "1"},
                                               {"messages", "save", "b", "1"},
                                               {"ports", "list", "b"},
                                               {"ports", "start", "b", "P"},
                                               {"reload", "b"},
                                               {"status", "b"},
                                               {"plugins", "list", "b"},
                                               {"plugins", "show", "b"},
                                               {"schema", "b"}}) {
        std::vector<const char*> words = verb;
        words.insert(words.end(), {"--overlay", "o1", "--overlay", "o2"});
        const parsed_command_line got = parse(words);
        CHECK_MESSAGE(!got.exit_code, got.text);
        CHECK(got.values.overlays == std::vector<std::string>{"o1", "o2"});
    }
}

TEST_CASE("wrong usage is 64 and says what and where to look") {
    for (const std::vector<const char*>& words :
         std::vector<std::vector<const char*>>{{"chekc", "b"},
                                               {"check"},
                                               {"send", "b", "f"},
                                               {"send", "b", "--port", "P"},
                                               {"send", "b", "--port", "P", "f", "g"},
                                               {"send", "b", "--port", "P", "--wait", "soon", "f"},
                                               {"send", "b", "--port", "P", "--nosuch", "f"},
                                               {"submit", "b"},
                                               {"submit", "b", "--key", "k", "f", "g"},
                                               {"submit", "b", "-", "-"},
                                               {"submit", "b", "-", "--part", "x=-"},
                                               {"messages"},
                                               {"messages", "resume", "b"},
                                               {"messages", "resume", "b", "1", "--all"},
                                               {"messages", "terminate", "b", "--port", "P", "--all"},
                                               {"messages", "list", "b", "--state", "lost"},
                                               {"messages", "list", "b", "--limit", "0"},
                                               {"messages", "list", "b", "--after", "-1"},
                                               {"messages", "list", "b", "--older-than", "old"},
                                               {"messages", "list", "b", "--since", "yesterday"},
                                               {"messages", "list", "b", "--set", "A.B=c"},
                                               {"messages", "resume", "b", "--all", "--rate", "fast"},
                                               {"messages", "resume", "b", "--all", "--count", "0"},
                                               {"messages", "terminate", "b", "1", "--set", "A.B=c"},
                                               {"messages", "save", "b", "1", "--folder", "d", "-o", "f"},
                                               {"messages", "save", "b", "1", "--context", "--part", "p"},
                                               {"ports", "stop", "b"},
                                               {"ports", "stop", "b", "P", "--all"},
                                               {"ports", "stop", "b", "--group", "G", "--all"},
                                               {"ports", "list", "b", "--group", "G"},
                                               {"reload"},
                                               {"reload", "b", "--suspends"},
                                               {"run", "b", "--log-level", "loud"},
                                               {"run", "b", "--log-format", "xml"}}) {
        const parsed_command_line got = parse(words);
        CAPTURE(words[0]);
        CAPTURE(words.size());
        REQUIRE(got.exit_code);
        CHECK(*got.exit_code == 64);
        CHECK(got.text.find("--help") != std::string::npos);
        CHECK(got.text.find("hawser: ") == 0);
    }
    CHECK(parse({"send", "b", "f"}).text.find("--port") != std::string::npos);
    CHECK(parse({"send", "b", "f"}).text.find("hawser send --help") != std::string::npos);
    CHECK(parse({}).exit_code == 64);
    const std::string long_key(256, 'k');
    CHECK(parse({"send", "b", "--port", "P", "--key", long_key.c_str(), "f"}).exit_code == 64);
}

TEST_CASE("how far certificates check looks ahead") {
    CHECK(parse({"certificates", "check", "b"}).values.within_days == 30);
    CHECK(parse({"certificates", "check", "b", "--within", "7"}).values.within_days == 7);
    CHECK(parse({"certificates", "check", "b", "--within", "-1"}).exit_code == 64);
    CHECK(parse({"certificates", "list", "b", "--within", "7"}).exit_code == 64);
}

TEST_CASE("help and version are 0") {
    CHECK(parse({"--help"}).exit_code == 0);
    CHECK(parse({"help"}).text.find("messages resume") != std::string::npos);
    CHECK(parse({"--version"}).exit_code == 0);
    CHECK(parse({"--version"}).text.find("hawser 1.2.3") != std::string::npos);
    const parsed_command_line send = parse({"send", "--help"});
    CHECK(send.exit_code == 0);
    CHECK(send.text.find("--property") != std::string::npos);
    CHECK(parse({"messages", "list", "--help"}).text.find("--state") != std::string::npos);
}

TEST_CASE("audit takes an archive's folder, and no bindings") {
    const std::string hash(64, 'a');
    const std::string expected = "17:" + hash;
    const parsed_command_line verify = parse({"audit", "verify", "audit/mail", "--key", "a.pub", "--key", "b.pem",
                                              "--expect", expected.c_str(), "--signed", "--json"});
    REQUIRE_MESSAGE(!verify.exit_code, verify.text);
    CHECK(verify.values.verb == "audit verify");
    CHECK(verify.values.archive == "audit/mail");
    CHECK(verify.values.key_files == std::vector<std::string>{"a.pub", "b.pem"});
    REQUIRE(verify.values.expected.size() == 1);
    CHECK(verify.values.expected[0].first == 17);
    CHECK(verify.values.expected[0].second == hash);
    CHECK(verify.values.wants_signed_end);
    const arguments show = parse({"audit", "show", "a", "--port", "P", "--message", "id", "--recipient", "x@y",
                                  "--since", "2026-11-24", "--until", "2026-11-25", "--record", "3"})
                               .values;
    CHECK(show.verb == "audit show");
    CHECK(show.port == "P");
    CHECK(show.message_id == "id");
    CHECK(show.recipient == "x@y");
    CHECK(show.until_unix_ms.value() - show.since_unix_ms.value() == 24 * 3600 * 1000);
    CHECK(show.record == 3);
    const arguments save = parse({"audit", "export", "a", "--message", "id", "--wire", "-o", "out"}).values;
    CHECK(save.wants_wire);
    CHECK(save.output == "out");
    for (const std::vector<const char*>& wrong :
         std::vector<std::vector<const char*>>{{"audit"},
                                               {"audit", "verify"},
                                               {"audit", "verify", "a", "--expect", "17"},
                                               {"audit", "verify", "a", "--expect", ":"},
                                               {"audit", "verify", "a", "--expect", "17:abc"},
                                               {"audit", "verify", "a", "--overlay", "o.json"},
                                               {"audit", "export", "a"},
                                               {"audit", "export", "a", "--record", "0"},
                                               {"audit", "export", "a", "--record", "1", "--message", "id"},
                                               {"audit", "show", "a", "--since", "yesterday"}}) {
        CHECK(parse(wrong).exit_code == 64);
    }
}
