// A host in this process: the message box, delivery, and everything that clients may ask of it. See hawser/host.hpp.
#pragma once

#include <memory>
#include <string>

#include "hawser/host.hpp"
#include "runtime/certificate_view.hpp"
#include "runtime/counters.hpp"
#include "runtime/loaded_configuration.hpp"
#include "runtime/outcome_waiters.hpp"
#include "runtime/port_factory.hpp"
#include "runtime/port_table.hpp"
#include "runtime/queue_changes.hpp"
#include "runtime/submission_intake.hpp"

namespace hawser::engine {

class control_server;

class local_host final : public hawser::host {
public:
    local_host(const loaded_configuration& loaded, const host_options& options, std::unique_ptr<message_box> box);
    ~local_host() override;

    submit_answer submit(const submission& message, const submit_options& options) override;
    void submit_async(submission message, std::function<void(const submit_answer&)> answer) override;
    std::vector<message_summary> list(const message_filter& filter) override;
    std::vector<message_detail> show(const std::string& id) override;
    change_answer resume(const message_filter& which, const message_edits& edits) override;
    change_answer terminate(const message_filter& which) override;
    change_answer save(std::int64_t delivery, const std::string& part, content_point point, int descriptor) override;
    std::vector<port_summary> ports() override;
    change_answer set_port_state(const std::string& port, const std::string& action) override;
    host_status status() override;
    void start() override;
    void stop(std::int64_t grace_ms) override;
    void drain() override { delivery_.wait_until_idle(); }

private:
    intake_ports make_intake() const;
    std::vector<new_delivery> subscribers_of(const message_context& context) const;
    commit_answer commit_and_wait(std::vector<operation> batch);
    submit_answer answer_of(const commit_answer& committed, const std::string& message_id);
    void describe_deliveries(submit_answer& answer);
    bool delivers_for(const std::string& port) const;

    const loaded_configuration& loaded_;
    host_options options_;
    certificate_store certificates_;
    certificate_view certificate_view_;
    counters counters_;
    engine_services services_;
    std::unique_ptr<message_box> box_;
    port_table ports_;
    outcome_waiters waiters_;
    adapter_map adapters_;
    delivery_engine delivery_;
    std::unique_ptr<control_server> server_;
    std::int64_t started_unix_ms_ = 0;
    bool is_started_ = false;
    bool is_stopped_ = false;
};

}  // namespace hawser::engine
