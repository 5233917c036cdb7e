// The protocol between a running host and its clients, version 1, over the stream socket <box>.sock.
//
// A frame is a length (4 bytes, big-endian, of the JSON alone), then that much JSON (UTF-8, one object). File
// descriptors travel with a frame as SCM_RIGHTS; the JSON names them by index. A connection carries one request at a
// time:
//
//   → {"v":1, "call":"hello"}                          ← {"v":1, "answer":{"version":"0.1.0", "process_id":4711}}
//   → {"v":1, "call":"submit", "message":{…}, "options":{…}}   each part has "descriptor" (index) and "offset"
//   ← {"v":1, "progress":1048576}                      any number, only to a submit that asked for them
//   ← {"v":1, "answer":{…}}  or  {"v":1, "error":{"code":"protocol.bad-request", "text":"…"}}
//
// Calls: hello, submit, list, show, resume, terminate, save (one descriptor, written to), ports, set_port_state,
// groups, set_group_state, receive_ports, reload, status. Their fields are those of hawser/types.hpp; the files of
// control_codec are the one place that knows them. A client that closes its sending half ends its own wait and is
// answered with what is known. A submit carries a key, so it is safe to repeat after a lost answer. Descriptors are of
// regular files (memfds too): a read can then never hold up the host, and the host opens each anew, so that a repeated
// submission does not share its position with the first. A frame that breaks a rule is answered with an error where
// that is possible, and the connection is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"

namespace hawser::engine::control {

inline constexpr int protocol_version = 1;
inline constexpr std::size_t request_size_max = 1024 * 1024;   // bytes of JSON: properties and names, never a body
inline constexpr std::size_t answer_size_max = 16 * 1024 * 1024;
inline constexpr std::size_t descriptors_max = 64;   // of one frame: a submission's parts
inline constexpr std::size_t nesting_depth_max = 8;
inline constexpr std::uint32_t list_count_max = 10'000;   // of one answer; a client asks for the rest with `after`
inline constexpr std::int64_t frame_wait_ms = 10'000;     // from a frame's first byte to its last, either way
inline constexpr std::int64_t idle_wait_ms = 60'000;      // between two requests of a connection
inline constexpr std::int64_t answer_wait_ms = 60'000;    // of a client, for any call but submit, save and reload

struct frame {
    std::string json;
    std::vector<descriptor> descriptors;
};

enum class frame_status : std::uint8_t {
    done = 1,
    closed,      // the other side went away between two frames
    broken,      // … or in the middle of one, or it took too long
    too_large,   // length over the limit, or too many descriptors
    idle,        // nothing came within `first_byte_wait_ms`
    abandoned,   // `is_abandoned` said so, before the first byte
};

// Reads one frame. `first_byte_wait_ms` < 0 waits for ever; `is_abandoned` may be empty and is asked while waiting.
frame_status read_frame(int socket, std::size_t size_max, std::int64_t first_byte_wait_ms, frame& into,
                        const std::function<bool()>& is_abandoned = {});

// False when the other side is gone or does not read; never raises SIGPIPE.
bool write_frame(int socket, const std::string& json, const std::vector<int>& descriptors = {});

}  // namespace hawser::engine::control
