// Finds the files of content that no record names. Usually a host that was killed has left them between giving a
// content its place and writing its record; they prove nothing, and may be removed.
#pragma once

#include <cstdint>
#include <string>

#include "hawser/audit.hpp"

namespace hawser::engine::audit {

// Files younger than `before_unix_ms` are passed over: a host may be about to name them. Reads the records once for
// each million of contents, so that it needs little memory.
void find_left_over_content(const std::string& folder, std::int64_t before_unix_ms, audit_verdict& verdict);

}  // namespace hawser::engine::audit
