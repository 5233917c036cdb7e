// Reads an archive's lines in their order, file after file, in bounded memory; beside a host that writes, too.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "audit/record_files.hpp"
#include "hawser/audit.hpp"

namespace hawser::engine::audit {

struct placed_line {
    const record_file& file;
    bool is_in_last_file = false;
    bool is_first = false;  // of its file
    line_reader::found found = line_reader::found::line;
    std::uint64_t number = 0;  // in the file
    std::string_view text;     // during the visit only
};

// Until the visitor answers false. audit.missing; throws std::runtime_error where a file cannot be read.
result<void> read_lines(const std::string& folder, const std::function<bool(const placed_line&)>& visit);

// False: it is no record. `json` is what it holds besides.
bool read_entry(const placed_line& line, nlohmann::json& json, audit_entry& out);

}  // namespace hawser::engine::audit
