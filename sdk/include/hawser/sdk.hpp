// hawser/sdk.hpp: the C++20 layer over hawser/abi.h for plugin authors. Header only; needs the standard library alone.
//
//     class stamp final : public hawser::pipeline_component { … void execute(hawser::message& m) override; };
//     HAWSER_PLUGIN(stamp)
//
// Exceptions never leave a plugin: throw hawser::failure (or any std::exception) and the message is suspended with that
// text; throw hawser::try_later and it is tried again. Thread rules are those of abi.h.
#pragma once

#include "hawser/abi.h"
#include "hawser/sdk/adapter.hpp"
#include "hawser/sdk/audit.hpp"
#include "hawser/sdk/component.hpp"
#include "hawser/sdk/config.hpp"
#include "hawser/sdk/message.hpp"
#include "hawser/sdk/plugin.hpp"
#include "hawser/sdk/services.hpp"
#include "hawser/sdk/stream.hpp"
