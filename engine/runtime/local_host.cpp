#include "runtime/local_host.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "base/log.hpp"
#include "control/control_server.hpp"
#include "runtime/public_names.hpp"

namespace hawser::engine {
namespace {

answer_code code_of(const error& failure) {
    return failure.code == "no_subscriber"  ? answer_code::no_subscriber
           : failure.code == "not_accepted" ? answer_code::not_accepted
           : failure.code == "not_found"    ? answer_code::not_found
                                            : answer_code::bad_input;
}

std::string spool_folder_of(const std::string& box_path) {
    const std::string folder = std::filesystem::path(box_path).parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace

local_host::local_host(const loaded_configuration& loaded, const host_options& options,
                       std::unique_ptr<message_box> box)
    : loaded_(loaded),
      options_(options),
      certificates_({loaded.bindings().host.certificates.personal, loaded.bindings().host.certificates.other_people,
                     loaded.bindings().host.certificates.trusted}),
      certificate_view_(certificates_),
      services_{&certificate_view_, &counters_, &system_clock()},
      box_(std::move(box)),
      ports_(loaded.bindings(), box_->port_states()),
      delivery_(*box_, system_clock(),
                {.worker_count = loaded.bindings().host.worker_count,
                 .spool_folder = spool_folder_of(loaded.message_box_path()),
                 .route = [this](const message_context& context) { return subscribers_of(context); }},
                [this](const delivery_report& report) { waiters_.tell(report); }) {
    const host_binding& settings = loaded_.bindings().host;
    box_->set_retention({settings.tracking.age_ms, static_cast<std::uint64_t>(settings.tracking.size_bytes)});
    std::vector<operation> changes = ports_.take_changes();
    changes.emplace_back(index_operation{settings.indexed_properties});
    if (const commit_answer answer = commit_and_wait(std::move(changes)); answer.status != commit_status::done) {
        throw std::runtime_error("the states of the ports cannot be stored: " + answer.text);
    }
    if (options_.delivers) {
        delivery_.set_destinations(make_destinations(loaded_));
        adapters_ = make_adapters(loaded_, services_);
        for (const send_port_binding& binding : loaded_.bindings().send_ports) {
            delivery_.set_port(make_port(loaded_, services_, adapters_, binding),
                               delivers_for(binding.name) && ports_.state(binding.name) == "started");
        }
    }
}

local_host::~local_host() { stop(0); }

bool local_host::delivers_for(const std::string& port) const {
    return options_.delivers &&
           (options_.only_ports.empty() ||
            std::find(options_.only_ports.begin(), options_.only_ports.end(), port) != options_.only_ports.end());
}

void local_host::start() {
    started_unix_ms_ = system_clock().unix_ms();
    is_started_ = true;
    if (options_.delivers) {
        delivery_.start();
    }
    if (options_.serves_clients) {
        server_ = std::make_unique<control_server>(*this, loaded_.message_box_path() + ".sock");
        server_->start();
    }
}

void local_host::stop(std::int64_t grace_ms) {
    if (std::exchange(is_stopped_, true)) {
        return;
    }
    waiters_.close();
    if (server_) {
        server_->stop();
    }
    delivery_.stop(grace_ms < 0 ? loaded_.bindings().host.stop_grace_ms : grace_ms);
    for (const auto& [type, adapter] : adapters_) {
        adapter->stop();
    }
    for (const auto& [name, value] : counters_.values()) {
        log::info("counter", {{"name", name}, {"value", std::to_string(value)}});
    }
}

// ---- Submitting ----

intake_ports local_host::make_intake() const {
    return {[this](const std::string& port, const message_context& context) { return ports_.route(port, context); }};
}

// Of a message that the engine itself publishes; nobody = it is not published.
std::vector<new_delivery> local_host::subscribers_of(const message_context& context) const {
    result<std::vector<new_delivery>> found = ports_.route("", context);
    return found ? std::move(*found) : std::vector<new_delivery>{};
}

commit_answer local_host::commit_and_wait(std::vector<operation> batch) {
    std::promise<commit_answer> promise;
    std::future<commit_answer> future = promise.get_future();
    box_->commit(std::move(batch), [&promise](const commit_answer& answer) { promise.set_value(answer); });
    return future.get();
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
    result<publication> taken = take_submission(message, *box_, make_intake(), options.on_progress);
    if (!taken) {
        submit_answer refused;
        refused.code = code_of(taken.error());
        refused.text = taken.error().text;
        return refused;
    }
    const std::string message_id = taken->message_id;
    std::vector<std::string> started;
    std::vector<new_delivery> deliveries = taken->deliveries;
    for (const new_delivery& one : deliveries) {
        if (is_started_ && delivers_for(one.port) && ports_.state(one.port) == "started") {
            started.push_back(one.port);
        }
    }
    const std::unique_ptr<outcome_waiters::waiter> waiter = waiters_.expect(message_id, started.size(), options.wait);
    std::vector<operation> batch;
    batch.emplace_back(publish_operation{std::move(*taken)});
    submit_answer answer = answer_of(commit_and_wait(std::move(batch)), message_id);
    if (answer.code != answer_code::accepted) {
        return answer;
    }
    for (const std::string& port : started) {
        delivery_.wake(port);
    }
    if (options.wait != wait_for::nothing) {
        if (!answer.is_repeat && !started.empty()) {
            answer.deliveries = waiter->wait(options.wait_max_ms, options.is_abandoned);
        }
        describe_deliveries(answer);
    }
    return answer;
}

// Adds what the box still has of the message, and says what it all means.
void local_host::describe_deliveries(submit_answer& answer) {
    for (const delivery_summary& one : box_->list({.message_id = answer.message_id})) {
        const bool is_known = std::any_of(answer.deliveries.begin(), answer.deliveries.end(),
                                          [&](const delivery_answer& known) { return known.delivery == one.id; });
        if (!is_known && !has_ended(one.state)) {
            delivery_answer left;
            left.delivery = one.id;
            left.port = one.port;
            left.state = one.state >= delivery_state::suspended ? "suspended" : "queued";
            left.code = one.code;
            left.text = ports_.state(one.port) == "stopped"
                            ? "the port is stopped: the message waits until it is started"
                            : one.text;
            left.attempts = one.attempts;
            answer.deliveries.push_back(std::move(left));
        }
    }
    answer.code = answer_code::done;
    for (const delivery_answer& one : answer.deliveries) {
        if (one.state == "suspended" || one.state == "failed") {
            answer.code = answer_code::suspended;
            answer.text = one.text;
        } else if (one.state != "delivered" && answer.code == answer_code::done) {
            answer.code = answer_code::accepted;
            answer.text = one.text;
        }
    }
}

void local_host::submit_async(submission message, std::function<void(const submit_answer&)> answer) {
    result<publication> taken = take_submission(message, *box_, make_intake(), {});
    if (!taken) {
        submit_answer refused;
        refused.code = code_of(taken.error());
        refused.text = taken.error().text;
        answer(refused);
        return;
    }
    std::vector<std::string> woken;
    for (const new_delivery& one : taken->deliveries) {
        woken.push_back(one.port);
    }
    std::string message_id = taken->message_id;
    std::vector<operation> batch;
    batch.emplace_back(publish_operation{std::move(*taken)});
    box_->commit(std::move(batch), [this, answer = std::move(answer), woken = std::move(woken),
                                    message_id = std::move(message_id)](const commit_answer& committed) {
        for (const std::string& port : woken) {
            delivery_.wake(port);
        }
        answer(answer_of(committed, message_id));
    });
}

// ---- The queue ----

std::vector<message_summary> local_host::list(const message_filter& filter) {
    std::vector<message_summary> all;
    for (const delivery_summary& one : select_deliveries(*box_, filter)) {
        all.push_back(to_public(one));
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
        }
    }
    return all;
}

change_answer local_host::resume(const message_filter& which, const message_edits& edits) {
    return resume_deliveries(*box_, which, edits, [this](const std::string& port) { delivery_.wake(port); });
}

change_answer local_host::terminate(const message_filter& which) {
    const auto track = [this](const std::string& port) -> std::optional<tracked_delivery> {
        for (const send_port_binding& one : loaded_.bindings().send_ports) {
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

// ---- Ports and status ----

std::vector<port_summary> local_host::ports() {
    std::vector<port_summary> all;
    std::vector<port_counts> counts = box_->counts();
    const auto take = [&counts](port_summary& summary) {
        const auto found = std::find_if(counts.begin(), counts.end(),
                                        [&](const port_counts& one) { return one.port == summary.name; });
        if (found != counts.end()) {
            summary.queued = found->queued;
            summary.retrying = found->retrying;
            summary.active = found->active;
            summary.suspended = found->suspended;
            counts.erase(found);
        }
    };
    for (const send_port_binding& binding : loaded_.bindings().send_ports) {
        port_summary summary;
        summary.name = binding.name;
        summary.state = ports_.state(binding.name);
        summary.transport = binding.primary.type + ' ' + binding.primary.address;
        summary.note = options_.delivers ? delivery_.note(binding.name) : "";
        take(summary);
        all.push_back(std::move(summary));
    }
    while (!counts.empty()) {
        port_summary gone;
        gone.name = counts.front().port;
        gone.state = "gone";
        gone.note = "not in the bindings any more: its messages wait; add the port again, or save and terminate them";
        take(gone);
        all.push_back(std::move(gone));
    }
    return all;
}

change_answer local_host::set_port_state(const std::string& port, const std::string& action) {
    result<port_state_operation> change = ports_.change(port, action);
    if (!change) {
        return {code_of(change.error()), 0, change.error().text};
    }
    const commit_answer done = commit_and_wait({*change});
    if (done.status != commit_status::done) {
        return {answer_code::not_accepted, 0, done.text};
    }
    ports_.apply(*change);
    if (options_.delivers) {
        delivery_.set_started(port, change->state == "started" && delivers_for(port));
    }
    log::info("the port's state was changed", {{"port", port}, {"state", change->state}});
    return {answer_code::done, 1, change->state};
}

host_status local_host::status() {
    host_status status;
    status.host_name = loaded_.bindings().host.name;
    status.is_running = is_started_ && options_.delivers && options_.only_ports.empty();
    status.process_id = status.is_running ? ::getpid() : 0;
    status.started_unix_ms = started_unix_ms_;
    status.message_box = loaded_.message_box_path();
    status.ports = ports();
    for (const port_summary& port : status.ports) {
        if (!port.note.empty()) {
            status.warnings.push_back(port.name + ": " + port.note);
        }
        if (port.suspended > 0) {
            status.warnings.push_back(port.name + ": " + std::to_string(port.suspended) + " suspended");
        }
    }
    const std::shared_ptr<const certificate_snapshot> certificates = certificates_.current();
    for (const certificate_folder* folder :
         {&certificates->personal, &certificates->other_people, &certificates->trusted}) {
        status.warnings.insert(status.warnings.end(), folder->problems.begin(), folder->problems.end());
    }
    return status;
}

}  // namespace hawser::engine
