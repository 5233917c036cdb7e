#include "delivery/attempt.hpp"

#include "base/log.hpp"
#include "delivery/box_questions.hpp"
#include "delivery/delivery_context.hpp"
#include "pipeline/spool.hpp"
#include "pipeline/worker_pool.hpp"

namespace hawser::engine {
namespace {

class stored_body final : public stream_source {
public:
    stored_body(std::unique_ptr<body_reader> reader, std::uint64_t size) : reader_(std::move(reader)), left_(size) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = reader_->read(buffer, capacity);
        if (size > left_ || (size == 0 && left_ != 0)) {
            throw stream_failure(HAWSER_FAILED,
                                 "the stored body is not as long as it was when it was published: "
                                 "the message box is damaged");
        }
        left_ -= size;
        return size;
    }
    std::int64_t size_hint() const override { return static_cast<std::int64_t>(left_); }

private:
    std::unique_ptr<body_reader> reader_;
    std::uint64_t left_;
};

bool is_transient(hawser_status status) {
    return status == HAWSER_TRY_LATER || status == HAWSER_IO || status == HAWSER_CANCELLED;
}

}  // namespace

attempt::attempt(attempt_context& context, std::shared_ptr<const send_port_runtime> port, chosen_transport to,
                 claimed_delivery claim, finished_function finished)
    : context_(context),
      port_(std::move(port)),
      to_(std::move(to)),
      claim_(std::move(claim)),
      finished_(std::move(finished)) {
    for (auto& bytes : claim_.inline_bodies) {
        inline_bodies_.push_back(bytes ? std::make_shared<const std::string>(std::move(*bytes)) : nullptr);
    }
    claim_.inline_bodies.clear();
    if (port_->tells_others()) {
        published_context_ = claim_.context;
    }
}

attempt::~attempt() = default;

// The backup transport is told why the primary one failed: the last failure there that the history has.
attempt_identity attempt::identity() const {
    attempt_identity who{claim_.message_id, claim_.state.attempt};
    if (claim_.state.is_on_backup && port_->backup) {
        const std::string primary = port_->primary.label();
        const std::optional<delivery_detail> detail = context_.box.show(claim_.token.delivery);
        for (const attempt_record& one : detail ? detail->history : std::vector<attempt_record>{}) {
            if (one.transport == primary) {
                who.primary_failure_code = one.code;
                who.primary_failure_text = one.text;
            }
        }
    }
    return who;
}

// The end of the transport's service window, for an adapter in which the delivery has to wait; 0 = none.
std::int64_t attempt::begin_before_unix_ms() const {
    if (!transport().window) {
        return 0;
    }
    const std::int64_t now_unix_ms = context_.time.unix_ms();
    const window_state window = state_of(*transport().window, now_unix_ms);
    return window.is_open ? window.until_unix_ms : now_unix_ms;
}

void attempt::prepare_message() {
    message_context context = std::move(claim_.context);
    if (const result<void> done = write_delivery_context(context, *port_, to_, identity()); !done) {
        throw stream_failure(HAWSER_FAILED, done.error().text);
    }
    working_message::identity who{claim_.message_id, claim_.unique_id, claim_.published_unix_ms,
                                  claim_.state.total_attempts + 1, begin_before_unix_ms()};
    message_ = std::make_unique<working_message>(
        port_->environment, std::move(who), std::move(context), claim_.parts, [this](std::size_t index) {
            if (inline_bodies_.at(index)) {
                return make_stream(inline_bodies_[index]);
            }
            return make_stream(std::make_unique<stored_body>(context_.box.open_body(claim_.sequence, index),
                                                             claim_.parts[index].size));
        });
}

bool attempt::run_pipeline() {
    const std::optional<pipeline_failure> failure =
        port_->pipeline->run(*message_, transport().adapter->composer(), transport().type);
    if (failure) {
        fail(failure->is_transient ? verdict::retry : verdict::failed, failure->code, failure->text);
    }
    return !failure;
}

void attempt::open_body() {
    result<hawser_stream> taken = message_->take_body(HAWSER_BODY_PART);
    if (!taken) {
        throw stream_failure(HAWSER_FAILED, taken.error().text);
    }
    body_stream body(*taken);
    if (port_->spools_before_send || port_->pipeline->defers_context()) {
        body = spool_body(std::move(body), context_.spool_folder);
    }
    if (port_->tracking.bodies_after) {
        body_after_ = std::make_shared<tracked_body>([&box = context_.box] { return box.stage_body(); });
        body = tracked_body::tee(std::move(body), body_after_);
    }
    pump_ = std::make_shared<body_pump>(context_.workers, std::move(body));
}

void attempt::begin() {
    started_unix_ms_ = context_.time.unix_ms();
    const std::shared_ptr<attempt> self = shared_from_this();
    try {
        prepare_message();
        prepared_ = message_.get();
        if (is_cancelled_) {  // before cancel() could see it
            message_->cancel_state().cancel();
        }
        if (!run_pipeline()) {
            return;
        }
        open_body();
    } catch (const stream_failure& failure) {
        fail_body({failure.status(), failure.what()});
        return;
    } catch (const std::exception& failure) {
        finish(internal_failure("the engine could not prepare the message", failure));
        return;
    }
    pump_->start(self, [self] { self->hand_over(); });
}

// Fail closed: a body that failed within the prefill means that the adapter never hears of it and no connection is
// made.
void attempt::hand_over() {
    if (const std::optional<body_failure> failure = pump_->failure()) {
        fail_body(*failure);
        return;
    }
    if (is_cancelled_) {
        fail(verdict::retry, "delivery.cancelled", "the host stopped before the message was sent");
        return;
    }
    if (port_->tracking.properties_after) {
        try {
            context_after_ = message_->context();
        } catch (const std::exception& failure) {
            finish(internal_failure("the context could not be kept", failure));
            return;
        }
    }
    is_handed_over_ = true;
    transport().adapter->transmit(abi());
}

std::optional<tracked_delivery> attempt::take_tracked() {
    const tracking_options& wanted = port_->tracking;
    if (!wanted.is_on()) {
        return std::nullopt;
    }
    tracked_delivery kept{wanted.properties_before, wanted.bodies_before, std::move(context_after_), {}};
    if (body_after_ && is_handed_over_) {
        if (result<tracked_body::kept_bytes> bytes = body_after_->take()) {
            kept.body_after = std::move(*bytes);
        } else {  // only where the adapter was content with a part of the body: else the end would have failed
            log::error("the body that was sent cannot be tracked",
                       {{"port", port_->name}, {"message", claim_.message_id}, {"error", bytes.error().text}});
        }
    }
    return kept;
}

void attempt::cancel() {
    is_cancelled_ = true;
    if (working_message* message = prepared_) {
        message->cancel_state().cancel();
    }
}

std::int64_t attempt::body_read(void* buffer, std::uint64_t capacity, const hawser_error* error) {
    std::string text;
    const std::int64_t size = transport().adapter->is_blocking() ? pump_->read_waiting(buffer, capacity, text)
                                                                 : pump_->read(buffer, capacity, text);
    if (size < 0 && size != HAWSER_WOULD_BLOCK && error != nullptr) {
        error->set(error->self, static_cast<hawser_status>(size), to_abi(text));
    }
    return size;
}

// Resume state belongs to one adapter, transport and address, and is handed back only there (design section 3).
std::string_view attempt::resume_state() const {
    return claim_.state.resume_scope == to_.label() ? std::string_view(claim_.state.resume_state) : std::string_view{};
}

void attempt::checkpoint(std::string_view resume_state, hawser_checkpoint_done done, void* user) {
    if (resume_state.size() > resume_state_size_max) {
        done(user, HAWSER_MISUSE);
        return;
    }
    std::vector<operation> batch;
    batch.emplace_back(checkpoint_operation{claim_.token, std::string(resume_state), to_.label()});
    context_.questions.commit(std::move(batch), [durable = durable_, state = std::string(resume_state), done,
                                                 user](const commit_answer& answer) mutable {
        const bool is_durable = answer.status == commit_status::done;
        if (is_durable) {
            const std::lock_guard lock(durable->mutex);
            durable->resume_state = std::move(state);
        }
        done(user, is_durable ? HAWSER_OK : HAWSER_TRY_LATER);
    });
}

attempt_state attempt::state() const {
    attempt_state now = claim_.state;
    const std::lock_guard lock(durable_->mutex);
    if (durable_->resume_state) {
        now.resume_state = *durable_->resume_state;
        now.resume_scope = to_.label();
    }
    return now;
}

const std::string* attempt::secret(std::string_view name) { return transport().find_secret(name, message_->context()); }

void attempt::give_up(std::string code, std::string text) {
    started_unix_ms_ = context_.time.unix_ms();
    fail(verdict::failed, std::move(code), std::move(text));
}

void attempt::complete(const hawser_outcome& outcome) {
    delivery_outcome copied;
    try {
        copied = copy_outcome(outcome);
    } catch (const std::exception& failure) {
        copied = internal_failure("the outcome could not be taken", failure);
    }
    finish(std::move(copied));
}

void attempt::fail(verdict what, std::string code, std::string text) {
    delivery_outcome outcome;
    outcome.verdict = what;
    outcome.code = std::move(code);
    outcome.text = std::move(text);
    outcome.is_corrupt = what == verdict::failed;
    outcome.was_cancelled = is_cancelled_;
    finish(std::move(outcome));
}

void attempt::fail_body(const body_failure& failure) {
    fail(is_transient(failure.status) ? verdict::retry : verdict::failed, "pipeline.body",
         "the body could not be made: " + printable(failure.text, 2048));
}

// The body's failure outranks whatever the adapter made of it (design section 3).
void attempt::let_body_outrank(delivery_outcome& outcome) const {
    if (const std::optional<body_failure> failure = pump_->failure(); failure && outcome.code != "pipeline.body") {
        outcome.verdict = is_transient(failure->status) ? verdict::retry : verdict::failed;
        outcome.is_corrupt = outcome.verdict == verdict::failed;
        outcome.code = "pipeline.body";
        outcome.text = "the body could not be made: " + printable(failure->text, 2048);
    }
}

void attempt::finish(delivery_outcome outcome) {
    if (is_finished_.exchange(true)) {
        log::error("plugin misbehaving: it completed a delivery twice",
                   {{"port", port_->name}, {"message", claim_.message_id}});
        return;
    }
    const std::shared_ptr<attempt> self = shared_from_this();
    if (message_) {
        message_->cancel_state().close();
    }
    if (pump_) {
        try {
            let_body_outrank(outcome);
        } catch (const std::exception& failure) {
            outcome = internal_failure("the outcome could not be judged", failure);
        }
        pump_->close();
    }
    if (is_cancelled_ && outcome.verdict == verdict::retry) {
        outcome.was_cancelled = true;
    }
    finished_(*this, std::move(outcome));
}

}  // namespace hawser::engine
