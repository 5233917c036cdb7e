#include "audit/left_over_content.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <vector>

#include <nlohmann/json.hpp>

#include "audit/archive_reader.hpp"
#include "audit/content_file.hpp"

namespace hawser::engine::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_at_once_max = 1'000'000;
constexpr std::size_t left_over_max = 100;

std::uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>{}(name); }

std::int64_t changed_unix_ms(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0
               ? status.st_ctim.tv_sec * std::int64_t{1000} + status.st_ctim.tv_nsec / 1000000
               : INT64_MAX;
}

// "2026/11/25/<name>", but what has not its place yet.
void each_file(const std::string& folder, const std::function<void(const std::string&)>& visit) {
    const fs::path top = fs::path(folder) / content_folder_name;
    std::error_code failure;
    for (auto entry = fs::recursive_directory_iterator(top, failure);
         !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
        if (entry.depth() == 0 && entry->path().filename() == incoming_folder_name) {
            entry.disable_recursion_pending();
        } else if (!entry->is_directory(failure)) {
            visit(entry->path().lexically_relative(top).string());
        }
    }
}

std::vector<std::uint64_t> hashes_of_named(const std::string& folder, std::uint64_t pass, std::uint64_t pass_count) {
    std::vector<std::uint64_t> hashes;
    (void)read_lines(folder, [&](const placed_line& line) {
        nlohmann::json json;
        audit_entry entry;
        if (line.text.find("\"file\":\"") != std::string_view::npos && read_entry(line, json, entry) &&
            !entry.content_file.empty()) {
            const std::uint64_t hash = hash_of(entry.content_file);
            if (hash % pass_count == pass) {
                hashes.push_back(hash);
            }
        }
        return true;
    });
    std::sort(hashes.begin(), hashes.end());
    return hashes;
}

}  // namespace

void find_left_over_content(const std::string& folder, std::int64_t before_unix_ms, audit_verdict& verdict) {
    std::uint64_t count = 0;
    each_file(folder, [&](const std::string&) { ++count; });
    if (count == 0) {
        return;
    }
    const std::uint64_t pass_count = count / names_at_once_max + 1;
    for (std::uint64_t pass = 0; pass < pass_count; ++pass) {
        const std::vector<std::uint64_t> named = hashes_of_named(folder, pass, pass_count);
        each_file(folder, [&](const std::string& file) {
            const std::uint64_t hash = hash_of(file);
            const std::string path = folder + '/' + std::string(content_folder_name) + '/' + file;
            if (hash % pass_count != pass || std::binary_search(named.begin(), named.end(), hash) ||
                changed_unix_ms(path) >= before_unix_ms) {
                return;
            }
            ++verdict.left_over_count;
            if (verdict.left_over.size() < left_over_max) {
                verdict.left_over.push_back(path);
            }
        });
    }
}

}  // namespace hawser::engine::audit
