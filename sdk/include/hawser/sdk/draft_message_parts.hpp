// Further parts of a message, by the draft service of abi_draft.h. Not in sdk.hpp: include it where it is tried out.
#pragma once

#include "hawser/abi_draft.h"
#include "hawser/sdk/message.hpp"

namespace hawser {
inline namespace sdk_1 {

// Whether the engine takes further parts at all.
inline bool takes_draft_parts(const host& owner) {
    return owner.find_service<hawser_draft_message_parts_api>(HAWSER_DRAFT_MESSAGE_PARTS) != nullptr;
}

// Throws failure where the engine refuses the part or has no such service.
inline void add_draft_part(message& to, const message_part& described, body_stream body) {
    const auto* parts = to.host().service<hawser_draft_message_parts_api>(HAWSER_DRAFT_MESSAGE_PARTS);
    hawser_part part{};
    part.struct_size = sizeof part;
    part.name = detail::to_abi(described.name);
    part.content_type = detail::to_abi(described.content_type);
    part.charset = detail::to_abi(described.charset);
    part.file_name = detail::to_abi(described.file_name);
    hawser_stream stream = body.release();
    detail::error_sink error;
    const hawser_status status = parts->add(to.abi(), &part, &stream, error.abi());
    if (status < 0) {
        body = body_stream(stream);  // still ours: closed on the way out
    }
    error.check(status, "adding a part");
}

}  // namespace sdk_1
}  // namespace hawser
