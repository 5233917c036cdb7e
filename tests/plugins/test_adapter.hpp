// The adapters of the engine's test plugin. Each message's body becomes the file that the port's address names
// (test:/tmp/out/message.txt; a name that ends in "/" is a folder, and the file is <BTS.MessageID>.body), by a rename
// and only when the verdict is one that accepts, so that a body that broke off leaves nothing. TEST never blocks in
// transmit and works on one thread of its own; TESTBLOCKING does the same on the engine's thread.
//
// Outcomes is what each attempt answers, the last one for all that follow:
//   delivered  retry  rejected  partial (a@test.example delivered, b@test.example retry)
//   endpointDown (a retry)  maybeDuplicate (a retry)  checkpoint (stores resume state, then a retry)
//   drop (never completed)  throw (out of transmit)  crash (ends the process)  hold (until it is cancelled, then a
//   retry)
// TEST records what it hands over where its port has an archive (hawser.audit/1): the body, and as facts its address.
// Retries and partials give the resume state "resume-<attempt>".
//
// CallsFile gets one line for each transmit when it ends, in one write:
//   <adapter> <BTS.MessageID> attempt=<n> unique=<id> size=<bytes read> resume=<state handed in> <what was answered>
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "hawser/sdk.hpp"
#include "hawser/sdk/audit.hpp"

namespace hawser::test_plugin {

// One transmit. Its reads are the caller's: it only knows what to do with the bytes and how to end.
class transmission {
public:
    transmission(delivery one, std::string_view name_space, std::uint32_t flags);

    const std::string& script() const noexcept { return script_; }
    delivery& handle() noexcept { return delivery_; }
    bool is_open() const noexcept { return delivery_.abi() != nullptr; }

    // One body_read; false: there is nothing yet. After the end or a failure has_ended() is true.
    bool read_once();
    bool has_ended() const noexcept { return has_ended_; }
    bool is_broken() const noexcept { return !failure_.empty(); }

    void complete() noexcept;  // as the script says
    void complete_cancelled() noexcept;
    void drop(std::string_view answer);  // the delivery's destructor completes it

private:
    void record(std::string_view answer) const;
    void accept_body();
    void discard_body() noexcept;
    void record_content(std::string_view bytes);
    std::string record_hand_over();  // "" = it may be accepted
    void record_result(std::string_view answer);
    outcome finish();
    outcome scripted_outcome() const;

    delivery delivery_;
    audit_record audit_;  // goes before the delivery
    std::string adapter_, path_, partial_path_, script_, calls_file_, message_id_, unique_id_, resume_state_, failure_;
    std::uint32_t attempt_ = 1;
    std::uint64_t size_ = 0;
    bool has_ended_ = false;
    std::ofstream body_;
};

// Runs jobs one after another on a thread of its own; the destructor runs what is left and joins.
class job_thread {
public:
    job_thread() : thread_([this] { run(); }) {}
    ~job_thread();
    void post(std::function<void()> job);

private:
    void run();
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    bool is_stopping_ = false;
    std::thread thread_;
};

class queued_adapter final : public send_adapter {
public:
    static constexpr adapter_info info{.id = "TEST",
                                       .version = "1.0.0",
                                       .summary = "Writes bodies to files, without blocking.",
                                       .property_namespace = "TEST",
                                       .address_scheme = "test",
                                       .flags = HAWSER_FLAG_AUDITS};
    static config_spec spec();
    void transmit(delivery one) override;

private:
    // A job that the engine starts by a callback. Kept as long as the adapter, because a callback may come late.
    struct session {
        queued_adapter* owner = nullptr;
        std::unique_ptr<transmission> work;
        bool is_checkpointing = false;  // complete only after the checkpoint's answer
    };
    void begin(session& one);
    void step(session& one);
    void cancel(session& one);

    std::mutex mutex_;
    std::vector<std::unique_ptr<session>> sessions_;
    job_thread jobs_;  // last: joined before the sessions go
};

class blocking_adapter final : public send_adapter {
public:
    static constexpr adapter_info info{.id = "TESTBLOCKING",
                                       .version = "1.0.0",
                                       .summary = "Writes bodies to files, and blocks.",
                                       .property_namespace = "TESTBLOCKING",
                                       .address_scheme = "testblocking",
                                       .flags = HAWSER_FLAG_BLOCKING,
                                       .max_in_flight = 4};
    static config_spec spec();
    void transmit(delivery one) override;
};

}  // namespace hawser::test_plugin
