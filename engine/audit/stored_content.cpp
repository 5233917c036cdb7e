#include "audit/stored_content.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "audit/content_file.hpp"
#include "audit/encoding.hpp"
#include "audit/record_files.hpp"

namespace hawser::engine::audit {
namespace {

constexpr std::size_t piece_size = 256 * 1024;
constexpr std::size_t day_size = std::string_view("2026/11/25/").size();
constexpr std::size_t name_size_max = 64;

std::string judge(const stored_content& content, std::uint64_t size, sha256& hash) {
    if (size != content.size) {
        return "the content has " + std::to_string(size) + " bytes, and " + std::to_string(content.size) + " were sent";
    }
    return hash.hex() == content.sha256 ? "" : "the content is not the one that was sent: its hash differs";
}

}  // namespace

bool is_content_name(std::string_view file) {
    if (file.size() <= day_size || file.size() > day_size + name_size_max) {
        return false;
    }
    for (std::size_t i = 0; i < day_size; ++i) {
        const bool is_slash = i == 4 || i == 7 || i == 10;
        if (is_slash ? file[i] != '/' : file[i] < '0' || file[i] > '9') {
            return false;
        }
    }
    return std::all_of(file.begin() + day_size, file.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

result<stored_content> read_stored_content(const nlohmann::json& content) {
    const auto wrong = [](const char* what) { return fail("audit.altered", what); };
    if (!content.is_object()) {
        return wrong("the record says nothing of its content");
    }
    stored_content out;
    const auto hash = content.find("sha256");
    const auto size = content.find("size");
    if (hash == content.end() || !hash->is_string() || !is_hash_text(hash->get_ref<const std::string&>()) ||
        size == content.end() || !size->is_number_unsigned()) {
        return wrong("the record has no hash and size of its content");
    }
    out.sha256 = hash->get<std::string>();
    out.size = size->get<std::uint64_t>();
    if (const auto file = content.find("file"); file != content.end()) {
        if (!file->is_string() || !is_content_name(file->get_ref<const std::string&>())) {
            return wrong("the record names no file of a content");
        }
        out.file = file->get<std::string>();
    } else if (const auto bytes = content.find("bytes"); bytes != content.end()) {
        out.bytes = bytes->is_string() ? base64_decoded(bytes->get_ref<const std::string&>()) : std::nullopt;
        if (!out.bytes) {
            return wrong("the record's content is not in base64");
        }
    }
    return out;
}

std::string read_content(const std::string& archive_folder, const stored_content& content, const piece_function& take) {
    sha256 hash;
    if (content.bytes) {
        hash.update(*content.bytes);
        return take(*content.bytes) ? judge(content, content.bytes->size(), hash) : "it cannot be written";
    }
    const std::string path = archive_folder + '/' + std::string(content_folder_name) + '/' + content.file;
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!file.is_open()) {
        return errno == ENOENT ? "its content " + path + " is not there" : failed_text("open the content", path, errno);
    }
    if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return "its content " + path + " is no file";
    }
    std::string piece(piece_size, '\0');
    std::uint64_t size = 0;
    while (true) {
        const ssize_t got = ::read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return failed_text("read the content", path, errno);
        }
        if (got == 0) {
            return judge(content, size, hash);
        }
        const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
        hash.update(bytes);
        size += bytes.size();
        if (!take(bytes)) {
            return "it cannot be written";
        }
    }
}

}  // namespace hawser::engine::audit
