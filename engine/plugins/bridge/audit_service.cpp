// hawser.audit/1 over audit_sink: keeps an adapter to the order of the calls, and lets no exception out.
#include "plugins/bridge/audit_sink.hpp"
#include "plugins/bridge/delivery_handle.hpp"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/service_tables.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {
namespace {

// What plugins know as hawser_audit_record; finish destroys it.
struct open_record {
    std::unique_ptr<audit_record_writer> writer;
    bool is_handed_over = false;

    hawser_audit_record* abi() noexcept { return reinterpret_cast<hawser_audit_record*>(this); }
    static open_record* from(hawser_audit_record* record) noexcept { return reinterpret_cast<open_record*>(record); }
};

hawser_status status_of(const error& failure) {
    return failure.code == audit_misuse ? HAWSER_MISUSE : HAWSER_TRY_LATER;
}

// Called once, whatever happens.
class owed_answer {
public:
    owed_answer(hawser_audit_done done, void* user) : done_(done), user_(user) {}
    void give(hawser_status status, std::string_view text) const noexcept {
        if (done_ != nullptr) {
            done_(user_, status, to_abi(text));
        }
    }
    audit_answer function() const {
        return [copy = *this](const result<void>& outcome) {
            if (outcome) {
                copy.give(HAWSER_OK, "");
            } else {
                copy.give(status_of(outcome.error()), outcome.error().text);
            }
        };
    }

private:
    hawser_audit_done done_;
    void* user_;
};

hawser_status begin(const hawser_host*, hawser_delivery* d, hawser_audit_record** out,
                    const hawser_error* error) noexcept {
    return guard(error, [&] {
        if (d == nullptr || out == nullptr) {
            return report(error, HAWSER_MISUSE, "begin: no delivery, or no place for the record");
        }
        *out = nullptr;
        delivery_handle& delivery = delivery_handle::from(d);
        const working_message& message = delivery.message();
        const std::shared_ptr<audit_sink>& archive = message.environment().audit;
        if (!archive) {
            return HAWSER_OK;
        }
        const working_message::identity& who = message.who();
        auto writer =
            archive->begin({message.environment().port, who.message_id, who.unique_id, delivery.number(), who.attempt});
        if (!writer) {
            return report(error, status_of(writer.error()), writer.error().text);
        }
        *out = (new open_record{std::move(*writer)})->abi();
        return HAWSER_OK;
    });
}

hawser_status content(hawser_audit_record* raw, hawser_string bytes, const hawser_error* error) noexcept {
    return guard(error, [&] {
        open_record* const record = open_record::from(raw);
        if (record == nullptr || record->is_handed_over) {
            return report(error, HAWSER_MISUSE, "content: no record, or it was handed over already");
        }
        const result<void> done = record->writer->content(from_abi(bytes));
        return done ? HAWSER_OK : report(error, status_of(done.error()), done.error().text);
    });
}

void hand_over(hawser_audit_record* raw, hawser_string facts, hawser_audit_done done, void* user) noexcept {
    const owed_answer answer(done, user);
    open_record* const record = open_record::from(raw);
    if (record == nullptr || record->is_handed_over) {
        answer.give(HAWSER_MISUSE, "hand_over: no record, or it was handed over already");
        return;
    }
    record->is_handed_over = true;
    audit_answer function;
    try {
        function = answer.function();
        record->writer->hand_over(from_abi(facts), std::move(function));
    } catch (const std::exception& failure) {  // before it was queued: out of memory
        answer.give(HAWSER_TRY_LATER, failure.what());
    }
}

void finish(hawser_audit_record* raw, hawser_string facts, hawser_audit_done done, void* user) noexcept {
    const owed_answer answer(done, user);
    const std::unique_ptr<open_record> record(open_record::from(raw));
    if (!record) {
        answer.give(HAWSER_MISUSE, "finish: no record");
        return;
    }
    try {
        record->writer->finish(from_abi(facts), answer.function());
    } catch (const std::exception& failure) {
        answer.give(HAWSER_TRY_LATER, failure.what());
    }
}

constexpr hawser_audit_api audit_table{sizeof(hawser_audit_api), 0, &begin, &content, &hand_over, &finish};

}  // namespace

const void* audit_service_table() noexcept { return &audit_table; }

}  // namespace hawser::engine
