// hawser/audit.hpp: what the command and embedding programs see of archives.
#include "hawser/audit.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>

#include <nlohmann/json.hpp>

#include "audit/archive_check.hpp"
#include "audit/archive_reader.hpp"
#include "audit/dot_remover.hpp"
#include "audit/encoding.hpp"
#include "audit/left_over_content.hpp"
#include "audit/stored_content.hpp"
#include "base/clock.hpp"

namespace hawser {
namespace engine::audit {
namespace {

using nlohmann::json;

constexpr std::int64_t naming_time_max_ms = 60'000;  // between a content's place and the record that names it

answer_code code_of(const error& failure) {
    return failure.code == "audit.missing" ? answer_code::not_found : answer_code::bad_input;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    return text;
}

// Whether any text in it is the address, or has it in angle brackets.
bool has_recipient(const json& facts, const std::string& address) {
    std::vector<const json*> left{&facts};
    while (!left.empty()) {
        const json* const one = left.back();
        left.pop_back();
        if (one->is_string()) {
            const std::string text = lower(one->get<std::string>());
            if (text == address || text.find('<' + address + '>') != std::string::npos) {
                return true;
            }
        } else if (one->is_structured()) {
            for (const json& element : *one) {
                left.push_back(&element);
            }
        }
    }
    return false;
}

class entry_filter {
public:
    explicit entry_filter(const audit_filter& wanted)
        : wanted_(wanted),
          since_(wanted.since_unix_ms ? time_text(*wanted.since_unix_ms) : ""),
          until_(wanted.until_unix_ms ? time_text(*wanted.until_unix_ms) : ""),
          recipient_(lower(wanted.recipient)) {}

    bool fits(const audit_entry& entry, const json& record) const {
        return (wanted_.record == 0 || entry.record == wanted_.record) &&
               (wanted_.port.empty() || entry.port == wanted_.port) &&
               (wanted_.message_id.empty() || entry.message_id == wanted_.message_id ||
                entry.unique_id == wanted_.message_id) &&
               (since_.empty() || entry.time >= since_) && (until_.empty() || entry.time < until_) &&
               (recipient_.empty() || (record.contains("facts") && has_recipient(record["facts"], recipient_)));
    }

private:
    const audit_filter& wanted_;
    std::string since_, until_, recipient_;
};

bool write_whole(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

std::string write_content(const std::string& folder, const stored_content& content, bool removes_dots, int file) {
    dot_remover remover;
    std::string mail;
    std::string wrong = read_content(folder, content, [&](std::string_view piece) {
        if (!removes_dots) {
            return write_whole(file, piece);
        }
        mail.clear();
        remover.write(piece, mail);
        return write_whole(file, mail);
    });
    if (wrong.empty() && removes_dots) {
        mail.clear();
        remover.finish(mail);
        wrong = write_whole(file, mail) ? "" : std::strerror(errno);
    }
    return wrong;
}

change_answer export_content(const std::string& folder, const json& record, audit_form form, int file) {
    const auto member = record.find("content");
    const result<stored_content> content = read_stored_content(member == record.end() ? json() : *member);
    if (!content) {
        return {answer_code::bad_input, 0, content.error().text};
    }
    if (!content->is_kept()) {
        return {answer_code::bad_input, 0, "the archive keeps the hash of this content, and not its bytes"};
    }
    if (std::string wrong = read_content(folder, *content, [](std::string_view) { return true; }); !wrong.empty()) {
        return {answer_code::bad_input, 0, std::move(wrong)};
    }
    const auto facts = record.find("facts");
    const bool was_stuffed =
        facts != record.end() && facts->is_object() && facts->contains("transfer") && (*facts)["transfer"] == "DATA";
    std::string wrong = write_content(folder, *content, was_stuffed && form == audit_form::mail, file);
    return {wrong.empty() ? answer_code::done : answer_code::not_accepted, content->size, std::move(wrong)};
}

}  // namespace
}  // namespace engine::audit

audit_verdict verify_audit(const std::string& folder, const audit_verify_options& options) {
    using namespace engine;
    audit_verdict verdict;
    const std::int64_t begun_unix_ms = system_clock().unix_ms();
    std::vector<std::shared_ptr<const audit::verifying_key>> keys;
    for (const std::string& file : options.key_files) {
        auto key = audit::verifying_key::read(file);
        if (!key) {
            verdict.code = answer_code::not_found;
            verdict.text = key.error().text;
            return verdict;
        }
        keys.push_back(std::move(*key));
    }
    audit::archive_check check(folder, options, std::move(keys));
    const result<void> read = audit::read_lines(folder, [&](const audit::placed_line& line) {
        check.take(line);
        return true;
    });
    if (!read) {
        verdict.code = audit::code_of(read.error());
        verdict.text = read.error().text;
        return verdict;
    }
    verdict = check.finish();
    audit::find_left_over_content(folder, begun_unix_ms - audit::naming_time_max_ms, verdict);
    return verdict;
}

change_answer read_audit(const std::string& folder, const audit_filter& filter,
                         const std::function<bool(const audit_entry&)>& visit) {
    using namespace engine;
    change_answer answer;
    const audit::entry_filter wanted(filter);
    const result<void> read = audit::read_lines(folder, [&](const audit::placed_line& line) {
        nlohmann::json record;
        audit_entry entry;
        if (!audit::read_entry(line, record, entry) || !wanted.fits(entry, record)) {
            return true;
        }
        ++answer.count;
        return visit(entry);
    });
    if (!read) {
        return {audit::code_of(read.error()), 0, read.error().text};
    }
    return answer;
}

change_answer export_audit(const std::string& folder, std::uint64_t record, audit_form form, int descriptor) {
    using namespace engine;
    change_answer answer{answer_code::not_found, 0, "there is no record " + std::to_string(record) + " in " + folder};
    const result<void> read = audit::read_lines(folder, [&](const audit::placed_line& line) {
        const std::optional<audit::line_head> head = audit::read_line_head(line.text);
        if (!head || head->record != record) {
            return true;
        }
        nlohmann::json json;
        audit_entry entry;
        if (audit::read_entry(line, json, entry) && entry.kind == audit::kind::hand_over) {
            answer = audit::export_content(folder, json, form, descriptor);
        } else {
            answer.text = "record " + std::to_string(record) + " is no hand-over: it has no content";
        }
        return false;
    });
    if (!read) {
        return {audit::code_of(read.error()), 0, read.error().text};
    }
    return answer;
}

}  // namespace hawser
