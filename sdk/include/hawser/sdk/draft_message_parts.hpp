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

namespace detail {

inline hawser_part to_draft_part(const message_part& described) noexcept {  // borrows the texts
    hawser_part part{};
    part.struct_size = sizeof part;
    part.name = to_abi(described.name);
    part.content_type = to_abi(described.content_type);
    part.charset = to_abi(described.charset);
    part.file_name = to_abi(described.file_name);
    return part;
}

}  // namespace detail

// Throws failure where the engine refuses the part or has no such service.
inline void add_draft_part(message& to, const message_part& described, body_stream body) {
    const auto* parts = to.host().service<hawser_draft_message_parts_api>(HAWSER_DRAFT_MESSAGE_PARTS);
    const hawser_part part = detail::to_draft_part(described);
    hawser_stream stream = body.release();
    detail::error_sink error;
    const hawser_status status = parts->add(to.abi(), &part, &stream, error.abi());
    if (status < 0) {
        body = body_stream(stream);  // still ours: closed on the way out
    }
    error.check(status, "adding a part");
}

// What the body is now: content type, charset and file name. Throws as add_draft_part does.
inline void describe_draft_body(message& of, const message_part& described) {
    const auto* parts = of.host().service<hawser_draft_message_parts_api>(HAWSER_DRAFT_MESSAGE_PARTS);
    const hawser_part part = detail::to_draft_part(described);
    detail::error_sink error;
    error.check(parts->describe_body(of.abi(), &part, error.abi()), "describing the body");
}

}  // namespace sdk_1
}  // namespace hawser
