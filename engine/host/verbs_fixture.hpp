// For the verbs' tests: a folder of its own with a file in it, and a verb's output caught in files.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "host/stand_in_engine.hpp"
#include "host/verbs.hpp"

namespace hawser::command::test {

struct folder_fixture {
    std::string folder;
    std::string file;
    folder_fixture() {
        script = {};
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-verbs-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        folder = pattern;
        file = folder + "/in.xml";
        std::ofstream(file) << "<a/>";
    }
    folder_fixture(const folder_fixture&) = delete;
    folder_fixture& operator=(const folder_fixture&) = delete;
    ~folder_fixture() {
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
    }
    arguments given(const std::string& verb) const {
        arguments made;
        made.verb = verb;
        made.bindings = "b.json";
        return made;
    }
};

inline std::string read_text(const std::string& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

struct outcome {
    int code = -1;
    std::string out;
    std::string err;
};

// Runs a verb with standard output and error going to files.
inline outcome captured(const std::string& folder, int (*verb)(const arguments&), const arguments& given) {
    outcome got;
    std::fflush(stdout);
    std::fflush(stderr);
    const int streams[] = {STDOUT_FILENO, STDERR_FILENO};
    int kept[2];
    for (int i = 0; i < 2; ++i) {
        const std::string path = folder + (i == 0 ? "/.out" : "/.err");
        kept[i] = ::fcntl(streams[i], F_DUPFD_CLOEXEC, 3);
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(file, streams[i]);
        ::close(file);
    }
    got.code = verb(given);
    std::fflush(stdout);
    std::fflush(stderr);
    for (int i = 0; i < 2; ++i) {
        ::dup2(kept[i], streams[i]);
        ::close(kept[i]);
    }
    got.out = read_text(folder + "/.out");
    got.err = read_text(folder + "/.err");
    return got;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline const message_summary stuck{.delivery = 42,
                                   .message_id = "m-42",
                                   .port = "Out",
                                   .state = "suspended",
                                   .published_unix_ms = 1,
                                   .attempts = 3,
                                   .size = 2048,
                                   .code = "smtp.x",
                                   .text = "550 no\x1b[2J"};

}  // namespace hawser::command::test
