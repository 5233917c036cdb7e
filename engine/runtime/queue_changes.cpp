#include "runtime/queue_changes.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "runtime/public_names.hpp"
#include "runtime/submission_intake.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint32_t changes_at_once_max = 500;  // looked at, and then asked of the box, together

std::optional<delivery_id> number_of(const std::string& id) {
    delivery_id number = 0;
    const auto [end, failure] = std::from_chars(id.data(), id.data() + id.size(), number);
    const bool is_number = !id.empty() && failure == std::errc{} && end == id.data() + id.size();
    return is_number ? std::optional(number) : std::nullopt;
}

// The operations, each a batch of its own, and their answers in the same order.
std::vector<commit_answer> commit_each(message_box& box, std::vector<operation> operations) {
    struct answers_awaited {
        std::mutex mutex;
        std::condition_variable is_done;
        std::size_t left;
        std::vector<commit_answer> answers;
    };
    const auto state = std::make_shared<answers_awaited>();  // answers may come when a commit has thrown
    state->left = operations.size();
    state->answers.resize(operations.size());
    for (std::size_t i = 0; i < operations.size(); ++i) {
        std::vector<operation> batch;
        batch.push_back(std::move(operations[i]));
        box.commit(std::move(batch), [state, i](const commit_answer& answer) {
            const std::lock_guard lock(state->mutex);
            state->answers[i] = answer;
            if (--state->left == 0) {
                state->is_done.notify_all();
            }
        });
    }
    std::unique_lock lock(state->mutex);
    state->is_done.wait(lock, [&state] { return state->left == 0; });
    return std::move(state->answers);
}

result<message_context> edited(const delivery_detail& detail, const message_edits& edits) {
    result<message_context> read = read_properties(edits.set);
    if (!read) {
        return read;
    }
    message_context context = detail.context;
    for (const std::string& name : edits.unset) {
        context.erase(name);
    }
    for (const auto& [name, property] : read->all()) {
        if (result<void> set = context.set(name, property); !set) {
            return unexpected{std::move(set).error()};
        }
    }
    return context;
}

// Those of the given numbers that do not fit the filter any more, and what they are now.
void tell_changed(message_box& box, const message_filter& which, const std::vector<delivery_summary>& selected,
                  change_answer& answer) {
    std::set<delivery_id> missing(which.deliveries.begin(), which.deliveries.end());
    for (const delivery_summary& one : selected) {
        missing.erase(one.id);
    }
    for (const delivery_id id : missing) {
        const std::optional<delivery_detail> now = box.show(id);
        answer.skipped.push_back({id, now ? "it has changed meanwhile: it is " + to_public(now->summary).state
                                          : std::string("it is gone: delivered or terminated meanwhile")});
    }
}

using make_operation = std::function<result<operation>(const delivery_summary&)>;

// Changes what fits, a page after the other, until count_max have been looked at.
change_answer change_deliveries(message_box& box, const message_filter& which, const make_operation& make,
                                const std::function<void(const delivery_summary&)>& on_done) {
    change_answer answer;
    message_filter page = which;
    std::uint32_t left = which.count_max;
    bool is_last = false;
    while (!is_last && left > 0) {
        page.count_max = std::min(left, changes_at_once_max);
        std::vector<delivery_summary> selected = select_deliveries(box, page);
        is_last = selected.size() < page.count_max;
        left -= static_cast<std::uint32_t>(selected.size());
        std::vector<delivery_summary> changing;
        std::vector<operation> operations;
        for (const delivery_summary& one : selected) {
            page.after = one.id;
            if (has_ended(one.state)) {
                answer.skipped.push_back({one.id, "it has ended: it is " + to_public(one).state});
                continue;
            }
            result<operation> made = make(one);
            if (made) {
                operations.push_back(std::move(*made));
                changing.push_back(one);
            } else if (made.error().code == "not_found") {
                answer.skipped.push_back({one.id, made.error().text});
            } else {
                answer.code = answer_code::bad_input;
                answer.text = made.error().text;
                return answer;
            }
        }
        const std::vector<commit_answer> done = commit_each(box, std::move(operations));
        for (std::size_t i = 0; i < done.size(); ++i) {
            if (done[i].status == commit_status::done) {
                ++answer.count;
                on_done(changing[i]);
            } else {
                answer.skipped.push_back({changing[i].id, done[i].text});
                answer.code = done[i].status == commit_status::refused ? answer_code::not_accepted : answer.code;
            }
        }
        if (is_last || left == 0) {
            tell_changed(box, which, selected, answer);
        }
    }
    return answer;
}

// A file that was cut has lost its checksum too: only the recorded size tells that it is not whole.
change_answer copy_body(body_reader& reader, std::uint64_t recorded_size, std::int64_t delivery, int descriptor) {
    std::string buffer(64 * 1024, '\0');
    std::uint64_t copied = 0;
    while (const std::size_t size = reader.read(buffer.data(), buffer.size())) {
        copied += size;
        if (copied > recorded_size) {
            break;
        }
        if (!write_all(descriptor, std::string_view(buffer).substr(0, size))) {
            return {answer_code::bad_input, 0, "the part cannot be written to its destination"};
        }
    }
    if (copied != recorded_size) {
        throw std::runtime_error(
            "the stored body of delivery " + std::to_string(delivery) + " is damaged: its file has " +
            (copied < recorded_size ? std::to_string(copied) + " bytes of " : std::string("more than its ")) +
            std::to_string(recorded_size) +
            ". Restore the file from a backup, or submit the message again before this one is terminated");
    }
    return {answer_code::done, 1, ""};
}

std::string nothing_after(const delivery_detail& detail) {
    const std::string which = "delivery " + std::to_string(detail.summary.id);
    return has_ended(detail.summary.state)
               ? "the body of " + which +
                     " after the pipeline was not kept: the port's tracking has no \"bodies\" in afterPipeline"
               : which + " has not ended: what its pipeline makes is kept when it is delivered, see hawser preview";
}

// Whoever changes everything says so, by a state at least: an empty ID must not mean the whole box.
bool says_nothing(const message_filter& which) {
    return which.port.empty() && which.state.empty() && which.message_id.empty() && which.error.empty() &&
           which.properties.empty() && which.published_from_unix_ms == 0 && which.published_before_unix_ms == 0 &&
           which.deliveries.empty();
}

change_answer refuse_everything() {
    return {answer_code::bad_input, 0, "it is not said which messages: give an ID, a filter, or at least a state"};
}

change_answer finished(change_answer answer) {
    std::sort(answer.skipped.begin(), answer.skipped.end(),
              [](const skipped_delivery& a, const skipped_delivery& b) { return a.delivery < b.delivery; });
    if (answer.count == 0 && answer.code == answer_code::done) {
        answer.code = answer_code::not_found;
    }
    if (answer.text.empty() && !answer.skipped.empty()) {
        answer.text =
            "delivery " + std::to_string(answer.skipped.front().delivery) + ": " + answer.skipped.front().text;
    } else if (answer.text.empty() && answer.count == 0) {
        answer.text = "no such message";
    }
    return answer;
}

}  // namespace

std::vector<delivery_summary> select_deliveries(message_box& box, const message_filter& filter) {
    delivery_filter wanted;
    wanted.port = filter.port;
    wanted.after = filter.after;
    wanted.count_max = filter.count_max;
    wanted.error = filter.error;
    wanted.ids = filter.deliveries;
    for (const message_property& one : filter.properties) {
        wanted.properties.emplace_back(one.name, one.value);
    }
    if (filter.published_from_unix_ms != 0) {
        wanted.published_from_unix_ms = filter.published_from_unix_ms;
    }
    if (filter.published_before_unix_ms != 0) {
        wanted.published_before_unix_ms = filter.published_before_unix_ms;
    }
    if (!filter.state.empty() && !(wanted.state = state_of(filter.state))) {
        return {};
    }
    if (const std::optional<delivery_id> number = number_of(filter.message_id)) {
        wanted.ids = {*number};
        return box.list(wanted);
    }
    wanted.message_id = filter.message_id;
    std::vector<delivery_summary> found = box.list(wanted);
    if (found.empty() && !filter.message_id.empty()) {  // of the mail's Message-ID, perhaps
        wanted.message_id.clear();
        wanted.unique_id = filter.message_id;
        wanted.count_max = std::min<std::uint32_t>(1, filter.count_max);
        found = box.list(wanted);
    }
    return found;
}

change_answer resume_deliveries(message_box& box, const message_filter& which, const message_edits& edits,
                                const wake_function& wake) {
    if (says_nothing(which)) {
        return refuse_everything();
    }
    for (const std::string& name : edits.unset) {
        if (std::string problem = engine_property_problem(name); !problem.empty()) {
            return {answer_code::bad_input, 0, std::move(problem)};
        }
    }
    const auto make = [&](const delivery_summary& one) -> result<operation> {
        resume_operation change{one.id, system_clock().unix_ms(), std::nullopt};
        if (!edits.is_empty()) {
            const std::optional<delivery_detail> detail = box.show(one.id);
            if (!detail) {
                return fail("not_found", "it is gone: delivered or terminated meanwhile");
            }
            result<message_context> context = edited(*detail, edits);
            if (!context) {
                return unexpected{std::move(context).error()};
            }
            change.overlay = std::move(*context);
        }
        return operation(std::move(change));
    };
    std::set<std::string> ports;
    change_answer answer =
        change_deliveries(box, which, make, [&](const delivery_summary& one) { ports.insert(one.port); });
    for (const std::string& port : ports) {
        wake(port);
    }
    if (answer.count > 0) {
        log::info("resumed by an operator",
                  {{"count", std::to_string(answer.count)}, {"edited", edits.is_empty() ? "no" : "yes"}});
    }
    return finished(std::move(answer));
}

change_answer terminate_deliveries(message_box& box, const message_filter& which, const wake_function& wake,
                                   const track_function& track) {
    if (says_nothing(which)) {
        return refuse_everything();
    }
    std::set<std::string> ports;
    change_answer answer = change_deliveries(
        box, which,
        [&](const delivery_summary& one) -> result<operation> {
            return operation(terminate_operation{one.id, track(one.port)});
        },
        [&](const delivery_summary& one) {
            log::info("terminated by an operator", {{"port", one.port}, {"message", one.message_id}});
            ports.insert(one.port);
        });
    for (const std::string& port : ports) {
        wake(port);  // an ordered one may go on
    }
    return finished(std::move(answer));
}

change_answer save_part(message_box& box, std::int64_t delivery, const std::string& part, content_point point,
                        int descriptor) {
    const std::optional<delivery_detail> detail = box.show(delivery);
    if (!detail) {
        return {answer_code::not_found, 0, "there is no delivery " + std::to_string(delivery)};
    }
    if (point == content_point::after_pipeline) {
        return detail->size_after
                   ? copy_body(*box.open_tracked_body(delivery), *detail->size_after, delivery, descriptor)
                   : change_answer{answer_code::not_found, 0, nothing_after(*detail)};
    }
    std::size_t index = 0;
    while (index < detail->parts.size() &&
           (part.empty() ? !detail->parts[index].is_body : detail->parts[index].name != part)) {
        ++index;
    }
    if (detail->parts.empty()) {
        return {answer_code::not_found, 0,
                "the parts of delivery " + std::to_string(delivery) +
                    " were not kept: the port's tracking has no \"bodies\" in beforePipeline"};
    }
    if (index == detail->parts.size()) {
        return {answer_code::not_found, 0, "the message has no part \"" + printable(part, 80) + '"'};
    }
    return copy_body(*box.open_body(detail->sequence, index), detail->parts[index].size, delivery, descriptor);
}

}  // namespace hawser::engine
