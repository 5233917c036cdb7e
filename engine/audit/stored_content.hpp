// The content that a record says was sent, found again in the archive and compared with what the record says of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"

namespace hawser::engine::audit {

struct stored_content {
    std::string sha256;
    std::uint64_t size = 0;
    std::optional<std::string> bytes;  // that stand in the record
    std::string file;                  // "2026/11/25/<name>"; neither: only the hash was kept
    bool is_kept() const noexcept { return bytes || !file.empty(); }
};

// Of a record's "content". Error: what is wrong with it.
result<stored_content> read_stored_content(const nlohmann::json& content);

bool is_content_name(std::string_view file);  // in the form of "2026/11/25/<name>", with nothing that leads elsewhere

using piece_function = std::function<bool(std::string_view)>;  // false: it cannot take more
// Gives all pieces, and says at the end whether they were what the record says: "" or what is wrong.
std::string read_content(const std::string& archive_folder, const stored_content& content, const piece_function& take);

}  // namespace hawser::engine::audit
