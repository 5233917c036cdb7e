// What of a host a receive port is at run time: a name and its pipeline. Made by port_factory, immutable, and shared by
// the submissions under way; a reload replaces it for those that come after.
#pragma once

#include <memory>
#include <string>

#include "pipeline/pipeline.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {

struct receive_port_runtime {
    std::string name;
    message_environment environment;
    std::unique_ptr<engine::pipeline> pipeline;
};

}  // namespace hawser::engine
