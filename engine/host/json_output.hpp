// The output of --json: one object (or, from submit, one a line), whose fields are a contract with scripts: they are
// added to and never renamed (docs/operating.md). Times are RFC 3339 in UTC, or null; bytes that are not UTF-8 become
// U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser::command {

std::string json_of(const submit_answer& answer, const submission& message, const std::string& file, int exit_code);
std::string json_of(const change_answer& answer, const std::string& name, int exit_code);
enum class run_kind : std::uint8_t { real = 1, dry };
std::string json_of(const change_answer& answer, const std::string& name, int exit_code, std::uint64_t selected,
                    run_kind kind);
std::string json_of(const std::vector<message_summary>& list, bool has_more);
std::string json_of(const std::vector<message_detail>& details);
std::string json_of(const message_detail& one);
std::string json_of(const std::vector<port_summary>& ports, const std::vector<group_summary>& groups,
                    const std::vector<receive_port_summary>& receive_ports);
std::string json_of(const probe_answer& answer, int exit_code);
std::string json_of(const certificate_report& report);  // the certificates, without what is wrong with them
std::string json_of(const std::vector<certificate_finding>& findings, int exit_code);
std::string json_of(const reload_answer& answer, int exit_code);
std::string json_of(const host_status& status);
std::string json_of(const std::vector<plugin_help>& plugins);
std::string json_of(const std::vector<problem>& problems, const configuration_summary& summary);
std::string json_of_failure(const std::string& code, const std::string& text, int exit_code);

}  // namespace hawser::command
