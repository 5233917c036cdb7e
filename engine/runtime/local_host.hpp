// A host in this process: the message box, delivery, and everything that clients may ask of it. See hawser/host.hpp.
//
// Locks, in the order in which they are taken: life_mutex_ (start() and stop(), each whole), reload_mutex_ (one
// reload), change_mutex_ (states of ports change one after the other), publish_mutex_ (what is routed is in the box's
// queue before the routing changes). Only publish_mutex_ is taken by the store's thread, so nobody waits for the store
// while holding it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/live_count.hpp"
#include "base/log.hpp"
#include "hawser/host.hpp"
#include "runtime/certificate_keeper.hpp"
#include "runtime/counters.hpp"
#include "runtime/held_releaser.hpp"
#include "runtime/host_generation.hpp"
#include "runtime/outcome_waiters.hpp"
#include "runtime/port_table.hpp"
#include "runtime/queue_changes.hpp"
#include "runtime/receive_workers.hpp"
#include "runtime/retired_adapters.hpp"
#include "runtime/submission_intake.hpp"

namespace hawser::engine {

class control_server;
class port_removal;

class local_host final : public hawser::host {
public:
    local_host(std::shared_ptr<const loaded_configuration> loaded, const host_options& options,
               std::unique_ptr<message_box> box);
    ~local_host() override;

    submit_answer submit(const submission& message, const submit_options& options) override;
    void submit_async(const submission& message, std::function<void(const submit_answer&)> answer) override;
    std::vector<message_summary> list(const message_filter& filter) override;
    std::vector<message_detail> show(const std::string& id) override;
    change_answer resume(const message_filter& which, const message_edits& edits) override;
    change_answer terminate(const message_filter& which) override;
    change_answer save(std::int64_t delivery, const std::string& part, content_point point, int descriptor) override;
    std::vector<port_summary> ports() override;
    change_answer set_port_state(const std::string& port, const std::string& action) override;
    std::vector<group_summary> groups() override;
    std::vector<receive_port_summary> receive_ports() override;
    change_answer set_group_state(const std::string& group, const std::string& action) override;
    host_status status() override;
    reload_answer reload(const reload_options& options) override;
    reload_answer reload(load_result changed, const reload_options& options) override;
    void start() override;
    void stop(std::int64_t grace_ms) override;
    void drain() override { delivery_.wait_until_idle(); }

private:
    struct taken_submission {
        publication message;
        std::uint64_t revision = 0;  // of the ports, when it was routed
    };

    // ---- local_host.cpp: submitting and the queue
    // Where take() is called: a receive pipeline runs on one of the receive workers, whose own thread must not wait for
    // another of them.
    enum class taken_on : std::uint8_t { callers_thread = 1, receive_worker };
    result<taken_submission> take(const submission& message, const std::function<void(std::uint64_t)>& on_progress,
                                  std::int64_t closing_wait_ms, taken_on where);
    result<receive_intake> find_receive_port(const std::string& name, taken_on where);
    void publish_async(const submission& message, std::function<void(const submit_answer&)> answer, taken_on where);
    result<void> route_anew(taken_submission& taken, const std::string& port) const;  // under publish_mutex_
    using commit_callback = std::function<void(const commit_answer&)>;
    result<void> queue_publication(taken_submission& taken, const std::string& port,
                                   const std::function<void()>& on_routed, commit_callback answer);
    std::vector<new_delivery> subscribers_of(const message_context& context) const;
    std::size_t count_of_delivering(const publication& message) const;
    submit_answer answer_of(const commit_answer& committed, const std::string& message_id);
    message_summary told(const delivery_summary& one) const;

    // ---- local_host_outcome.cpp: what becomes of a submission
    struct awaited_outcome {
        std::vector<std::string> ports;  // that it was routed to, one delivery each
        std::size_t started_count = 0;   // of them, when it was routed
        std::unique_ptr<outcome_waiters::waiter> waiter;
    };
    void wait_for_outcome(const std::string& message_id, const awaited_outcome& awaited, const submit_options& options);
    void describe_outcome(submit_answer& answer, const awaited_outcome& awaited);
    bool is_to_come(const delivery_summary& one) const;
    std::string reason_to_wait(const delivery_summary& one) const;
    std::string closed_window(const delivery_summary& one) const;
    delivery_answer answer_of(const delivery_summary& one) const;
    void bring_up_to_date(delivery_answer& one, const delivery_summary* stored) const;

    // ---- local_host_changes.cpp: ports, groups and reloads
    std::shared_ptr<const host_generation> generation() const;
    bool delivers_for(const std::string& port) const;
    bool is_running() const noexcept { return is_started_ && options_.delivers && options_.only_ports.empty(); }
    port_states store_states(const host_generation& next);
    void put_ports_in_place(const host_generation& generation);
    result<void> change_state(const port_state_operation& change);
    release_progress release_piece(const std::string& group);
    void release_started_groups();
    void release_late(const std::string& group) noexcept;
    void wake_members(const std::string& group, bool has_more);
    reload_answer reload_checked(load_result changed, const reload_options& options);
    reload_answer put_in_place(const std::shared_ptr<const host_generation>& next, const reload_options& options,
                               reload_answer answer);
    result<void> switch_to(const std::shared_ptr<const host_generation>& next, port_removal& removal);

    log::buffering log_buffering_;  // first: whatever stops is still told of
    host_options options_;
    counters counters_;
    retired_adapters retired_;
    audit::archive_registry archives_;
    std::unique_ptr<message_box> box_;
    mutable std::mutex generation_mutex_;
    std::shared_ptr<const host_generation> generation_;
    port_table ports_;
    std::mutex life_mutex_;
    std::mutex reload_mutex_;
    std::mutex change_mutex_;
    mutable std::mutex publish_mutex_;
    live_count publications_under_way_;  // of submit_async, not answered yet
    outcome_waiters waiters_;
    receive_workers receive_workers_;
    delivery_engine delivery_;
    held_releaser releaser_;
    certificate_keeper certificates_;
    std::unique_ptr<control_server> server_;  // under life_mutex_
    std::atomic<std::int64_t> started_unix_ms_ = 0;
    std::atomic<bool> is_started_ = false;
    std::atomic<bool> is_stopped_ = false;  // from the begin of stop() on
    bool has_stopped_ = false;              // under life_mutex_
};

}  // namespace hawser::engine
