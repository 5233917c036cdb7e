// What changes how a running host routes and delivers: the states of its ports and groups, and reloads.
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <system_error>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "runtime/box_calls.hpp"
#include "runtime/certificate_use.hpp"
#include "runtime/local_host.hpp"
#include "runtime/order_notes.hpp"
#include "runtime/port_removal.hpp"
#include "runtime/public_names.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint32_t released_at_once_max = 1000;  // a short transaction, and many for a long queue

change_answer change_refusal(const error& failure) { return {code_of(failure), 0, failure.text}; }

problem problem_of(const host_bindings& bindings, const std::string& pointer, const std::string& text) {
    problem one;
    one.file = bindings.file;
    one.pointer = pointer;
    one.text = text;
    return one;
}

port_counts take_counts(std::vector<port_counts>& all, const std::string& port) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const port_counts& one) { return one.port == port; });
    if (found == all.end()) {
        return {};
    }
    port_counts counts = std::move(*found);
    all.erase(found);
    return counts;
}

port_summary summary_of(const std::string& port, const port_counts& counts) {
    port_summary summary;
    summary.name = port;
    summary.queued = counts.queued;
    summary.retrying = counts.retrying;
    summary.active = counts.active;
    summary.suspended = counts.suspended;
    return summary;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

std::vector<std::string> changed_at_all(const changed_names& names) {
    std::vector<std::string> all = names.added;
    all.insert(all.end(), names.changed.begin(), names.changed.end());
    all.insert(all.end(), names.removed.begin(), names.removed.end());
    return all;
}

void log_done(const reload_answer& answer) {
    log::info("the bindings were reloaded", {{"added", joined(answer.ports.added)},
                                             {"changed", joined(answer.ports.changed)},
                                             {"removed", joined(answer.ports.removed)},
                                             {"receivePorts", joined(changed_at_all(answer.receive_ports))},
                                             {"adapters", joined(answer.renewed_adapters)},
                                             {"suspended", std::to_string(answer.suspended)}});
    for (const std::string& note : answer.notes) {
        log::warning("reload", {{"note", note}});
    }
}

void log_refused(const reload_answer& answer) {
    for (const problem& one : answer.problems) {
        if (one.is_error) {
            log::error("bindings", {{"problem", one.line_text()}});
        }
    }
    log::error("the changed bindings were refused; the old ones stay in force", {{"reason", answer.text}});
}

}  // namespace

std::shared_ptr<const host_generation> local_host::generation() const {
    const std::lock_guard lock(generation_mutex_);
    return generation_;
}

bool local_host::delivers_for(const std::string& port) const {
    return options_.delivers &&
           (options_.only_ports.empty() ||
            std::find(options_.only_ports.begin(), options_.only_ports.end(), port) != options_.only_ports.end());
}

// ---- Ports and groups ----

std::vector<port_summary> local_host::ports() {
    const std::shared_ptr<const host_generation> current = generation();
    std::vector<port_summary> all;
    std::vector<port_counts> counts = box_->counts();
    for (const send_port_binding& binding : current->bindings().send_ports) {
        const port_counts of_port = take_counts(counts, binding.name);
        port_summary summary = summary_of(binding.name, of_port);
        summary.state = ports_.state(binding.name);
        summary.transport = binding.primary.type + ' ' + binding.primary.address;
        summary.note = options_.delivers ? delivery_.note(binding.name) : "";
        if (summary.note.empty()) {
            summary.note = order_note(*box_, binding, of_port);
        }
        all.push_back(std::move(summary));
    }
    for (const port_counts& left : counts) {
        port_summary gone = summary_of(left.port, left);
        gone.state = "gone";
        gone.note = "not in the bindings any more: its messages wait; add the port again, or save and terminate them";
        all.push_back(std::move(gone));
    }
    return all;
}

std::vector<group_summary> local_host::groups() {
    const std::shared_ptr<const host_generation> current = generation();
    std::map<std::string, std::uint64_t> held;
    for (held_count& one : box_->held_counts()) {
        held[std::move(one.group)] = one.held;
    }
    std::vector<group_summary> all;
    for (const send_port_group_binding& binding : current->bindings().send_port_groups) {
        group_summary summary;
        summary.name = binding.name;
        summary.state = ports_.group_state(binding.name);
        summary.ports = binding.ports;
        if (const auto found = held.find(binding.name); found != held.end()) {
            summary.held = found->second;
            held.erase(found);
        }
        all.push_back(std::move(summary));
    }
    for (const auto& [name, count] : held) {
        group_summary gone;
        gone.name = name;
        gone.state = "gone";
        gone.held = count;
        gone.note = "not in the bindings any more: its messages wait; add the group again, or resume or terminate them";
        all.push_back(std::move(gone));
    }
    return all;
}

std::vector<receive_port_summary> local_host::receive_ports() {
    const std::shared_ptr<const host_generation> current = generation();
    std::vector<receive_port_summary> all;
    for (const receive_port_binding& binding : current->bindings().receive_ports) {
        receive_port_summary summary{binding.name, binding.pipeline_name, {}};
        for (const component_binding& one : binding.pipeline) {
            summary.components.push_back(one.stage_name + ' ' + one.component);
        }
        all.push_back(std::move(summary));
    }
    return all;
}

change_answer local_host::set_port_state(const std::string& port, const std::string& action) {
    const std::lock_guard one_at_a_time(change_mutex_);
    result<port_state_operation> change = ports_.change(port, action);
    if (!change) {
        return change_refusal(change.error());
    }
    if (result<void> done = change_state(*change); !done) {
        return change_refusal(done.error());
    }
    if (options_.delivers) {
        delivery_.set_started(port, change->state == "started" && delivers_for(port));
    }
    log::info("the port's state was changed", {{"port", port}, {"state", change->state}});
    return {answer_code::done, 1, change->state};
}

change_answer local_host::set_group_state(const std::string& group, const std::string& action) {
    std::string state;
    {
        const std::lock_guard one_at_a_time(change_mutex_);
        result<port_state_operation> change = ports_.change_group(group, action);
        if (!change) {
            return change_refusal(change.error());
        }
        if (result<void> done = change_state(*change); !done) {
            return change_refusal(done.error());
        }
        state = change->state;
    }
    log::info("the group's state was changed", {{"group", group}, {"state", state}});
    if (is_running()) {
        releaser_.release(group);
    } else {
        while (release_piece(group) == release_progress::more) {
        }
    }
    return {answer_code::done, 1, state};
}

// Durable, then in force.
result<void> local_host::change_state(const port_state_operation& change) {
    const commit_answer done = commit_and_wait(*box_, {change});
    if (done.status != commit_status::done) {
        return fail("not_accepted", done.text);
    }
    const std::lock_guard lock(publish_mutex_);
    ports_.apply(change);
    return {};
}

// Asked for while nothing can be routed, so that what is held anew after the group was stopped again stays held.
release_progress local_host::release_piece(const std::string& group) {
    const auto promise = std::make_shared<std::promise<commit_answer>>();
    {
        const std::lock_guard lock(publish_mutex_);
        if (ports_.group_state(group) != "started") {
            return release_progress::done;
        }
        box_->commit({release_held_operation{group, released_at_once_max}},
                     [promise](const commit_answer& answer) { promise->set_value(answer); });
    }
    const commit_answer answer = promise->get_future().get();
    if (answer.status != commit_status::done) {
        log::warning("what is held for a group could not be released; it is tried again",
                     {{"group", group}, {"error", answer.text}});
        return release_progress::refused;
    }
    const bool has_more = answer.count == released_at_once_max;
    wake_members(group, has_more);
    return has_more ? release_progress::more : release_progress::done;
}

// After the last piece all ports are woken: something may have been held for one that is no member any more.
void local_host::wake_members(const std::string& group, bool has_more) {
    const std::shared_ptr<const host_generation> current = generation();
    if (!has_more) {
        for (const send_port_binding& one : current->bindings().send_ports) {
            delivery_.wake(one.name);
        }
        return;
    }
    for (const send_port_group_binding& one : current->bindings().send_port_groups) {
        if (one.name == group) {
            for (const std::string& port : one.ports) {
                delivery_.wake(port);
            }
        }
    }
}

// What a host that died, or a reload, left to be released.
void local_host::release_started_groups() {
    commit_and_wait(*box_, {});  // what was routed before is in the box
    for (const held_count& one : box_->held_counts()) {
        if (ports_.group_state(one.group) == "started") {
            releaser_.release(one.group);
        }
    }
}

// What was stored later than it was routed, so that the group's start did not find it. On the store's thread.
void local_host::release_late(const std::string& group) noexcept {
    try {
        releaser_.release(group);
    } catch (const std::system_error& failure) {
        log::warning("what is held for a group is not released now, but with the next that is released",
                     {{"group", group}, {"error", failure.what()}});
    }
}

host_status local_host::status() {
    const std::shared_ptr<const host_generation> current = generation();
    host_status status;
    status.host_name = current->bindings().host.name;
    status.is_running = is_running();
    status.process_id = status.is_running ? ::getpid() : 0;
    status.started_unix_ms = started_unix_ms_;
    status.message_box = current->loaded->message_box_path();
    status.ports = ports();
    status.groups = groups();
    status.warnings = box_->warnings();
    for (std::string& trouble : archives_.troubles()) {
        status.warnings.push_back(std::move(trouble));
    }
    for (const port_summary& port : status.ports) {
        if (!port.note.empty()) {
            status.warnings.push_back(port.name + ": " + port.note);
        }
        if (port.suspended > 0) {
            status.warnings.push_back(port.name + ": " + std::to_string(port.suspended) + " suspended");
        }
    }
    for (const group_summary& group : status.groups) {
        if (!group.note.empty()) {
            status.warnings.push_back("group " + group.name + ": " + group.note);
        }
    }
    const std::shared_ptr<const certificate_snapshot> certificates = current->services->certificates.current();
    for (std::string& problem : certificates->problems()) {
        status.warnings.push_back(std::move(problem));
    }
    for (expiry_warning& one :
         expiry_warnings(current->bindings(), seals_of(*current), *certificates, system_clock().unix_ms() / 1000)) {
        status.warnings.push_back(std::move(one.text));
    }
    if (current->services->revocation) {
        for (const pending_revocation& one : current->services->revocation->pending()) {
            status.warnings.push_back("no current answer about revocation from " + one.text);
        }
    }
    return status;
}

// ---- Configurations ----

// The states that its ports and groups have, durable; and what of the bindings the box has to know. Throws
// std::runtime_error where the box cannot store them.
port_states local_host::store_states(const host_generation& next) {
    const host_binding& settings = next.bindings().host;
    port_states states = read_port_states(next.bindings(), box_->port_states());
    std::vector<operation> changes = std::exchange(states.changes, {});
    changes.emplace_back(index_operation{settings.indexed_properties});
    if (const commit_answer answer = commit_and_wait(*box_, std::move(changes)); answer.status != commit_status::done) {
        throw std::runtime_error("the states of the ports cannot be stored: " + answer.text);
    }
    box_->set_retention({settings.tracking.age_ms, static_cast<std::uint64_t>(settings.tracking.size_bytes)});
    box_->set_limits({settings.limits.queue_depth_max, settings.limits.disk_free_min_bytes});
    return states;
}

void local_host::put_ports_in_place(const host_generation& generation) {
    if (options_.delivers) {
        delivery_.set_destinations(make_destinations(*generation.loaded));
    }
    for (const std::shared_ptr<const send_port_runtime>& port : generation.ports) {
        delivery_.set_port(port, delivers_for(port->name) && ports_.state(port->name) == "started");
    }
}

reload_answer local_host::reload(const reload_options& options) {
    if (options_.on_reload) {
        return options_.on_reload(*this, options);
    }
    reload_answer refused;
    refused.code = answer_code::bad_input;
    refused.text = "this host is run by a program that has no bindings file to read again";
    return refused;
}

reload_answer local_host::reload(load_result changed, const reload_options& options) {
    const std::unique_lock one_at_a_time(reload_mutex_, std::try_to_lock);
    reload_answer answer;
    if (!one_at_a_time || is_stopped_) {
        answer.code = answer_code::not_accepted;
        answer.text = is_stopped_ ? "the host is stopping" : "a reload is under way: try again when it has ended";
    } else {
        try {
            answer = reload_checked(std::move(changed), options);
        } catch (const std::exception& failure) {  // the box is damaged, or cannot be read
            answer.code = answer_code::not_accepted;
            answer.text = failure.what();
        }
    }
    if (answer.code == answer_code::done) {
        log_done(answer);
    } else {
        log_refused(answer);
    }
    return answer;
}

reload_answer local_host::reload_checked(load_result changed, const reload_options& options) {
    reload_answer answer;
    answer.problems = std::move(changed.problems);
    const std::shared_ptr<const configuration> given = std::move(changed.value);
    const auto loaded = std::dynamic_pointer_cast<const loaded_configuration>(given);
    const std::shared_ptr<const host_generation> current = generation();
    if (loaded && loaded->message_box_path() != current->loaded->message_box_path()) {
        answer.problems.push_back(problem_of(loaded->bindings(), "/host/messageBox/path",
                                             "the message box of a running host cannot change (it is " +
                                                 current->loaded->message_box_path() + ", this says " +
                                                 loaded->message_box_path() + "): restart the host for that"));
        answer.code = answer_code::bad_input;
    }
    if (!loaded || answer.code != answer_code::done) {
        answer.code = answer_code::bad_input;
        answer.text = "the bindings have errors";
        return answer;
    }
    answer.ports = difference(current->loaded->texts().ports, loaded->texts().ports);
    answer.groups = difference(current->loaded->texts().groups, loaded->texts().groups);
    answer.receive_ports = difference(current->loaded->texts().receive_ports, loaded->texts().receive_ports);
    if (loaded->bindings().host.worker_count != current->bindings().host.worker_count) {
        answer.notes.emplace_back("host.workers takes effect when the host starts again");
    }
    std::shared_ptr<const host_generation> next;
    try {
        next = make_generation(loaded, current.get(),
                               {options_.delivers, options_.only_ports, counters_, retired_, archives_});
    } catch (const std::runtime_error& failure) {
        answer.problems.push_back(problem_of(loaded->bindings(), "/sendHandlers", failure.what()));
        answer.code = answer_code::bad_input;
        answer.text = "the bindings have errors";
        return answer;
    }
    answer.renewed_adapters = next->renewed_adapters;
    return put_in_place(next, options, std::move(answer));
}

reload_answer local_host::put_in_place(const std::shared_ptr<const host_generation>& next,
                                       const reload_options& options, reload_answer answer) {
    port_removal removal({*box_, ports_, delivery_, publish_mutex_, [this] { return is_stopped_.load(); },
                          [this](const std::string& port) { return delivers_for(port); }},
                         {answer.ports.removed.begin(), answer.ports.removed.end()},
                         {answer.groups.removed.begin(), answer.groups.removed.end()});
    result<void> done = removal.prepare(options);
    if (done) {
        done = switch_to(next, removal);
    }
    answer.suspended = removal.suspended();
    if (!done) {
        answer.code = answer_code::not_accepted;
        answer.text = done.error().text;
        return answer;
    }
    try {
        if (is_running()) {
            release_started_groups();
        }
    } catch (const std::exception& failure) {  // the bindings are in force all the same
        answer.notes.push_back(std::string("what is held for a started group was not released (") + failure.what() +
                               "): start the group again");
    }
    return answer;
}

// The states are durable before they are in force. Routing, ports and adapters change between two submissions.
result<void> local_host::switch_to(const std::shared_ptr<const host_generation>& next, port_removal& removal) {
    const std::lock_guard one_at_a_time(change_mutex_);
    port_states states;
    try {
        states = store_states(*next);
    } catch (const std::runtime_error& failure) {
        return fail("not_accepted", failure.what());
    }
    std::shared_ptr<const host_generation> last = generation();
    if (next->services == last->services) {
        next->services->certificates.reload();  // the same folders may hold other files
    }
    for (const auto& [name, used] : next->archives) {
        used.archive->change(used.settings);
    }
    {
        const std::lock_guard lock(publish_mutex_);
        ports_.replace(next->shared_bindings(), std::move(states));
        put_ports_in_place(*next);
        const std::lock_guard generation_lock(generation_mutex_);
        generation_ = next;
    }
    removal.finish();
    return {};
}

}  // namespace hawser::engine
