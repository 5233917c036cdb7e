#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/submission_input.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

const char* label_of(finding_kind kind) {
    return kind == finding_kind::error ? "ERROR  " : kind == finding_kind::warning ? "warning" : "       ";
}

std::string text_of(const probe_answer& answer) {
    std::string text;
    std::string transport;
    std::size_t error_count = 0;
    for (const probe_finding& one : answer.findings) {
        if (one.transport != transport) {
            transport = one.transport;
            text += (text.empty() ? "" : "\n") + transport + " transport\n";
        }
        error_count += one.kind == finding_kind::error ? 1U : 0U;
        text += std::string(label_of(one.kind)) + ' ' + plain(one.topic) + ": " + plain(one.text) + '\n';
    }
    return text + '\n' +
           (error_count == 0 ? "A message would be delivered; none was sent.\n"
                             : counted(error_count, "error") + ": a message would not be delivered; none was sent.\n");
}

}  // namespace

int smtp_probe(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    submission message;
    message.port = given.port;
    for (const std::string& text : given.properties) {
        message_property property;
        if (const std::string wrong = parse_property(text, property); !wrong.empty()) {
            return report_failure(given, "input.bad", wrong, exit_code::bad_input);
        }
        message.properties.push_back(std::move(property));
    }
    const probe_answer answer = probe(*loaded, "SMTP", message);
    const int code = exit_code_of(answer.code);
    if (answer.findings.empty()) {
        return report_failure(given, "probe.failed", answer.text, code);
    }
    print(given.is_json ? json_of(answer, code) : text_of(answer));
    return code;
}

}  // namespace hawser::command
