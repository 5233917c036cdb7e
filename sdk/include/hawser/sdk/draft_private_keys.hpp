// Keys that stay in a PKCS #11 token, by the draft service of abi_draft.h. Not in sdk.hpp: include it where it is tried
// out.
#pragma once

#include <string>
#include <string_view>

#include "hawser/abi_draft.h"
#include "hawser/sdk/services.hpp"

namespace hawser {
inline namespace sdk_1 {

// Whether `private_key` of a certificate names a key in a token, and is not the key.
inline bool is_draft_token_key(const hawser_certificate& one) noexcept {
    return detail::from_abi(one.private_key).rfind("pkcs11:", 0) == 0;
}

// `operation` is HAWSER_DRAFT_KEY_*. Throws failure with the status that the service gives.
inline std::string use_draft_private_key(const host& owner, std::string_view key, std::uint32_t operation,
                                         std::string_view input) {
    struct taken {
        std::string bytes;
        bool is_complete = true;
    } answer;
    const hawser_text_sink sink{&answer, [](void* self, hawser_string piece) noexcept {
                                    auto& into = *static_cast<taken*>(self);
                                    try {
                                        into.bytes.append(detail::from_abi(piece));
                                    } catch (...) {  // out of memory
                                        into.is_complete = false;
                                    }
                                }};
    detail::error_sink error;
    error.check(owner.service<hawser_draft_private_keys_api>(HAWSER_DRAFT_PRIVATE_KEYS)
                    ->use(owner.abi(), detail::to_abi(key), operation, detail::to_abi(input), &sink, error.abi()),
                "using a private key");
    if (!answer.is_complete) {
        throw try_later("there is no memory for what the token gave");
    }
    return std::move(answer.bytes);
}

// Why the host may lack keys for now, in a sentence for a person; "" = it has all that it is to have.
inline std::string missing_draft_keys(const host& owner) {
    std::string why;
    try {
        owner.each_certificate(nullptr, static_cast<certificate_set>(HAWSER_DRAFT_CERTIFICATES_UNREADABLE),
                               [&](const hawser_certificate& one) {
                                   why += (why.empty() ? "" : "; ") + std::string(detail::from_abi(one.name));
                               });
    } catch (const failure&) {  // an engine without such a set
    }
    return why;
}

}  // namespace sdk_1
}  // namespace hawser
