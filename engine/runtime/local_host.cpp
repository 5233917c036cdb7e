#include "runtime/local_host.hpp"

#include <algorithm>
#include <filesystem>
#include <future>
#include <stdexcept>
#include <utility>

#include "base/live_count.hpp"
#include "base/log.hpp"
#include "control/control_server.hpp"
#include "runtime/body_taker.hpp"
#include "runtime/box_calls.hpp"
#include "runtime/order_notes.hpp"
#include "runtime/public_names.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t closing_wait_max_ms = 10'000;  // of a submission, for a reload that removes its port

submit_answer refusal(const error& failure) {
    submit_answer refused;
    refused.code = code_of(failure);
    refused.text = failure.text;
    return refused;
}

std::string spool_folder_of(const std::string& box_path) {
    const std::string folder = std::filesystem::path(box_path).parent_path().string();
    return folder.empty() ? "." : folder;
}

std::vector<std::string> ports_of(const publication& message) {
    std::vector<std::string> all;
    for (const new_delivery& one : message.deliveries) {
        all.push_back(one.port);
    }
    return all;
}

// The program's own function, which must not end the store's thread.
std::function<void(const submit_answer&)> guarded(std::function<void(const submit_answer&)> answer) {
    return [answer = std::move(answer)](const submit_answer& given) {
        std::string thrown;
        try {
            answer(given);
            return;
        } catch (const std::exception& failure) {
            thrown = failure.what();
        } catch (...) {
            thrown = "no std::exception";
        }
        log::error("the function that takes the answer to a submission threw",
                   {{"message", given.message_id}, {"error", thrown}});
    };
}

}  // namespace

local_host::local_host(std::shared_ptr<const loaded_configuration> loaded, const host_options& options,
                       std::unique_ptr<message_box> box)
    : options_(options),
      archives_(system_clock()),
      box_(std::move(box)),
      generation_(
          make_generation(loaded, nullptr, {options_.delivers, options_.only_ports, counters_, retired_, archives_})),
      ports_(generation_->shared_bindings(), {}),
      receive_workers_(loaded->bindings().host.worker_count),
      delivery_(*box_, system_clock(),
                {.worker_count = loaded->bindings().host.worker_count,
                 .spool_folder = spool_folder_of(loaded->message_box_path()),
                 .route = [this](const message_context& context) { return subscribers_of(context); },
                 .while_routing_stands =
                     [this](const std::function<void()>& work) {
                         const std::lock_guard lock(publish_mutex_);
                         work();
                     },
                 .held_late = [this](const std::string& group) { release_late(group); }},
                [this](const delivery_report& report) { waiters_.tell(report); }),
      releaser_([this](const std::string& group) { return release_piece(group); }),
      certificates_([this] { return generation(); }, system_clock()) {
    ports_.replace(generation_->shared_bindings(), store_states(*generation_));
    put_ports_in_place(*generation_);
}

local_host::~local_host() { stop(0); }

void local_host::start() {
    const std::lock_guard until_it_has_started(life_mutex_);
    if (is_stopped_) {
        return;
    }
    started_unix_ms_ = system_clock().unix_ms();
    is_started_ = true;
    if (options_.delivers) {
        delivery_.start();
    }
    if (is_running()) {
        release_started_groups();
        certificates_.start();
    }
    if (options_.serves_clients) {
        server_ = std::make_unique<control_server>(*this, generation()->loaded->message_box_path() + ".sock");
        server_->start();
    }
}

void local_host::stop(std::int64_t grace_ms) {
    is_stopped_ = true;
    const std::lock_guard until_it_has_stopped(life_mutex_);
    if (std::exchange(has_stopped_, true)) {
        return;
    }
    { const std::lock_guard until_the_reload_has_ended(reload_mutex_); }
    waiters_.close();
    receive_workers_.stop();  // those who submitted are answered, and have their messages still
    if (server_) {
        server_->stop();
    }
    releaser_.stop();
    certificates_.stop();
    const std::shared_ptr<const host_generation> current = generation();
    delivery_.stop(grace_ms < 0 ? current->bindings().host.stop_grace_ms : grace_ms);
    publications_under_way_.wait_until_none();
    retired_.finish();
    for (const auto& [type, adapter] : current->adapters) {
        adapter->stop();
    }
    archives_.finish();
    for (const auto& [name, value] : counters_.values()) {
        log::info("counter", {{"name", name}, {"value", std::to_string(value)}});
    }
}

// ---- Submitting ----

result<receive_intake> local_host::find_receive_port(const std::string& name, taken_on where) {
    const std::shared_ptr<const host_generation> current = generation();
    const auto found = current->receive_ports.find(name);
    if (found == current->receive_ports.end()) {
        std::vector<std::string> names;
        for (const auto& [known, port] : current->receive_ports) {
            names.push_back(known);
        }
        const std::string near = suggest(name, names);
        return fail("no_subscriber", "there is no receive port \"" + printable(name, 80) + "\" in the bindings" +
                                         (near.empty() ? "" : ": " + near));
    }
    receive_intake intake{
        found->second, receive_workers_.under_way(), spool_folder_of(current->loaded->message_box_path()), {}};
    if (where == taken_on::receive_worker) {
        intake.on_worker = [](const std::function<void()>& work, const std::function<void()>&) {
            work();
            return result<void>();
        };
    } else {
        intake.on_worker = [this](const std::function<void()>& work, const std::function<void()>& while_waiting) {
            return receive_workers_.run(work, while_waiting);
        };
    }
    return intake;
}

// Routes it for a first time before its bodies are read, which may take minutes, to refuse what nobody takes.
result<local_host::taken_submission> local_host::take(const submission& message,
                                                      const std::function<void(std::uint64_t)>& on_progress,
                                                      std::int64_t closing_wait_ms, taken_on where) {
    std::uint64_t revision = 0;
    const auto route = [&](const std::string& port, const message_context& context) {
        revision = ports_.revision();
        result<std::vector<new_delivery>> routed = ports_.route(port, context);
        if (!routed && routed.error().code == port_table::port_closing && ports_.wait_until_open(closing_wait_ms)) {
            revision = ports_.revision();
            routed = ports_.route(port, context);
        }
        return routed;
    };
    const auto receive = [&](const std::string& name) { return find_receive_port(name, where); };
    if (is_stopped_) {
        return fail("not_accepted", receive_workers::stopping);
    }
    result<publication> taken = take_submission(message, *box_, {route, receive}, on_progress);
    if (!taken) {
        return unexpected{std::move(taken).error()};
    }
    return taken_submission{std::move(*taken), revision};
}

// Ports may have changed or gone since it was taken.
result<void> local_host::route_anew(taken_submission& taken, const std::string& port) const {
    if (const std::uint64_t revision = ports_.revision(); revision != taken.revision) {
        result<std::vector<new_delivery>> routed = ports_.route(port, taken.message.context);
        if (!routed) {
            return unexpected{std::move(routed).error()};
        }
        taken.message.deliveries = std::move(*routed);
        taken.revision = revision;
    }
    return {};
}

// Routes and queues it in one step, once the box has room; `on_routed` hears of each routing. It waits for room without
// the lock, because an answer of the box, on the thread that makes the room, may publish again.
result<void> local_host::queue_publication(taken_submission& taken, const std::string& port,
                                           const std::function<void()>& on_routed, commit_callback answer) {
    room_line line = room_line::is_joined;
    while (true) {
        std::vector<operation> batch;
        {
            const std::lock_guard lock(publish_mutex_);
            if (result<void> routed = route_anew(taken, port); !routed) {
                return routed;
            }
            on_routed();
            batch.emplace_back(publish_operation{std::move(taken.message)});
            if (box_->try_commit(batch, answer, line)) {
                return {};
            }
        }
        box_->wait_for_room(batch);
        line = room_line::was_passed;
        taken.message = std::move(std::get<publish_operation>(batch.front()).message);
    }
}

// Of a message that the engine itself publishes; nobody = it is not published.
std::vector<new_delivery> local_host::subscribers_of(const message_context& context) const {
    result<std::vector<new_delivery>> found = ports_.route("", context, closing_rule::ignore);
    return found ? std::move(*found) : std::vector<new_delivery>{};
}

// Those whose outcome can be waited for.
std::size_t local_host::count_of_delivering(const publication& message) const {
    const auto delivers = [this](const new_delivery& one) {
        return is_started_ && one.held_for.empty() && delivers_for(one.port) && ports_.state(one.port) == "started";
    };
    return static_cast<std::size_t>(std::count_if(message.deliveries.begin(), message.deliveries.end(), delivers));
}

submit_answer local_host::answer_of(const commit_answer& committed, const std::string& message_id) {
    submit_answer answer;
    answer.text = committed.text;
    switch (committed.status) {
    case commit_status::done:
        answer.code = answer_code::accepted;
        answer.message_id = message_id;
        break;
    case commit_status::already_published:
        answer.code = answer_code::accepted;
        answer.message_id = committed.message_id;
        answer.is_repeat = true;
        break;
    case commit_status::key_conflict: answer.code = answer_code::bad_input; break;
    case commit_status::lost:
    case commit_status::not_found:
    case commit_status::refused: answer.code = answer_code::not_accepted; break;
    }
    return answer;
}

submit_answer local_host::submit(const submission& message, const submit_options& options) {
    result<taken_submission> taken = take(message, options.on_progress, closing_wait_max_ms, taken_on::callers_thread);
    if (!taken) {
        return refusal(taken.error());
    }
    const std::string message_id = taken->message.message_id;
    awaited_outcome awaited;
    const auto promise = std::make_shared<std::promise<commit_answer>>();
    for (bool is_queued = false; !is_queued;) {
        const auto expect_outcomes = [&] {
            awaited.ports = ports_of(taken->message);
            awaited.started_count = count_of_delivering(taken->message);
            awaited.waiter.reset();
            awaited.waiter = waiters_.expect(message_id, awaited.started_count, options.wait);
        };
        const result<void> queued =
            queue_publication(*taken, message.port, expect_outcomes,
                              [promise](const commit_answer& answer) { promise->set_value(answer); });
        is_queued = queued.has_value();
        if (!is_queued &&
            (queued.error().code != port_table::port_closing || !ports_.wait_until_open(closing_wait_max_ms))) {
            discard_bodies(*box_, taken->message.parts);
            return refusal(queued.error());
        }
    }
    submit_answer answer = answer_of(promise->get_future().get(), message_id);
    if (answer.code != answer_code::accepted) {
        return answer;
    }
    for (const std::string& port : awaited.ports) {  // all: one may have been started since it was routed
        delivery_.wake(port);
    }
    if (options.wait != wait_for::nothing) {
        if (!answer.is_repeat && awaited.started_count > 0) {
            wait_for_outcome(answer.message_id, awaited, options);
        }
        describe_outcome(answer, awaited);
    }
    return answer;
}

// It may be called on the store's own thread, which must not wait: what passes a receive pipeline is published by the
// worker that ran it.
void local_host::submit_async(const submission& message, std::function<void(const submit_answer&)> answer) {
    answer = guarded(std::move(answer));
    if (message.receive_port.empty()) {
        publish_async(message, std::move(answer), taken_on::callers_thread);
        return;
    }
    const auto held = std::make_shared<const submission>(message);
    const auto receive = [this, held, answer] {
        try {
            publish_async(*held, answer, taken_on::receive_worker);
        } catch (const std::exception& failure) {  // nobody else hears of it: the box is damaged, an I/O error
            answer(refusal({"not_accepted", failure.what()}));
        }
    };
    if (const result<void> posted = receive_workers_.post(receive); !posted) {
        answer(refusal(posted.error()));
    }
}

void local_host::publish_async(const submission& message, std::function<void(const submit_answer&)> answer,
                               taken_on where) {
    constexpr std::int64_t no_wait_ms = 0;
    struct publication_under_way {
        live_count::member counted;
        std::function<void(const submit_answer&)> answer;
        std::string message_id;
        std::vector<std::string> woken;
    };
    const std::shared_ptr<publication_under_way> state(
        new publication_under_way{live_count::member(publications_under_way_), std::move(answer), {}, {}});
    result<taken_submission> taken = take(message, {}, no_wait_ms, where);
    if (!taken) {
        state->answer(refusal(taken.error()));
        return;
    }
    state->message_id = taken->message.message_id;
    const auto note_woken = [&] { state->woken = ports_of(taken->message); };
    const result<void> queued =
        queue_publication(*taken, message.port, note_woken, [this, state](const commit_answer& committed) {
            for (const std::string& port : state->woken) {
                delivery_.wake(port);
            }
            state->answer(answer_of(committed, state->message_id));
        });
    if (!queued) {
        discard_bodies(*box_, taken->message.parts);
        state->answer(refusal(queued.error()));
    }
}

// ---- The queue ----

// One that waits in order, and was not tried, says for which; the others what their last attempt said.
message_summary local_host::told(const delivery_summary& one) const {
    message_summary summary = to_public(one);
    std::string in_order = one.state == delivery_state::queued ? order_reason(generation()->bindings(), one) : "";
    if (!in_order.empty()) {
        summary.text = std::move(in_order);
        summary.code.clear();
    }
    return summary;
}

std::vector<message_summary> local_host::list(const message_filter& filter) {
    std::vector<message_summary> all;
    for (const delivery_summary& one : select_deliveries(*box_, filter)) {
        all.push_back(told(one));
    }
    return all;
}

std::vector<message_detail> local_host::show(const std::string& id) {
    std::vector<message_detail> all;
    message_filter filter;
    filter.message_id = id;
    for (const delivery_summary& one :
         id.empty() ? std::vector<delivery_summary>{} : select_deliveries(*box_, filter)) {
        if (const std::optional<delivery_detail> detail = box_->show(one.id)) {
            all.push_back(to_public(*detail));
            all.back().summary = told(detail->summary);
        }
    }
    return all;
}

change_answer local_host::resume(const message_filter& which, const message_edits& edits) {
    return resume_deliveries(*box_, which, edits, [this](const std::string& port) { delivery_.wake(port); });
}

change_answer local_host::terminate(const message_filter& which) {
    const auto track = [current = generation()](const std::string& port) -> std::optional<tracked_delivery> {
        for (const send_port_binding& one : current->bindings().send_ports) {
            if (one.name == port && (one.tracking.properties_before || one.tracking.bodies_before)) {
                return tracked_delivery{one.tracking.properties_before, one.tracking.bodies_before, {}, {}};
            }
        }
        return std::nullopt;
    };
    return terminate_deliveries(
        *box_, which, [this](const std::string& port) { delivery_.wake(port); }, track);
}

change_answer local_host::save(std::int64_t delivery, const std::string& part, content_point point, int descriptor) {
    return save_part(*box_, delivery, part, point, descriptor);
}

}  // namespace hawser::engine
