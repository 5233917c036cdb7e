// hawser.audit/1 of the test host: keeps in memory what an adapter records, and notes what is against the contract.
#pragma once

#include <memory>
#include <string>

#include "hawser/test_kit/host.hpp"

namespace hawser::test_kit {

struct audit_functions {
    // What the adapter holds; finish ends it.
    struct handle {
        host& owner;
        audit_record& record;
    };
    static handle& from(hawser_audit_record* raw) noexcept { return *reinterpret_cast<handle*>(raw); }

    static hawser_status begin(const hawser_host* raw, hawser_delivery* d, hawser_audit_record** out,
                               const hawser_error* error) noexcept {
        host& owner = host::from(raw);
        *out = nullptr;
        if (d == nullptr) {
            owner.violations_found.add("an audit record was begun without a delivery");
            return HAWSER_MISUSE;
        }
        if (!owner.has_archive) {
            return HAWSER_OK;
        }
        if (!owner.archive_trouble.empty()) {
            return detail::report(error, HAWSER_TRY_LATER, owner.archive_trouble);
        }
        const std::lock_guard lock(owner.mutex_);
        auto* made = new handle{owner, owner.records_.emplace_back()};
        *out = reinterpret_cast<hawser_audit_record*>(made);
        return HAWSER_OK;
    }
    static hawser_status content(hawser_audit_record* raw, hawser_string bytes, const hawser_error* error) noexcept {
        handle& one = from(raw);
        if (one.record.is_handed_over) {
            one.owner.violations_found.add("content was recorded after hand_over");
            return HAWSER_MISUSE;
        }
        if (!one.owner.archive_trouble.empty()) {
            return detail::report(error, HAWSER_TRY_LATER, one.owner.archive_trouble);
        }
        const std::lock_guard lock(one.owner.mutex_);
        one.record.content += detail::from_abi(bytes);
        return HAWSER_OK;
    }
    static void hand_over(hawser_audit_record* raw, hawser_string facts, hawser_audit_done done, void* user) noexcept {
        handle& one = from(raw);
        if (one.record.is_handed_over) {
            one.owner.violations_found.add("an audit record was handed over twice");
            done(user, HAWSER_MISUSE, detail::to_abi("it was handed over already"));
            return;
        }
        if (!one.owner.archive_trouble.empty()) {
            done(user, HAWSER_TRY_LATER, detail::to_abi(one.owner.archive_trouble));
            return;
        }
        {
            const std::lock_guard lock(one.owner.mutex_);
            one.record.is_handed_over = true;
            one.record.handed_over = detail::from_abi(facts);
        }
        done(user, HAWSER_OK, {});
    }
    static void finish(hawser_audit_record* raw, hawser_string facts, hawser_audit_done done, void* user) noexcept {
        const std::unique_ptr<handle> one(&from(raw));
        {
            const std::lock_guard lock(one->owner.mutex_);
            one->record.is_finished = true;
            one->record.finished = detail::from_abi(facts);
        }
        done(user, HAWSER_OK, {});
    }
};

inline const void* audit_table() noexcept {
    static constexpr hawser_audit_api table{sizeof(hawser_audit_api),    0,
                                            &audit_functions::begin,     &audit_functions::content,
                                            &audit_functions::hand_over, &audit_functions::finish};
    return &table;
}

}  // namespace hawser::test_kit
