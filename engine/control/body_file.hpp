// Bodies as regular files, for the client's side of the control protocol: bytes in memory become a memfd, a pipe or
// terminal is spooled to an unlinked file beside the message box. So the host never waits for whoever feeds a pipe, and
// a submission can be repeated. Stateless; blocks while it reads. Codes: body.read (the source), body.spool (no room
// for the copy).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "base/descriptor.hpp"

namespace hawser::engine::control {

bool is_regular_file(int number) noexcept;

result<descriptor> memory_file(const std::string& bytes);

// An unlinked file of mode 0600 in `folder`, open for reading and writing.
result<descriptor> unnamed_file(const std::string& folder);

// Copies to its end what is left to read; `on_progress` (may be empty) gets the bytes so far.
result<void> copy_all(int from, int to, const std::function<void(std::uint64_t)>& on_progress = {});

}  // namespace hawser::engine::control
