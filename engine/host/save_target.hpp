// Where a verb writes what it saves: a file that is there when it is whole, or standard output. Used on the main
// thread.
#pragma once

#include <string>
#include <string_view>

#include "host/command_line.hpp"
#include "host/exit_code.hpp"

namespace hawser::command {

// A regular file is written beside its place and put there when it is whole, so that a save that fails never costs the
// file that was there before.
class save_target {
public:
    explicit save_target(const std::string& path);  // "" = standard output
    save_target(const save_target&) = delete;
    save_target& operator=(const save_target&) = delete;
    ~save_target();
    int number() const noexcept { return number_; }
    std::string error_text() const;
    bool finish();

private:
    std::string path_;
    std::string temporary_;
    int number_ = -1;
    int error_ = 0;
};

bool write_whole(int number, std::string_view bytes);

int save_failure(const arguments& given, const std::string& path, const std::string& why);

// What `fill` writes into a descriptor, in `path` ("" = standard output) once it is whole.
template <typename Fill>
int save_into(const arguments& given, const std::string& path, Fill fill) {
    save_target target(path);
    if (target.number() < 0) {
        return save_failure(given, path, target.error_text());
    }
    if (const int code = fill(target.number()); code != exit_code::done) {
        return code;
    }
    return target.finish() ? exit_code::done : save_failure(given, path, target.error_text());
}

}  // namespace hawser::command
