#include "audit/archive_check.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "audit/encoding.hpp"
#include "audit/stored_content.hpp"

namespace hawser::engine::audit {
namespace {

constexpr std::size_t break_count_max = 1000;
constexpr std::size_t without_result_max = 100;
constexpr std::size_t open_count_max = 1'000'000;  // hand-overs whose result is waited for: what bounds the memory

std::string record_text(std::uint64_t number) { return "record " + std::to_string(number); }

std::string missing_text(std::uint64_t first, std::uint64_t last) {
    return first == last ? record_text(first) + " is missing"
                         : "records " + std::to_string(first) + " to " + std::to_string(last) + " are missing";
}

}  // namespace

void archive_check::add_break(const placed_line& line, std::string text) {
    add_break(line.file.path, line.number, std::move(text));
}

void archive_check::add_break(std::string file, std::uint64_t line, std::string text) {
    ++verdict_.break_count;
    if (verdict_.breaks.size() < break_count_max) {
        verdict_.breaks.push_back({std::move(file), line, std::move(text)});
    }
}

void archive_check::take(const placed_line& line) {
    if (line.found == line_reader::found::unfinished) {
        if (line.is_in_last_file) {
            verdict_.unfinished_size = line.text.size();
        } else {
            add_break(line, "the file ends within a record, and others follow it");
        }
        return;
    }
    const std::optional<line_head> head =
        line.found == line_reader::found::line ? read_line_head(line.text) : std::nullopt;
    if (!head) {
        add_break(line, "this is no record: it was altered");
        previous_ = line.found == line_reader::found::line ? sha256_hex(line.text) : std::string{};
        next_ += next_ == 0 ? 0 : 1;
        return;
    }
    follow(line, *head);
    nlohmann::json record;
    audit_entry entry;
    if (read_entry(line, record, entry)) {
        take_record(line, record, entry);
    } else {
        add_break(line, record_text(head->record) + " is no JSON object: it was altered");
    }
    if (head->kind == kind::signature) {
        take_signature(line, *head);
    } else {
        ++verdict_.unsigned_count;
    }
}

bool archive_check::is_start_expected(const line_head& head) const {
    return std::any_of(options_.expected.begin(), options_.expected.end(), [&](const audit_expectation& one) {
        return one.record + 1 == head.record && one.hash == head.previous;
    });
}

void archive_check::follow_first(const placed_line& line, const line_head& head) {
    verdict_.first_record = head.record;
    verdict_.first_time = head.time;
    if (head.record == 1) {
        if (head.previous != no_previous) {
            add_break(line, "the first record names one before it");
        }
    } else if (is_start_expected(head)) {
        met_expected_.insert(head.record - 1);
    } else {
        add_break(line, missing_text(1, head.record - 1));
    }
}

void archive_check::follow(const placed_line& line, const line_head& head) {
    if (next_ == 0) {
        follow_first(line, head);
    } else if (head.record > next_) {
        add_break(line, missing_text(next_, head.record - 1));
    } else if (head.record < next_) {
        add_break(line, record_text(head.record) + " stands after " + record_text(next_ - 1));
    } else if (head.previous != previous_) {
        add_break(line,
                  record_text(head.record) + " does not have the hash of the line before: one of the two was altered");
    }
    if (line.is_first && line.file.first != head.record) {
        add_break(line, "the file begins with " + record_text(head.record) + ", and its name says " +
                            std::to_string(line.file.first));
    }
    previous_ = sha256_hex(line.text);
    next_ = head.record + 1;
    for (const audit_expectation& one : options_.expected) {
        if (one.record == head.record) {
            met_expected_.insert(one.record);
            if (one.hash != previous_) {
                add_break(line,
                          record_text(one.record) + " is not the one that was expected: its hash is " + previous_);
            }
        }
    }
    ++verdict_.record_count;
    verdict_.last_record = head.record;
    verdict_.last_time = head.time;
    verdict_.last_hash = previous_;
}

void archive_check::take_record(const placed_line& line, const nlohmann::json& record, const audit_entry& entry) {
    if (entry.kind == kind::hand_over) {
        take_hand_over(line, record, entry);
    } else if (entry.kind == kind::outcome) {
        take_result(line, entry);
    } else if (entry.kind == kind::broken_off) {
        ++verdict_.broken_off_count;
    }
}

void archive_check::take_hand_over(const placed_line& line, const nlohmann::json& record, const audit_entry& entry) {
    ++verdict_.hand_over_count;
    open_.insert(entry.record);
    if (open_.size() > open_count_max) {
        open_.erase(open_.begin());
        ++forgotten_count_;
    }
    const auto member = record.find("content");
    const result<stored_content> content = read_stored_content(member == record.end() ? nlohmann::json() : *member);
    if (!content) {
        add_break(line, record_text(entry.record) + ": " + content.error().text);
    } else if (content->is_kept()) {
        ++verdict_.content_count;
        const std::string wrong = read_content(folder_, *content, [](std::string_view) { return true; });
        if (!wrong.empty()) {
            add_break(line, record_text(entry.record) + ": " + wrong);
        }
    }
}

void archive_check::take_result(const placed_line& line, const audit_entry& entry) {
    ++verdict_.result_count;
    if (open_.erase(entry.hand_over) == 0 && forgotten_count_ == 0 && entry.hand_over >= verdict_.first_record) {
        add_break(line, record_text(entry.record) + " is the result of " + record_text(entry.hand_over) +
                            ", which is no hand-over or has its result already");
    }
}

void archive_check::take_signature(const placed_line& line, const line_head& head) {
    ++verdict_.signature_count;
    const std::optional<line_signature> signature = read_line_signature(line.text);
    if (!signature) {
        add_break(line, record_text(head.record) + " is a signature without one");
        return;
    }
    bool is_good = true;
    if (!keys_.empty()) {
        const auto key = std::find_if(keys_.begin(), keys_.end(),
                                      [&](const auto& one) { return one->fingerprint() == signature->key; });
        if (key == keys_.end()) {
            add_break(line, record_text(head.record) + " is signed by a key that was not given: its fingerprint is " +
                                signature->key);
            return;
        }
        is_good = (*key)->has_signed(signature->text, signature->value);
        ++verdict_.checked_signature_count;
    }
    if (is_good) {
        verdict_.last_signed = head.record;
        verdict_.unsigned_count = 0;
    } else {
        add_break(line, record_text(head.record) + ": the signature is not that of the records before it");
    }
}

audit_verdict archive_check::finish() {
    const std::string& where = folder_;
    for (const audit_expectation& one : options_.expected) {
        if (met_expected_.count(one.record) == 0) {
            add_break(where, 0, record_text(one.record) + " was expected, and is not there");
        }
    }
    if (!keys_.empty() && verdict_.last_signed == 0) {
        add_break(where, 0, "nothing is signed by the key that was given");
    }
    if (options_.wants_signed_end && verdict_.unsigned_count > 0) {
        add_break(where, 0, std::to_string(verdict_.unsigned_count) + " records at the end are not signed");
    }
    verdict_.without_result_count = forgotten_count_ + open_.size();
    for (const std::uint64_t record : open_) {
        if (verdict_.without_result.size() < without_result_max) {
            verdict_.without_result.push_back(record);
        }
    }
    verdict_.code = verdict_.break_count == 0 ? answer_code::done : answer_code::bad_input;
    return std::move(verdict_);
}

}  // namespace hawser::engine::audit
