// One attempt to deliver: prepares the working context, runs the pipeline, fills the first 128 KiB, hands over to the
// adapter, and turns what comes of it into one outcome, exactly once. It is the plugins' hawser_delivery.
// Threads: begin() on a worker; the ABI side as abi.h says; cancel() from any thread. Ownership: shared by the delivery
// engine (until finished) and whoever is inside one of its calls.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "delivery/delivery_context.hpp"
#include "delivery/delivery_outcome.hpp"
#include "delivery/dynamic_transport.hpp"
#include "delivery/send_port_runtime.hpp"
#include "delivery/tracked_body.hpp"
#include "messagebox/message_box.hpp"
#include "pipeline/body_pump.hpp"
#include "plugins/bridge/delivery_handle.hpp"

namespace hawser::engine {

class box_questions;

struct attempt_context {
    message_box& box;
    box_questions& questions;
    worker_pool& workers;
    clock& time;
    std::string spool_folder;
};

class attempt final : public delivery_handle, public std::enable_shared_from_this<attempt> {
public:
    using finished_function = std::function<void(attempt&, delivery_outcome)>;

    // `to` is a transport of the port.
    attempt(attempt_context& context, std::shared_ptr<const send_port_runtime> port, chosen_transport to,
            claimed_delivery claim, finished_function finished);
    ~attempt() override;

    void begin();
    void give_up(std::string code, std::string text);  // instead of begin: nothing is sent, the message is suspended
    void cancel();
    bool is_finished() const noexcept { return is_finished_; }  // its adapter, if any, does not use it any more

    const claimed_delivery& claim() const noexcept { return claim_; }
    attempt_state state() const;  // as claimed, with the resume state that was made durable since
    const send_port_runtime& port() const noexcept { return *port_; }
    std::int64_t started_unix_ms() const noexcept { return started_unix_ms_; }
    const chosen_transport& to() const noexcept { return to_; }
    // As published, or edited since; only where the port tells others of it (send_port_runtime::tells_others).
    const message_context& published_context() const noexcept { return published_context_; }
    // What the port's tracking keeps of a delivery that ends with this attempt; nullopt = nothing. Once, when finished.
    std::optional<tracked_delivery> take_tracked();

    working_message& message() noexcept override { return *message_; }
    const working_message& message() const noexcept override { return *message_; }
    std::int64_t body_read(void* buffer, std::uint64_t capacity, const hawser_error* error) override;
    void body_on_ready(hawser_callback callback, void* user) override { pump_->on_ready(callback, user); }
    std::int64_t body_size() const override { return pump_->size(); }
    std::string_view resume_state() const override;
    void checkpoint(std::string_view resume_state, hawser_checkpoint_done done, void* user) override;
    void complete(const hawser_outcome& outcome) override;
    const std::string* secret(std::string_view name) override;
    std::int64_t number() const noexcept override { return claim_.token.delivery; }

private:
    // Written on the store's thread, which may answer when the attempt is gone.
    struct durable_state {
        std::mutex mutex;
        std::optional<std::string> resume_state;
    };

    std::int64_t begin_before_unix_ms() const;
    void prepare_message();
    bool run_pipeline();
    void open_body();
    void hand_over();
    void finish(delivery_outcome outcome);
    void let_body_outrank(delivery_outcome& outcome) const;
    void fail(verdict what, std::string code, std::string text);
    void fail_body(const body_failure& failure);
    attempt_identity identity() const;
    const transport_runtime& transport() const noexcept { return *to_.transport; }

    attempt_context& context_;
    std::shared_ptr<const send_port_runtime> port_;
    chosen_transport to_;
    claimed_delivery claim_;
    const std::shared_ptr<durable_state> durable_ = std::make_shared<durable_state>();
    message_context published_context_;
    finished_function finished_;
    std::vector<std::shared_ptr<const std::string>> inline_bodies_;
    std::unique_ptr<working_message> message_;
    std::atomic<working_message*> prepared_{nullptr};  // message_, for cancel() beside the worker that makes it
    std::shared_ptr<body_pump> pump_;
    std::shared_ptr<tracked_body> body_after_;      // where the port tracks bodies after the pipeline
    std::optional<message_context> context_after_;  // where it tracks properties: as handed over
    bool is_handed_over_ = false;                   // written on a worker before the adapter knows of the attempt
    std::atomic<bool> is_finished_{false};
    std::atomic<bool> is_cancelled_{false};
    std::int64_t started_unix_ms_ = 0;
};

}  // namespace hawser::engine
