#include "messagebox/sqlite/group_writer.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr int failures_in_a_row_max = 3;  // then the rest of the group is not tried: a dying disk takes its time

// The claim that an operation ends; nullptr where it ends none.
const claim_token* ended_claim(const operation& one) {
    if (const auto* done = std::get_if<complete_operation>(&one)) {
        return &done->token;
    }
    if (const auto* later = std::get_if<reschedule_operation>(&one)) {
        return &later->token;
    }
    if (const auto* suspended = std::get_if<suspend_operation>(&one)) {
        return &suspended->token;
    }
    const auto* released = std::get_if<release_operation>(&one);
    return released != nullptr ? &released->token : nullptr;
}

}  // namespace

void give_up_on_sync_failure(const sqlite_error& failure) {
    if (failure.code() == SQLITE_IOERR_FSYNC || failure.code() == SQLITE_IOERR_DIR_FSYNC) {
        end_process_unsynced(std::string(failure.what()) + ", SQLite code " + std::to_string(failure.code()));
    }
}

void group_writer::write(std::vector<request>& group) {
    if (!write_together(group)) {
        int failures_in_a_row = 0;
        for (request& one : group) {
            if (failures_in_a_row >= failures_in_a_row_max) {
                one.outcome = {commit_status::refused, {}, failure_text_};
                continue;
            }
            failures_in_a_row = write_alone(one) ? 0 : failures_in_a_row + 1;
        }
    }
    for (const request& one : group) {
        forget_staged(one);
    }
}

// What look() finds has to be found before the transaction (box_damage.cpp). Gives the failure, which is rolled back.
template <typename Look, typename Work>
std::optional<sqlite_error> group_writer::transact(Look&& look, Work&& work) {
    try {
        look();
        writer_.begin();
        work();
        writer_.commit();
        has_committed();
        return std::nullopt;
    } catch (const sqlite_error& failure) {
        has_failed(failure);
        return failure;
    }
}

bool group_writer::write_together(std::vector<request>& group) {
    const auto look = [&] {
        for (const request& one : group) {
            look_for_damage(one);
        }
    };
    const auto apply_all = [&] {
        for (request& one : group) {
            apply(one);
        }
    };
    return !transact(look, apply_all);
}

bool group_writer::write_alone(request& one) {
    one.given.clear();
    const std::optional<sqlite_error> failure = transact([&] { look_for_damage(one); }, [&] { apply(one); });
    if (!failure) {
        return true;
    }
    const bool is_one_of_many = one.wanted.size() > 1;
    if (one.claimed ? (is_one_of_many || failure->is_damage()) && claim_readable_ports(one)
                    : failure->is_damage() && give_up_on_result(one, *failure)) {
        return true;
    }
    one.given.clear();
    one.outcome = {commit_status::refused, {}, failure_text_};
    return false;
}

// A port whose rows cannot be read gives nothing, and the others go on, all or none: who asked takes it that a port of
// which nothing comes has nothing. So the first time that a read fails, which may be over soon, all are refused.
bool group_writer::claim_readable_ports(request& one) {
    std::vector<port_claim> readable;
    for (const port_claim& wanted : one.wanted) {
        const std::optional<sqlite_error> failure = try_port(wanted, one.now_unix_ms);
        if (!failure) {
            readable.push_back(wanted);
        } else if (!failure->is_damage() && ports_not_read_.insert(wanted.port).second) {
            return false;
        }
    }
    one.wanted = std::move(readable);
    return !one.wanted.empty() && !transact([&] { look_for_damage(one); }, [&] { apply(one); });
}

// What keeps this port from being claimed from; nothing is written. Where something is damaged it is tried a second
// time, carefully.
std::optional<sqlite_error> group_writer::try_port(const port_claim& wanted, std::int64_t now_unix_ms) {
    std::optional<sqlite_error> last;
    for (const bool is_careful : {false, true}) {
        if (is_careful) {
            writer_.be_careful_with(wanted.port);
        }
        try {
            writer_.look_for_damage(wanted, now_unix_ms);
            writer_.begin();
            writer_.claim({wanted}, now_unix_ms);
            writer_.roll_back();
            return std::nullopt;
        } catch (const sqlite_error& failure) {
            has_failed(failure);
            last = failure;
        }
        if (!last->is_damage()) {
            break;
        }
    }
    return last;
}

// The result of a delivery whose rows are damaged can never be stored: offering it again would change nothing.
bool group_writer::give_up_on_result(request& one, const sqlite_error& failure) {
    const claim_token* token = nullptr;
    for (const operation& step : one.batch) {
        token = token != nullptr ? token : ended_claim(step);
    }
    if (token == nullptr) {
        return false;
    }
    try {
        writer_.give_up(*token, std::string("its result could not be stored: ") + failure.what());
        has_committed();
    } catch (const sqlite_error& again) {
        has_failed(again);
        return false;
    }
    one.outcome = {commit_status::lost, {}, "the delivery is damaged in the message box and was set aside"};
    return true;
}

void group_writer::look_for_damage(const request& one) {
    for (const port_claim& wanted : one.wanted) {
        writer_.look_for_damage(wanted, one.now_unix_ms);
    }
}

void group_writer::apply(request& one) {
    one.outcome = {};
    if (one.claimed) {
        one.given = writer_.claim(one.wanted, one.now_unix_ms);
        note_read(one.wanted);
        return;
    }
    const bool needs_savepoint = one.batch.size() > 1;  // a lone operation refuses before it writes
    if (needs_savepoint) {
        writer_.begin_savepoint();
    }
    writer_.limit_publications(one.is_publication ? &gate_ : nullptr);
    for (const operation& step : one.batch) {
        one.outcome = writer_.apply(step);
        if (one.outcome.status != commit_status::done) {
            if (needs_savepoint) {
                writer_.roll_back_savepoint();
            }
            return;
        }
    }
    if (needs_savepoint) {
        writer_.end_savepoint();
    }
}

void group_writer::note_read(const std::vector<port_claim>& ports) {
    for (auto port = ports.begin(); port != ports.end() && !ports_not_read_.empty(); ++port) {
        ports_not_read_.erase(port->port);
    }
}

void group_writer::has_failed(const sqlite_error& failure) {
    give_up_on_sync_failure(failure);
    const bool is_full = is_out_of_space(failure, writer_.system_error());
    writer_.roll_back();
    failure_text_ = explain(failure);
    if (is_full) {
        gate_.note_disk_full();
    } else if (!failure.is_damage()) {
        health_.note_write_failed(failure_text_);
    }
}

void group_writer::has_committed() {
    if (writer_.has_changed_anything()) {
        health_.note_written();
    }
    gate_.note_depth(writer_.depth());
    const std::vector<std::int64_t> files = writer_.take_removed_files();
    removed_files_.insert(removed_files_.end(), files.begin(), files.end());
}

// Staged bodies that nobody will ever name: of a publication that did not come in, of a result that came too late. A
// refused result is offered again with what it staged.
void group_writer::forget_staged(const request& one) {
    const bool is_kept = one.outcome.status == commit_status::done ||
                         (one.outcome.status == commit_status::refused && !one.is_publication);
    if (one.claimed || is_kept) {
        return;
    }
    for (const operation& step : one.batch) {
        for (const std::int64_t file : staged_files(step)) {
            removed_files_.push_back(file);
        }
    }
}

}  // namespace hawser::engine::sqlite
