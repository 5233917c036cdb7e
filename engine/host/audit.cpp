// audit verify, show and export: an archive looked at without bindings and without a host.
#include "hawser/audit.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/output.hpp"
#include "host/save_target.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

using json = nlohmann::ordered_json;

std::string number(std::uint64_t value) { return std::to_string(value); }

json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

std::string verdict_json(const audit_verdict& verdict, int exit_code) {
    json breaks = json::array();
    for (const audit_break& one : verdict.breaks) {
        breaks.push_back({{"file", one.file}, {"line", one.line}, {"text", one.text}});
    }
    const json all{{"result", verdict.break_count == 0 ? "good" : "bad"},
                   {"exitCode", exit_code},
                   {"records", verdict.record_count},
                   {"firstRecord", verdict.first_record},
                   {"lastRecord", verdict.last_record},
                   {"lastHash", or_null(verdict.last_hash)},
                   {"from", or_null(verdict.first_time)},
                   {"to", or_null(verdict.last_time)},
                   {"handOvers", verdict.hand_over_count},
                   {"results", verdict.result_count},
                   {"brokenOff", verdict.broken_off_count},
                   {"withoutResult", verdict.without_result_count},
                   {"withoutResultRecords", verdict.without_result},
                   {"contents", verdict.content_count},
                   {"leftOver", verdict.left_over_count},
                   {"leftOverFiles", verdict.left_over},
                   {"signatures", verdict.signature_count},
                   {"signaturesChecked", verdict.checked_signature_count},
                   {"lastSigned", verdict.last_signed},
                   {"unsigned", verdict.unsigned_count},
                   {"unfinishedBytes", verdict.unfinished_size},
                   {"faults", verdict.break_count},
                   {"breaks", breaks}};
    return all.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

// The first of them, and how many more there are.
template <typename Value, typename Text>
std::string first_of(const std::vector<Value>& all, std::uint64_t count, Text text) {
    constexpr std::size_t shown_max = 10;
    std::string shown;
    for (std::size_t i = 0; i < std::min(all.size(), shown_max); ++i) {
        shown += (i == 0 ? "" : ", ") + text(all[i]);
    }
    return shown + (count > shown_max ? " and " + number(count - shown_max) + " more" : "");
}

void print_signatures(const audit_verdict& verdict) {
    if (verdict.signature_count == 0) {
        print("signatures      none\n");
        return;
    }
    print("signatures      " + number(verdict.signature_count) +
          (verdict.checked_signature_count == 0 ? ", not checked: give --key"
                                                : ", checked " + number(verdict.checked_signature_count)) +
          "\n");
    print("signed          up to record " + number(verdict.last_signed) + "; " +
          (verdict.unsigned_count == 0 ? "nothing comes after it"
                                       : counted(verdict.unsigned_count, "record") + " after it not signed yet") +
          "\n");
}

void print_verdict(const audit_verdict& verdict) {
    print("records         " + number(verdict.record_count) + ", from " + number(verdict.first_record) + " (" +
          plain(verdict.first_time) + ") to " + number(verdict.last_record) + " (" + plain(verdict.last_time) + ")\n");
    print("handed over     " + number(verdict.hand_over_count) + ", results " + number(verdict.result_count) +
          ", broken off " + number(verdict.broken_off_count) + ", contents " + number(verdict.content_count) + "\n");
    if (verdict.without_result_count > 0) {
        print("without result  " + number(verdict.without_result_count) + ": records " +
              first_of(verdict.without_result, verdict.without_result_count, number) +
              "; handed over, but the host did not live to hear what became of them (or they are under way)\n");
    }
    print_signatures(verdict);
    if (verdict.left_over_count > 0) {
        print(
            "left over       " + counted(verdict.left_over_count, "file") + " of content that no record names: " +
            first_of(verdict.left_over, verdict.left_over_count, [](const std::string& path) { return plain(path); }) +
            "\n");
    }
    if (verdict.unfinished_size > 0) {
        print("unfinished      " + number(verdict.unfinished_size) +
              " bytes of a record that is being written, or was when a host died\n");
    }
    print("last record     " + number(verdict.last_record) + ":" + verdict.last_hash + "\n");
    for (const audit_break& one : verdict.breaks) {
        print(plain(one.file) + (one.line == 0 ? "" : ":" + number(one.line)) + ": " + plain(one.text) + "\n");
    }
    if (verdict.break_count > 0) {
        print("BAD: " + counted(verdict.break_count, "fault") + "\n");
    } else if (verdict.checked_signature_count == 0) {
        print("good as far as hashes go, which whoever can write the archive can make anew: give --key\n");
    } else {
        print("good: nothing was altered or removed up to the last signature\n");
    }
}

// read_audit gives no line that is nested deeper than a record can be.
std::string laid_out(const std::string& line) {
    std::string text;
    const std::string dumped = json::parse(line).dump(2, ' ', true);
    for (std::size_t begin = 0; begin < dumped.size();) {  // plain() would show the line ends
        const std::size_t end = std::min(dumped.find('\n', begin), dumped.size());
        text += plain(std::string_view(dumped).substr(begin, end - begin)) + '\n';
        begin = end + 1;
    }
    return text;
}

std::string line_of(const audit_entry& entry) {
    std::string text = number(entry.record) + "  " + entry.time + "  " + entry.kind;
    if (!entry.port.empty()) {
        text += "  " + entry.port + "  " + entry.message_id + "  delivery " + std::to_string(entry.delivery) +
                " attempt " + std::to_string(entry.attempt);
    }
    if (entry.hand_over != 0) {
        text += "  of " + number(entry.hand_over);
    }
    if (entry.has_content) {
        text += "  " + human_size(entry.size) + "  sha256 " + entry.sha256;
    }
    return plain(text) + '\n';
}

}  // namespace

int audit_verify(const arguments& given) {
    audit_verify_options options;
    options.key_files = given.key_files;
    options.wants_signed_end = given.wants_signed_end;
    for (const auto& [record, hash] : given.expected) {
        options.expected.push_back({record, hash});
    }
    const audit_verdict verdict = verify_audit(given.archive, options);
    const int code = exit_code_of(verdict.code);
    if (!verdict.text.empty()) {
        return report_failure(given, "audit.failed", verdict.text, code);
    }
    if (given.is_json) {
        print(verdict_json(verdict, code));
    } else {
        print_verdict(verdict);
    }
    return code;
}

int audit_show(const arguments& given) {
    audit_filter filter;
    filter.port = given.port;
    filter.message_id = given.message_id;
    filter.recipient = given.recipient;
    filter.since_unix_ms = given.since_unix_ms;
    filter.until_unix_ms = given.until_unix_ms;
    filter.record = given.record;
    const change_answer answer = read_audit(given.archive, filter, [&](const audit_entry& entry) {
        print(given.is_json ? entry.line + '\n' : given.record != 0 ? laid_out(entry.line) : line_of(entry));
        return given.record == 0;
    });
    if (answer.code != answer_code::done) {
        return report_failure(given, "audit.failed", answer.text, exit_code_of(answer.code));
    }
    if (answer.count == 0 && (given.record != 0 || !given.message_id.empty())) {
        return report_failure(given, "audit.unknown", "there is no such record in " + given.archive,
                              exit_code::not_found);
    }
    return exit_code::done;
}

int audit_export(const arguments& given) {
    std::uint64_t record = given.record;
    if (record == 0) {
        audit_filter filter;
        filter.message_id = given.message_id;
        std::vector<std::uint64_t> found;
        const change_answer answer = read_audit(given.archive, filter, [&](const audit_entry& entry) {
            if (entry.kind == "hand-over") {
                found.push_back(entry.record);
            }
            return true;
        });
        if (answer.code != answer_code::done) {
            return report_failure(given, "audit.failed", answer.text, exit_code_of(answer.code));
        }
        if (found.empty()) {
            return report_failure(given, "audit.unknown", "nothing of this message was handed over",
                                  exit_code::not_found);
        }
        if (found.size() > 1) {
            return report_failure(given, "audit.several",
                                  "the message was handed over more than once: say which with --record " +
                                      first_of(found, found.size(), number),
                                  exit_code::bad_input);
        }
        record = found.front();
    }
    const audit_form form = given.wants_wire ? audit_form::wire : audit_form::mail;
    return save_into(given, given.output, [&](int file) {
        const change_answer answer = export_audit(given.archive, record, form, file);
        return answer.code == answer_code::done
                   ? exit_code::done
                   : report_failure(given, "audit.failed", answer.text, exit_code_of(answer.code));
    });
}

}  // namespace hawser::command
