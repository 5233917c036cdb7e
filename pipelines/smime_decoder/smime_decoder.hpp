// The S/MIME decoder: BizTalk's MIME/SMIME decoder (spec section 3) for the decode stage. Everything is worked out when
// the body is read; nothing of it is given before it was verified, and a message that is not as it should be fails.
#pragma once

#include <memory>

#include "decode_facts.hpp"
#include "decode_material.hpp"
#include "hawser/sdk.hpp"

namespace hawser::smime {

class smime_decoder final : public pipeline_component {
public:
    static constexpr component_info info{.id = "SMIMEDecoder",
                                         .version = "0.1.0",
                                         .summary = "Decrypts and verifies S/MIME messages and finds their body part.",
                                         .stages = stage::decode,
                                         .flags = HAWSER_FLAG_DEFERS_CONTEXT | HAWSER_FLAG_NEEDS_PRIVATE_KEY};

    static config_spec spec();
    explicit smime_decoder(const config& values);
    void execute(message& one) override;

private:
    std::shared_ptr<const decode_material> material_of(const host& owner);

    decode_policy policy_;
    std::shared_ptr<const decode_material> material_;  // execute is never called twice at once
    std::uint64_t material_revision_ = 0;
};

}  // namespace hawser::smime
