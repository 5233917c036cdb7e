// The record of what one handing over of a message puts on the wire (hawser.audit/1), for adapters whose info has
// HAWSER_FLAG_AUDITS. Move-only; one that is dropped unfinished says in the archive that nothing was accepted.
#pragma once

#include <string_view>
#include <utility>

#include "hawser/sdk/adapter.hpp"

namespace hawser {
inline namespace sdk_1 {

class audit_record {
public:
    audit_record() = default;  // records nothing
    // Records nothing where the delivery's port has no archive. Throws failure (try later) where the archive cannot be
    // written: then nothing may be sent.
    explicit audit_record(const delivery& one) : api_(one.host().find_service<hawser_audit_api>(HAWSER_AUDIT)) {
        if (api_ != nullptr) {  // an engine without the service has no archives
            detail::error_sink error;
            error.check(api_->begin(one.host().abi(), one.abi(), &abi_, error.abi()), "beginning an audit record");
        }
    }
    audit_record(audit_record&& other) noexcept : api_(other.api_), abi_(std::exchange(other.abi_, nullptr)) {}
    audit_record& operator=(audit_record&& other) noexcept {
        std::swap(api_, other.api_);
        std::swap(abi_, other.abi_);
        return *this;
    }
    ~audit_record() {
        if (abi_ != nullptr) {
            finish(
                "{}", [](void*, hawser_status, hawser_string) noexcept {}, nullptr);
        }
    }
    explicit operator bool() const noexcept { return abi_ != nullptr; }  // whether anything is recorded

    // The next bytes as they go over the wire. Throws failure.
    void content(std::string_view bytes) {
        detail::error_sink error;
        error.check(api_->content(abi_, detail::to_abi(bytes), error.abi()), "recording what is sent");
    }
    // One JSON object each; `done` runs once, on any thread, maybe before this returns.
    void hand_over(std::string_view facts, hawser_audit_done done, void* user) {
        api_->hand_over(abi_, detail::to_abi(facts), done, user);
    }
    void finish(std::string_view facts, hawser_audit_done done, void* user) {
        api_->finish(std::exchange(abi_, nullptr), detail::to_abi(facts), done, user);
    }

private:
    const hawser_audit_api* api_ = nullptr;
    hawser_audit_record* abi_ = nullptr;
};

}  // namespace sdk_1
}  // namespace hawser
