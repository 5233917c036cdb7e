#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

// The file to write. A regular one is written beside its place and put there when it is whole, so that a save that
// fails never costs the file that was there before.
class save_target {
public:
    explicit save_target(const std::string& path) : path_(path) {
        struct stat found {};
        const bool is_special = !path.empty() && ::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
        if (path.empty()) {
            number_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        } else if (is_special) {
            number_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
        } else {
            temporary_ = path + ".XXXXXX";
            number_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
            if (number_ < 0) {
                temporary_.clear();
            }
        }
        error_ = number_ < 0 ? errno : 0;
    }
    save_target(const save_target&) = delete;
    save_target& operator=(const save_target&) = delete;
    ~save_target() {
        if (number_ >= 0) {
            ::close(number_);
        }
        if (!temporary_.empty()) {
            ::unlink(temporary_.c_str());
        }
    }
    int number() const noexcept { return number_; }
    std::string error_text() const { return std::strerror(error_); }
    bool finish() {
        if (!temporary_.empty()) {
            if (::fsync(number_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
                error_ = errno;
                return false;
            }
            temporary_.clear();
        }
        return true;
    }

private:
    std::string path_;
    std::string temporary_;
    int number_ = -1;
    int error_ = 0;
};

// The delivery's number: itself, or of a message that has just one.
std::int64_t delivery_of(hawser::bus& bus, const std::string& id, std::string& problem) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error == std::errc{} && end == id.data() + id.size()) {
        return number;
    }
    const std::vector<message_detail> found = bus.show(id);
    if (found.empty()) {
        problem = "there is no message " + id;
        return 0;
    }
    return found.front().summary.delivery;   // every delivery of a message has the same parts
}

}  // namespace

int messages_save(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    std::string problem;
    const std::int64_t delivery = delivery_of(access.bus(), given.names.front(), problem);
    if (!problem.empty()) {
        return report_failure(given, "message.unknown", problem, exit_code::not_found);
    }
    save_target target(given.output);
    if (target.number() < 0) {
        return report_failure(given, "output.bad", "cannot write " + given.output + ": " + target.error_text(),
                              exit_code::not_accepted);
    }
    const change_answer answer = access.bus().save(delivery, given.part, target.number());
    if (const int code = exit_code_of(answer.code); code != exit_code::done) {
        return report_failure(given, "save.failed",
                              answer.text.empty() ? "there is no such message or part" : answer.text, code);
    }
    if (!target.finish()) {
        return report_failure(given, "output.bad", "cannot write " + given.output + ": " + target.error_text(),
                              exit_code::not_accepted);
    }
    return exit_code::done;
}

}  // namespace hawser::command
