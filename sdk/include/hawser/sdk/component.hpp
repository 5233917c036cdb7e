// The base of a pipeline component. A class derives from pipeline_component and has
//   static constexpr hawser::component_info info{ .id = …, .version = …, .summary = …, .stages = … };
//   static hawser::config_spec spec();                       // optional: no properties without it
//   explicit its_name(const hawser::config&);                // or (const hawser::config&, const hawser::host&)
//   static void validate(const hawser::config&, const hawser::host&, hawser::problems&);   // optional
#pragma once

#include <cstdint>

#include "hawser/sdk/message.hpp"

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
constexpr stage operator|(stage left, stage right) {
    return static_cast<stage>(static_cast<std::uint32_t>(left) | static_cast<std::uint32_t>(right));
}

struct component_info {
    const char* id;
    const char* version;
    const char* summary;
    stage stages = stage::encode;
    std::uint32_t flags = 0;  // HAWSER_FLAG_*
};

class pipeline_component {
public:
    virtual ~pipeline_component() = default;
    virtual void execute(message& one) = 0;                       // wraps the body, returns at once; throws failure
    virtual std::uint32_t configured_seals() const { return 0; }  // HAWSER_SEAL_* that it is configured to make
};

}  // namespace sdk_1
}  // namespace hawser
