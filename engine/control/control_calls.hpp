// One request of a client carried out on the bus: what to call, with which checks. Called by control_server on the
// client's thread. Owns nothing; failures are answers: the returned text is always a whole answer or error frame.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "control/control_protocol.hpp"

namespace hawser {
class bus;
}

namespace hawser::engine::control {

struct call_context {
    std::function<bool(std::uint64_t bytes)> send_progress;  // false: the client is gone
    std::function<bool()> is_abandoned;                      // the client is gone, or the server stops
};

std::string carry_out(hawser::bus& target, frame request, const call_context& context);

std::string error_frame(const std::string& code, const std::string& text);

}  // namespace hawser::engine::control
