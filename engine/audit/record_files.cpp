#include "audit/record_files.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/file_identity.hpp"

namespace hawser::engine::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_begin = "records-";
constexpr std::string_view name_end = ".jsonl";
constexpr std::size_t digits_min = 12;
constexpr std::size_t block_size = 256 * 1024;

std::uint64_t first_of(std::string_view name) {  // 0: it is no file of records
    if (!name.starts_with(name_begin) || !name.ends_with(name_end)) {
        return 0;
    }
    name.remove_prefix(name_begin.size());
    name.remove_suffix(name_end.size());
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
    return failure == std::errc{} && end == name.data() + name.size() && name.size() >= digits_min ? number : 0;
}

}  // namespace

std::string record_file_name(std::uint64_t first) {
    std::string digits = std::to_string(first);
    digits.insert(0, digits_min - std::min(digits_min, digits.size()), '0');
    return std::string(name_begin) + digits + std::string(name_end);
}

result<std::vector<record_file>> list_record_files(const std::string& folder) {
    std::error_code failure;
    std::vector<record_file> files;
    fs::directory_iterator entries(folder, failure);
    if (failure) {
        const bool is_missing =
            failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory;
        return fail(is_missing ? "audit.missing" : "audit.io",
                    "the archive " + folder + " cannot be read: " + failure.message());
    }
    for (; entries != fs::directory_iterator(); entries.increment(failure)) {
        if (const std::uint64_t first = first_of(entries->path().filename().string()); first != 0) {
            files.push_back({first, entries->path().string()});
        }
    }
    if (failure) {  // it is at its end then, too
        return fail("audit.io", "the archive " + folder + " cannot be read: " + failure.message());
    }
    std::sort(files.begin(), files.end(),
              [](const record_file& one, const record_file& other) { return one.first < other.first; });
    return files;
}

bool line_reader::fill() {
    if (begin_ > 0) {
        buffer_.erase(0, begin_);
        begin_ = 0;
    }
    const std::size_t size = buffer_.size();
    buffer_.resize(size + block_size);
    ssize_t got = 0;
    do {
        got = ::pread(file_, buffer_.data() + size, block_size, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got < 0) {
        throw std::runtime_error(std::string("a file of records cannot be read: ") + std::strerror(errno));
    }
    offset_ += static_cast<std::uint64_t>(got);
    return got > 0;
}

line_reader::found line_reader::next(std::string_view& line) {
    std::size_t looked_at = begin_;
    bool is_too_long = false;
    line_offset_ = offset_ - (buffer_.size() - begin_);
    ++line_number_;
    while (true) {
        const std::size_t end = buffer_.find('\n', looked_at);
        if (end != std::string::npos) {
            line = std::string_view(buffer_).substr(begin_, end - begin_);
            is_too_long = is_too_long || line.size() > line_size_max;
            begin_ = end + 1;
            return is_too_long ? found::too_long : found::line;
        }
        if (buffer_.size() - begin_ > line_size_max) {
            is_too_long = true;
            begin_ = buffer_.size();
        }
        const std::size_t size = buffer_.size() - begin_;
        if (!fill()) {
            line = std::string_view(buffer_).substr(begin_);
            begin_ = buffer_.size();
            return line.empty() && !is_too_long ? found::end : found::unfinished;
        }
        looked_at = begin_ + size;
    }
}

result<std::string> read_last_line(int file) {
    struct stat status {};
    if (::fstat(file, &status) != 0) {
        return fail("audit.io", std::string("a file of records cannot be read: ") + std::strerror(errno));
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const std::uint64_t begin = size > line_size_max + 1 ? size - line_size_max - 1 : 0;
    line_reader reader(file, begin);
    std::string last;
    std::string_view line;
    bool is_first = begin > 0;  // of which only the end may be here
    try {
        for (line_reader::found found = reader.next(line); found != line_reader::found::end;
             found = reader.next(line)) {
            last = found == line_reader::found::line && !is_first ? std::string(line) : std::string{};
            is_first = false;
        }
    } catch (const std::runtime_error& failure) {
        return fail("audit.io", failure.what());
    }
    return last;
}

result<void> check_in_place(int file, const std::string& path) {
    const std::optional<file_identity> open = identity_of(file);
    const std::optional<file_identity> named = open ? identity_at(path) : std::nullopt;
    if (!named) {
        return fail("audit.io", failed_text("find", path, errno));
    }
    return open == named ? result<void>{} : result<void>(fail("audit.altered", path + " was replaced by another file"));
}

std::string failed_text(const std::string& what, const std::string& path, int reason) {
    return "cannot " + what + ' ' + path + ": " + std::strerror(reason);
}

}  // namespace hawser::engine::audit
