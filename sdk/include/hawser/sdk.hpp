// The C++20 layer over hawser/abi.h for plugin authors: header only, the standard library only. docs/writing-a-plugin.md
// is the guide; hawser/test_kit.hpp runs a component or adapter without an engine.
#pragma once

#include "hawser/abi.h"
#include "hawser/sdk/callback.hpp"
#include "hawser/sdk/component.hpp"
#include "hawser/sdk/config.hpp"
#include "hawser/sdk/config_spec.hpp"
#include "hawser/sdk/delivery.hpp"
#include "hawser/sdk/error.hpp"
#include "hawser/sdk/host.hpp"
#include "hawser/sdk/message.hpp"
#include "hawser/sdk/outcome.hpp"
#include "hawser/sdk/plugin.hpp"
#include "hawser/sdk/send_adapter.hpp"
#include "hawser/sdk/stream.hpp"
#include "hawser/sdk/text.hpp"
