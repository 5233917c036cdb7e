// How a batch changes what the reference store has, and what a claim takes. Test code; called under the store's lock.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "messagebox/reference_box.hpp"

namespace hawser::engine::test {

// Of one batch. Where apply() is not answered `done`, whoever called it puts back the data of before.
class reference_transaction {
public:
    reference_transaction(reference_data& data, const box_limits& limits, int host, std::int64_t now_ms)
        : data_(data), limits_(limits), host_(host), now_ms_(now_ms) {}

    commit_answer apply(const std::vector<operation>& batch);
    const std::set<std::string>& woken() const { return woken_; }  // ports in which something may be due now

private:
    reference_delivery* held(const claim_token& token);
    static commit_answer lost() { return {commit_status::lost, {}, "the claim is stale"}; }
    std::size_t depth() const;
    commit_answer apply_one(const publish_operation& one);
    shared_bytes body_of(const new_part& part);
    shared_bytes take_staged(const staged_body& staged);
    commit_answer apply_one(const complete_operation& one);
    void end(const reference_delivery& delivery, const tracked_delivery* tracked, delivery_state how,
             std::int64_t ended_unix_ms);
    void keep(const reference_delivery& delivery, const reference_message& message, const tracked_delivery& tracked,
              delivery_state how, std::int64_t ended_unix_ms);
    commit_answer apply_one(const reschedule_operation& one);
    commit_answer apply_one(const release_operation& one);
    commit_answer apply_one(const suspend_operation& one);
    commit_answer apply_one(const checkpoint_operation& one);
    commit_answer apply_one(const renew_operation& one);
    commit_answer apply_one(const port_state_operation& one);
    commit_answer apply_one(const resume_operation& one);
    commit_answer apply_one(const terminate_operation& one);
    commit_answer apply_one(const release_held_operation& one);
    commit_answer apply_one(const suspend_waiting_operation& one);
    commit_answer apply_one(const index_operation&) { return {}; }  // every look is through everything here

    reference_data& data_;
    const box_limits& limits_;
    const int host_;
    const std::int64_t now_ms_;
    bool has_result_ = false;
    std::set<std::string> woken_;
};

// What `host` gets; leases that have run out end first.
std::vector<claimed_delivery> take_reference(reference_data& data, const std::vector<port_claim>& wanted, int host,
                                             std::int64_t now_ms, std::int64_t now_unix_ms);

}  // namespace hawser::engine::test
