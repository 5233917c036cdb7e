#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <iterator>
#include <mutex>
#include <thread>

namespace hawser::engine {
namespace log {
namespace {

std::atomic<level> lowest_level{level::info};
std::atomic<format> line_format{format::text};

std::string_view name_of(level severity) {
    switch (severity) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warning: return "warning";
    case level::error: return "error";
    }
    return "error";
}

void append_printable(std::string& out, std::string_view text, std::size_t size_max) {
    const std::size_t end = out.size() + size_max;
    for (const char c : text) {
        if (out.size() >= end) {
            out += "...";
            return;
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
}

void append_json_string(std::string& line, std::string_view text) {
    line += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            line += fmt::format("\\u{:04x}", byte);
        } else {
            line += c;
        }
    }
    line += '"';
}

// "2026-01-31T23:59:59.123Z". A host writes many lines a second: each thread makes the text of a second once.
void append_timestamp(std::string& line) {
    thread_local std::time_t second = -1;
    thread_local std::string text;
    const auto now = std::chrono::system_clock::now();
    const std::time_t current = std::chrono::system_clock::to_time_t(now);
    if (current != second) {
        text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(current));
        second = current;
    }
    const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    line += text;
    fmt::format_to(std::back_inserter(line), ".{:03}Z", since_epoch % 1000);
}

constexpr std::size_t shown_value_size_max = 2048;

std::string text_line(level severity, std::string_view event, std::initializer_list<field> fields) {
    std::string line;
    line.reserve(256);
    append_timestamp(line);
    line += ' ';
    line += name_of(severity);
    line.append(8 - name_of(severity).size(), ' ');
    line += event;
    for (const field& one : fields) {
        line += "  ";
        line += one.name;
        line += '=';
        append_printable(line, one.value, shown_value_size_max);
    }
    line += '\n';
    return line;
}

std::string json_line(level severity, std::string_view event, std::initializer_list<field> fields) {
    std::string line = R"({"time":")";
    append_timestamp(line);
    line += R"(","level":")";
    line += name_of(severity);
    line += R"(","event":)";
    append_json_string(line, event);
    for (const field& one : fields) {
        line += ',';
        append_json_string(line, one.name);
        line += ':';
        append_json_string(line, one.value);
    }
    line += "}\n";
    return line;
}

// A log that cannot be written must not stop the bus: there is nowhere left to report it.
void write_out(std::string_view lines) {
    while (!lines.empty()) {
        const ssize_t size = ::write(STDERR_FILENO, lines.data(), lines.size());
        if (size < 0 && errno != EINTR) {
            return;
        }
        lines.remove_prefix(size < 0 ? 0 : static_cast<std::size_t>(size));
    }
}

class line_buffer {
public:
    void open() {
        const std::lock_guard one_at_a_time(opening_);
        const std::lock_guard lock(mutex_);
        if (user_count_ == 0) {
            is_closing_ = false;
            thread_ = std::thread([this] { run(); });
        }
        ++user_count_;
    }
    void close() {
        const std::lock_guard one_at_a_time(opening_);
        {
            const std::lock_guard lock(mutex_);
            if (--user_count_ > 0) {
                return;
            }
            is_closing_ = true;
        }
        changed_.notify_one();
        thread_.join();
        write_waiting({});
    }
    // False: nothing is buffered, or no more now.
    bool add(const std::string& line) {
        {
            const std::lock_guard lock(mutex_);
            if (user_count_ == 0 || waiting_.size() >= waiting_size_max) {
                return false;
            }
            waiting_ += line;
            if (waiting_.size() > line.size()) {
                return true;
            }
        }
        changed_.notify_one();
        return true;
    }
    void write_waiting(std::string_view line) {
        const std::lock_guard writing(writing_);
        std::string lines;
        {
            const std::lock_guard lock(mutex_);
            lines.swap(waiting_);
        }
        lines += line;
        write_out(lines);
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        while (!is_closing_) {
            changed_.wait(lock, [this] { return is_closing_ || !waiting_.empty(); });
            changed_.wait_for(lock, moment, [this] { return is_closing_; });
            lock.unlock();
            write_waiting({});
            lock.lock();
        }
    }

    static constexpr std::size_t waiting_size_max = 1024 * 1024;
    static constexpr std::chrono::milliseconds moment{20};
    std::mutex opening_;
    std::mutex writing_;  // first: lines stay in their order
    std::mutex mutex_;    // of what follows
    std::condition_variable changed_;
    std::string waiting_;
    int user_count_ = 0;
    bool is_closing_ = false;
    std::thread thread_;
};

line_buffer& the_buffer() {
    static line_buffer& buffer = *new line_buffer;  // never destroyed: others may log after the statics are gone
    return buffer;
}

}  // namespace

buffering::buffering() { the_buffer().open(); }
buffering::~buffering() { the_buffer().close(); }

void configure(level lowest, format how) {
    lowest_level = lowest;
    line_format = how;
}

bool is_enabled(level wanted) noexcept { return wanted >= lowest_level.load(std::memory_order_relaxed); }

void write(level severity, std::string_view event, std::initializer_list<field> fields, urgency how) {
    if (!is_enabled(severity)) {
        return;
    }
    const bool is_json = line_format.load(std::memory_order_relaxed) == format::json;
    const std::string line = is_json ? json_line(severity, event, fields) : text_line(severity, event, fields);
    if (how == urgency::at_once || !the_buffer().add(line)) {
        the_buffer().write_waiting(line);
    }
}

}  // namespace log

std::string printable(std::string_view text, std::size_t size_max) {
    std::string shown;
    log::append_printable(shown, text, size_max);
    return shown;
}

}  // namespace hawser::engine
