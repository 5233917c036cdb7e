// The bytes of a submission as streams, for the pipelines: of send ports that are looked at offline, and of receive
// ports.
#pragma once

#include "hawser/types.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

// The part has to outlive the stream; a descriptor is duplicated, and read from where it is. A read that fails throws
// stream_failure with HAWSER_IO.
hawser_stream open_submitted(const submission_part& part);

// Whether its bytes come from something that may keep a reader waiting: a pipe, a socket, a terminal.
bool may_wait(const submission_part& part) noexcept;

}  // namespace hawser::engine
