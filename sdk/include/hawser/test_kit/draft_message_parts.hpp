// hawser.draft.message-parts/1 over test_kit::message: parts are read as they come, into message::added_parts. Included
// by host.hpp.
#pragma once

#include "hawser/abi_draft.h"
#include "hawser/test_kit/message.hpp"

namespace hawser::test_kit {

struct draft_message_parts_functions {
    static hawser_status add(hawser_message* m, const hawser_part* described, const hawser_stream* in,
                             const hawser_error* error) noexcept {
        return static_cast<hawser_status>(sdk_1::detail::guard(error, [&] {
            if (described == nullptr || described->struct_size < sizeof(hawser_part) || in == nullptr) {
                throw failure(HAWSER_MISUSE, "add: no part, or one with a bad struct_size");
            }
            part added;
            added.name = detail::from_abi(described->name);
            added.content_type = detail::from_abi(described->content_type);
            added.charset = detail::from_abi(described->charset);
            added.file_name = detail::from_abi(described->file_name);
            body_stream body(*in);
            std::string block(64 * 1024, '\0');
            try {
                while (const std::size_t size = body.read(block.data(), block.size())) {
                    added.bytes.append(block, 0, size);
                }
            } catch (...) {
                static_cast<void>(body.release());  // on failure it stays the caller's
                throw;
            }
            message::from(m).added_parts.push_back(std::move(added));
            return HAWSER_OK;
        }));
    }
    static hawser_status describe_body(hawser_message* m, const hawser_part* described,
                                       const hawser_error* error) noexcept {
        return static_cast<hawser_status>(sdk_1::detail::guard(error, [&] {
            if (described == nullptr || described->struct_size < sizeof(hawser_part)) {
                throw failure(HAWSER_MISUSE, "describe_body: no part, or one with a bad struct_size");
            }
            part& body = message::from(m).parts.front();
            body.content_type = detail::from_abi(described->content_type);
            body.charset = detail::from_abi(described->charset);
            body.file_name = detail::from_abi(described->file_name);
            return HAWSER_OK;
        }));
    }
    static const hawser_draft_message_parts_api* table() noexcept {
        static constexpr hawser_draft_message_parts_api table{sizeof(hawser_draft_message_parts_api), 0, &add,
                                                              &describe_body};
        return &table;
    }
};

}  // namespace hawser::test_kit
