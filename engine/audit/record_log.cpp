#include "audit/record_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>

#include "audit/encoding.hpp"
#include "base/folder_sync.hpp"

namespace hawser::engine::audit {
namespace {

unexpected<error> io_failure(const std::string& what, const std::string& path) {
    return fail("audit.io", failed_text(what, path, errno));
}

unexpected<error> altered(const std::string& path, std::uint64_t line, const std::string& what) {
    return fail("audit.altered",
                path + ':' + std::to_string(line) + ": " + what +
                    "; the archive was altered or damaged: keep it as it is, see what `hawser audit verify` "
                    "says, and give the port another folder");
}

// Why the line is not the next one; "" = it is.
std::string mismatch(const std::optional<line_head>& head, const chain_head& expected) {
    if (!head) {
        return "this is no record";
    }
    if (head->record != expected.next) {
        return "record " + std::to_string(expected.next) + " should stand here, and it is " +
               std::to_string(head->record);
    }
    return head->previous == expected.previous ? "" : "it does not have the hash of the line before";
}

// So that it is read from the disk: after a failed sync the two may differ.
void forget_memory_of(int file) { ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); }

bool is_signed_wrong(std::string_view line, const signing_key& key) {
    const std::optional<line_signature> signature = read_line_signature(line);
    return !signature || (signature->key == key.fingerprint() && !key.has_signed(signature->text, signature->value));
}

}  // namespace

result<void> record_log::open(const signing_key& key) {
    file_.reset();
    auto files = list_record_files(folder_);
    if (!files) {
        return unexpected{std::move(files).error()};
    }
    head_ = {};
    path_.clear();
    durable_size_ = 0;
    cut_size_ = 0;
    return files->empty() ? result<void>{} : follow(*files, key);
}

result<void> record_log::follow(const std::vector<record_file>& files, const signing_key& key) {
    const record_file& last = files.back();
    chain_head expected{last.first, no_previous};
    if (files.size() > 1) {
        const std::string& before = files[files.size() - 2].path;
        const descriptor file(::open(before.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (!file.is_open()) {
            return io_failure("open", before);
        }
        const result<std::string> line = read_last_line(file.get());
        if (!line) {
            return unexpected{line.error()};
        }
        const std::optional<line_head> head = read_line_head(*line);
        if (!head || head->record + 1 != last.first) {
            return altered(last.path, 1,
                           "the file before it does not end with record " + std::to_string(last.first - 1));
        }
        expected.previous = sha256_hex(*line);
    } else if (last.first != 1) {
        expected.previous.clear();  // earlier files are kept elsewhere: what the first line says has to do
    }
    return follow_file(last, expected, key);
}

result<void> record_log::follow_file(const record_file& last, chain_head expected, const signing_key& key) {
    path_ = last.path;
    file_ = descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file_.is_open()) {
        return io_failure("open", path_);
    }
    // What is followed is on the disk, not only in memory, where a host that died on a failed sync may have left more.
    if (::fdatasync(file_.get()) != 0) {
        return io_failure("sync", path_);
    }
    forget_memory_of(file_.get());
    line_reader reader(file_.get());
    std::string_view line;
    try {
        for (auto found = reader.next(line); found != line_reader::found::end; found = reader.next(line)) {
            const std::optional<line_head> head =
                found == line_reader::found::line ? read_line_head(line) : std::nullopt;
            if (head && expected.previous.empty()) {
                expected.previous = head->previous;
            }
            // Only the end of a group that never became durable is cut off: no line end follows it, as none follows
            // blocks that never reached the disk, which are zeros.
            if (found == line_reader::found::unfinished) {
                head_ = expected;
                return expected.previous.empty() ? result<void>(altered(path_, 1, mismatch(head, expected)))
                                                 : cut_torn_end(reader.line_offset());
            }
            if (const std::string wrong = mismatch(head, expected); !wrong.empty()) {
                return altered(path_, reader.line_number(), wrong);
            }
            if (head->kind == kind::signature && is_signed_wrong(line, key)) {
                return altered(path_, reader.line_number(), "the signature is not that of the records before it");
            }
            expected.previous = sha256_hex(line);
            ++expected.next;
        }
    } catch (const std::runtime_error& failure) {
        return fail("audit.io", path_ + ": " + failure.what());
    }
    head_ = expected.previous.empty() ? chain_head{} : expected;
    durable_size_ = reader.line_offset();
    if (expected.previous.empty()) {
        return altered(path_, 1, "it holds nothing, and the files before it are not there");
    }
    return {};
}

result<void> record_log::cut_torn_end(std::uint64_t size) {
    const result<std::uint64_t> cut = cut_to(size);
    if (!cut) {
        return unexpected{cut.error()};
    }
    cut_size_ = *cut;
    durable_size_ = size;
    return {};
}

// How many bytes that were.
result<std::uint64_t> record_log::cut_to(std::uint64_t size) const {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) {
        return io_failure("read", path_);
    }
    const auto size_before = static_cast<std::uint64_t>(status.st_size);
    if (size_before <= size) {
        return 0;
    }
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0 || ::fdatasync(file_.get()) != 0) {
        return io_failure("cut the unfinished end of", path_);
    }
    return size_before - size;
}

result<void> record_log::check_size() const {
    struct stat status {};
    const bool has_grown =
        ::stat(path_.c_str(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) > durable_size_;
    return has_grown
               ? result<void>(fail("audit.altered", path_ + " was written to by another host: start this one anew"))
               : result<void>{};
}

// Where somebody has put a file behind it, the chain would go on past that one.
result<void> record_log::check_is_last() const {
    const auto files = list_record_files(folder_);
    if (!files) {
        return unexpected{files.error()};
    }
    if (files->empty() || files->back().first < head_.next || files->back().path == path_) {
        return {};
    }
    return fail("audit.altered", files->back().path + " was put there by somebody else: take it away");
}

result<void> record_log::reopen() {
    file_.reset();
    if (result<void> last = check_is_last(); !last) {
        return last;
    }
    if (path_.empty()) {
        return {};  // nothing was ever written
    }
    file_ = descriptor(::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!file_.is_open()) {
        if (errno == ENOENT && durable_size_ == 0) {  // it was to be begun; the folder may be there again
            path_.clear();
            return {};
        }
        return io_failure("open", path_);
    }
    forget_memory_of(file_.get());
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0 || static_cast<std::uint64_t>(status.st_size) < durable_size_) {
        return fail("audit.altered", path_ + " is shorter than it was");
    }
    if (const result<std::uint64_t> cut = cut_to(durable_size_); !cut) {
        return unexpected{cut.error()};
    }
    const result<std::string> last = read_last_line(file_.get());
    if (!last) {
        return unexpected{last.error()};
    }
    if (durable_size_ > 0 && sha256_hex(*last) != head_.previous) {
        return fail("audit.altered", path_ + " does not end with the record that was written last");
    }
    return {};
}

// A file that is there already and holds something is somebody else's, and stays as it is.
result<void> record_log::begin_file() {
    const std::string path = (std::filesystem::path(folder_) / record_file_name(head_.next)).string();
    descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open() && errno == EEXIST) {
        file = descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    }
    struct stat status {};
    if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
        return io_failure("make", path);
    }
    if (status.st_size != 0) {
        return fail("audit.altered", path + " is there already, and holds something");
    }
    file_ = std::move(file);
    path_ = path;
    durable_size_ = 0;
    is_name_durable_ = false;
    return {};
}

result<void> record_log::append(std::string_view lines, const chain_head& after) {
    if (result<void> held = lock_.check(); !held) {
        return held;
    }
    if (path_.empty() || (durable_size_ > 0 && durable_size_ + lines.size() > file_size_max_)) {
        if (result<void> begun = begin_file(); !begun) {
            return begun;
        }
    }
    if (result<void> written = write_durably(lines); !written) {
        take_back();
        return written;
    }
    durable_size_ += lines.size();
    head_ = after;
    return {};
}

result<void> record_log::write_durably(std::string_view lines) {
    if (result<void> written = write(lines); !written) {
        return written;
    }
    if (::fdatasync(file_.get()) != 0) {
        return io_failure("sync", path_);
    }
    if (!is_name_durable_) {
        if (const int failure = sync_folder(folder_); failure != 0) {
            return fail("audit.io", failed_text("sync", folder_, failure));
        }
        is_name_durable_ = true;
    }
    result<void> held = lock_.check();
    return held ? check_in_place(file_.get(), path_) : held;
}

result<void> record_log::write(std::string_view lines) {
    std::uint64_t offset = durable_size_;
    while (!lines.empty()) {
        const ssize_t written = ::pwrite(file_.get(), lines.data(), lines.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written < 0 ? errno : ENOSPC;
            return io_failure("write", path_);
        }
        offset += static_cast<std::uint64_t>(written);
        lines.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

// At once, since the contents that the lines name go next: who opens the archive after a crash would find lines without
// their contents. Where it fails, reopen() does it. Without the lock it may be another host's lines that stand there.
void record_log::take_back() {
    if (lock_.check()) {
        (void)!::ftruncate(file_.get(), static_cast<off_t>(durable_size_));
    }
}

}  // namespace hawser::engine::audit
