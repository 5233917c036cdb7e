// Opens the files that messages and bindings name. One that the bindings name is the operator's own; one that a message
// names must lie beneath the port's attachmentRoots, and is opened beneath it (openat2), so that no link leads out.
// [worker] Errors: files.not-allowed, files.missing, files.not-regular, files.io.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

struct message_environment;

result<std::unique_ptr<stream_source>> open_message_file(const message_environment& environment,
                                                         bool is_named_by_bindings, const std::string& path);

}  // namespace hawser::engine
