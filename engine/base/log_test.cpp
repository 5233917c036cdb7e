#include "base/log.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/thread_shortage.hpp"

using namespace hawser::engine;

namespace {

// What is written to standard error while it lives.
class captured_log {
public:
    captured_log() : file_(std::tmpfile()), kept_(::dup(STDERR_FILENO)) { ::dup2(::fileno(file_), STDERR_FILENO); }
    ~captured_log() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
        std::fclose(file_);
    }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;
    std::string text() const {
        std::string all(1 << 20, '\0');
        all.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(::fileno(file_), all.data(), all.size(), 0))));
        return all;
    }

private:
    std::FILE* file_;
    int kept_;
};

}  // namespace

TEST_CASE("buffered lines come whole and in order, and a warning brings what waits before it") {
    const captured_log log;
    std::string at_warning;
    {
        const log::buffering buffered;
        std::vector<std::thread> threads;
        for (const char* name : {"a", "b"}) {
            threads.emplace_back([name] {
                for (int i = 0; i < 500; ++i) {
                    log::info_soon("line", {{name, std::to_string(i)}});
                }
            });
        }
        for (std::thread& one : threads) {
            one.join();
        }
        log::warning("now");
        at_warning = log.text();
        log::info_soon("after");
    }
    CHECK(std::count(at_warning.begin(), at_warning.end(), '\n') == 1001);
    CHECK(at_warning.find("warning now") == at_warning.rfind("warning now"));
    for (const char* name : {"a", "b"}) {
        std::size_t position = 0;
        for (int i = 0; i < 500; ++i) {
            const std::size_t next =
                at_warning.find(std::string("line  ") + name + '=' + std::to_string(i) + '\n', position);
            REQUIRE(next != std::string::npos);
            position = next;
        }
    }
    CHECK(log.text().ends_with("after\n"));
}

TEST_CASE("text from outside is shown without control characters and capped") {
    CHECK(printable("550 no\r\nSubject: x") == "550 no\\x0d\\x0aSubject: x");
    CHECK(printable("aaaaaaaaaa", 4) == "aaaa...");
}

TEST_CASE("buffering that could not begin has left nothing behind") {
    const captured_log log;
    {
        const test::thread_shortage shortage(0);
        CHECK_THROWS_AS(log::buffering(), std::system_error);
    }
    {
        const log::buffering buffered;
        log::info_soon("line");
    }
    CHECK(log.text().find("line") != std::string::npos);
}
