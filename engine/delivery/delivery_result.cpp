#include "delivery/delivery_result.hpp"

namespace hawser::engine {
namespace {

class result_maker {
public:
    result_maker(attempt& done, const delivery_outcome& outcome, decision made, std::int64_t now_unix_ms,
                 const route_function& route)
        : done_(done), outcome_(outcome), made_(std::move(made)), now_unix_ms_(now_unix_ms), route_(route) {}

    delivery_result make() {
        const claimed_delivery& claim = done_.claim();
        record_ = make_record();
        result_.token = claim.token;
        delivery_report& told = result_.told;
        told.delivery = claim.token.delivery;
        told.message_id = claim.message_id;
        told.port = done_.port().name;
        told.code = outcome_.code;
        told.text = outcome_.text;
        told.attempts = record_.attempt;
        told.recipients = outcome_.recipients;
        switch (made_.what) {
        case decision::kind::complete: complete(); break;
        case decision::kind::reschedule: reschedule(); break;
        case decision::kind::suspend: end_in_failure(); break;
        }
        return std::move(result_);
    }

private:
    attempt_record make_record() const {
        attempt_record record;
        record.attempt = done_.claim().state.total_attempts + 1;
        record.started_unix_ms = done_.started_unix_ms() == 0 ? now_unix_ms_ : done_.started_unix_ms();
        record.ended_unix_ms = now_unix_ms_;
        record.transport = done_.to().label();
        record.verdict = outcome_.was_cancelled  ? "cancelled"
                         : outcome_.is_not_begun ? "not begun"
                                                 : std::string(name_of(outcome_.verdict));
        record.code = outcome_.code;
        record.text = outcome_.text;
        return record;
    }

    void complete() {
        result_.told.state = "delivered";
        result_.batch.emplace_back(complete_operation{done_.claim().token, record_, done_.take_tracked()});
        acknowledge("", "");
    }

    void reschedule() {
        result_.told.state = "retrying";
        result_.told.next_attempt_unix_ms = made_.due_unix_ms;
        result_.batch.emplace_back(
            reschedule_operation{done_.claim().token, made_.due_unix_ms, std::move(made_.state), record_});
    }

    // The failed message is published in the place of the suspension where somebody takes it. A port that stops on
    // failure is to stop: there the message stays.
    void end_in_failure() {
        result_.told.text = made_.text;
        if (!publish_failed_message()) {
            result_.told.state = "suspended";
            result_.batch.emplace_back(suspend_operation{done_.claim().token, made_.is_resumable, made_.code,
                                                         made_.text, std::move(made_.state), record_});
        }
        acknowledge(made_.code.empty() ? "delivery.failed" : made_.code, made_.text);
    }

    bool publish_failed_message() {
        const send_port_runtime& port = done_.port();
        if (!port.routes_failed_messages || (port.is_ordered && port.stops_on_failure)) {
            return false;
        }
        const delivery_facts told = facts(made_.code.empty() ? "delivery.failed" : made_.code, made_.text);
        std::vector<new_delivery> deliveries = subscribers(failed_message_context(told, done_.published_context()));
        if (deliveries.empty()) {
            return false;
        }
        const claimed_delivery& claim = done_.claim();
        publication failed =
            make_failed_message(told, done_.published_context(), claim.parts, claim.sequence, std::move(deliveries));
        result_.told.state = "failed";
        result_.told.text += " (published as the failed message " + failed.message_id + ')';
        result_.batch.emplace_back(publish_operation{std::move(failed)});  // first: its parts are still there
        result_.batch.emplace_back(complete_operation{claim.token, record_, done_.take_tracked()});
        return true;
    }

    void acknowledge(const std::string& code, const std::string& text) {
        if (!done_.port().notifies_delivery) {
            return;
        }
        const delivery_facts told = facts(code, text);
        std::vector<new_delivery> deliveries = subscribers(acknowledgement_context(told, done_.published_context()));
        if (!deliveries.empty()) {
            result_.batch.emplace_back(
                publish_operation{make_acknowledgement(told, done_.published_context(), std::move(deliveries))});
        }
    }

    // A message about a message never causes another one.
    std::vector<new_delivery> subscribers(const message_context& context) {
        if (!route_ || is_notification(done_.published_context())) {
            return {};
        }
        std::vector<new_delivery> deliveries = route_(context);
        for (const new_delivery& one : deliveries) {
            result_.woken_ports.push_back(one.port);
        }
        return deliveries;
    }

    delivery_facts facts(std::string code, std::string text) const {
        const claimed_delivery& claim = done_.claim();
        return {.message_id = claim.message_id,
                .unique_id = claim.unique_id,
                .port = done_.port().name,
                .transport_type = done_.to().transport->type,
                .location = done_.to().location,
                .code = std::move(code),
                .text = std::move(text),
                .now_unix_ms = now_unix_ms_};
    }

    attempt& done_;
    const delivery_outcome& outcome_;
    decision made_;
    std::int64_t now_unix_ms_;
    const route_function& route_;
    attempt_record record_;
    delivery_result result_;
};

}  // namespace

delivery_result make_delivery_result(attempt& done, const delivery_outcome& outcome, decision made,
                                     std::int64_t now_unix_ms, const route_function& route) {
    return result_maker(done, outcome, std::move(made), now_unix_ms, route).make();
}

}  // namespace hawser::engine
