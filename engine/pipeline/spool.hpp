// Spools a whole body before anything of it is sent: in memory up to 128 KiB, then in an unlinked file of the spool
// folder. For ports with spoolBeforeSend and components that set context at the end of their body. [worker]
#pragma once

#include <string>

#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

inline constexpr std::size_t spool_memory_size_max = 128 * 1024;

// Reads `stream` to its end and gives a stream over the copy. Throws stream_failure: the body's own failure, or
// HAWSER_TRY_LATER where the spool cannot be written (disk full).
body_stream spool_body(body_stream stream, const std::string& spool_folder);

}  // namespace hawser::engine
