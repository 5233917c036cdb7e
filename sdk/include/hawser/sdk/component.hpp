// A pipeline component: derive from pipeline_component, give it `static constexpr component_info info`, optionally
// `static config_spec spec()` and `static void validate(const config&, problems&, const host&)`, and a constructor that
// takes (config), (config, host), (host) or nothing. One instance serves many messages, and the streams of several may be
// read at once on different workers: share nothing between them that is not constant or locked.
#pragma once

#include <cstdint>
#include <string_view>

#include "hawser/sdk/config.hpp"
#include "hawser/sdk/config_spec.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class stage : std::uint32_t {
    pre_assemble = HAWSER_STAGE_PRE_ASSEMBLE,
    assemble = HAWSER_STAGE_ASSEMBLE,
    encode = HAWSER_STAGE_ENCODE,
    decode = HAWSER_STAGE_DECODE,
    disassemble = HAWSER_STAGE_DISASSEMBLE,
    validate = HAWSER_STAGE_VALIDATE,
    resolve_party = HAWSER_STAGE_RESOLVE_PARTY
};

constexpr stage operator|(stage left, stage right) noexcept {
    return static_cast<stage>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}

struct component_info {
    std::string_view id{};
    std::string_view version{};
    std::string_view summary{};          // one sentence
    stage stages = stage::encode;        // the stages it may stand in
    bool needs_composed = false;         // the adapter's composer runs before it
    bool defers_context = false;         // sets context at the end of its body, which is therefore spooled
    bool needs_private_key = false;
    bool seals = false;                  // signs or encrypts
};

class pipeline_component {
public:
    pipeline_component() = default;
    pipeline_component(const pipeline_component&) = delete;
    pipeline_component& operator=(const pipeline_component&) = delete;
    virtual ~pipeline_component() = default;

    // Wraps the body and returns at once: the work happens while the body is read. Throw failure to suspend the message,
    // try_later to have it rescheduled.
    virtual void execute(message& message) = 0;

    // What it is configured to make: seal_signed | seal_encrypted. From any thread.
    virtual std::uint32_t configured_seals() const noexcept { return 0; }
};

}  // namespace sdk_1
}  // namespace hawser
