#include "host/progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "host/human.hpp"

namespace hawser::command {
namespace {

constexpr std::chrono::milliseconds first_wait{500};  // work that is done by then needs no progress
constexpr std::chrono::milliseconds interval{100};

}  // namespace

progress_line::progress_line() : is_terminal_(::isatty(STDERR_FILENO) == 1), started_(clock::now()), last_(started_) {}

progress_line::~progress_line() { clear(); }

void progress_line::show(const std::string& name, std::uint64_t bytes, std::uint64_t of_bytes, std::size_t file,
                         std::size_t of_files) {
    if (!is_due()) {
        return;
    }
    std::string text = plain(name) + "  " + human_size(bytes);
    if (of_bytes > 0) {
        text += " of " + human_size(of_bytes) + ", " +
                std::to_string(bytes >= of_bytes ? 100 : bytes * 100 / of_bytes) + " %";
    }
    if (of_files > 1) {
        text += "  (file " + std::to_string(file) + " of " + std::to_string(of_files) + ")";
    }
    write(text);
}

void progress_line::show_count(const std::string& what, std::uint64_t done, std::uint64_t of) {
    if (is_due()) {
        write(what + " " + std::to_string(done) + " of " + std::to_string(of));
    }
}

bool progress_line::is_due() {
    const clock::time_point now = clock::now();
    if (!is_terminal_ || now - started_ < first_wait || now - last_ < interval) {
        return false;
    }
    last_ = now;
    return true;
}

void progress_line::write(const std::string& text) {
    is_shown_ = true;
    std::fprintf(stderr, "\r%s\033[K", text.c_str());
    std::fflush(stderr);
}

void progress_line::clear() {
    if (is_shown_) {
        std::fputs("\r\033[K", stderr);
        std::fflush(stderr);
        is_shown_ = false;
    }
}

}  // namespace hawser::command
