// Which certificate a text of the bindings means, by the draft service of abi_draft.h. Not in sdk.hpp: include it where
// it is tried out.
#pragma once

#include <exception>
#include <functional>
#include <string_view>

#include "hawser/abi_draft.h"
#include "hawser/sdk/services.hpp"

namespace hawser {
inline namespace sdk_1 {

// Visits the one of `set`, personal or other_people, that `selector` names to be encrypted for. Throws failure where
// there is none.
inline void find_draft_recipient(const host& owner, certificate_set set, std::string_view selector,
                                 const std::function<void(const hawser_certificate&)>& visit) {
    struct visit_call {
        const std::function<void(const hawser_certificate&)>& visit;
        std::exception_ptr thrown;
    } call{visit, nullptr};
    detail::error_sink error;
    const hawser_status status = owner.service<hawser_draft_certificate_choice_api>(HAWSER_DRAFT_CERTIFICATE_CHOICE)
                                     ->find_recipient(
                                         owner.abi(), static_cast<std::uint32_t>(set), detail::to_abi(selector),
                                         [](void* user, const hawser_certificate* one) noexcept {
                                             auto& running = *static_cast<visit_call*>(user);
                                             try {
                                                 running.visit(*one);
                                             } catch (...) {  // carried over the border
                                                 running.thrown = std::current_exception();
                                             }
                                         },
                                         &call, error.abi());
    if (call.thrown) {
        std::rethrow_exception(call.thrown);
    }
    error.check(status, "choosing a certificate");
}

}  // namespace sdk_1
}  // namespace hawser
