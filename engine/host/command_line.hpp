// The command line, parsed and checked as far as it can be without the bindings. Called once, by main. A plain value
// comes out; how it is parsed (CLI11) stays in command_line.cpp and option_values, the only files that include that
// header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/values.hpp"

namespace hawser::command {

inline constexpr std::uint32_t list_limit_default = 100;

struct arguments {
    std::string verb;  // "check", "messages list", …
    std::string bindings;
    std::vector<std::string> overlays;
    std::vector<std::string> plugin_folders;
    std::string log_level;  // "" = the verb's own default
    std::string log_format = "text";
    bool is_json = false;

    std::string port;
    std::string receive_port;
    std::vector<std::string> properties;  // NS.Name[:type]=VALUE
    std::vector<std::string> parts;       // NAME=FILE
    std::vector<std::string> files;
    std::string content_type;
    std::string key;
    bool waits_for_end = false;           // --wait end
    std::optional<std::int64_t> wait_ms;  // --wait 10m

    std::vector<std::string> names;        // message ids, names of ports or groups, plugin names
    std::vector<std::string> port_names;   // of ports start …: these are ports …
    std::vector<std::string> group_names;  // … and these are groups
    bool suspends_removed = false;         // of reload
    std::string part;
    std::string output;
    std::string point;           // of messages save: before or after the pipeline; "" = before
    std::string folder;          // of messages save: everything
    bool wants_context = false;  // of messages save: the context alone

    // Which messages: `port` and `properties` too.
    std::string state;
    std::string message_id;
    std::string error;
    std::optional<std::int64_t> older_than_ms;
    std::optional<std::int64_t> newer_than_ms;
    std::optional<std::int64_t> since_unix_ms;
    std::optional<std::int64_t> until_unix_ms;
    std::int64_t after = 0;
    std::uint32_t limit = 0;  // 0 = the verb's own default
    bool is_all = false;

    // How they are changed.
    std::vector<std::string> set;    // NS.Name[:type]=VALUE
    std::vector<std::string> unset;  // NS.Name
    std::optional<change_rate> rate;
    bool is_dry_run = false;

    std::int64_t within_days = 30;  // of certificates check

    // Of audit: `port`, `message_id`, `since`, `until` and `output` too.
    std::string archive;
    std::vector<std::string> key_files;
    std::vector<std::pair<std::uint64_t, std::string>> expected;  // record and hash
    bool wants_signed_end = false;
    std::string recipient;
    std::uint64_t record = 0;  // 0 = not given
    bool wants_wire = false;
};

struct parsed_command_line {
    arguments values;
    std::optional<int> exit_code;  // set: print `text` (to stdout when 0, else to stderr) and end
    std::string text;
};

parsed_command_line parse_command_line(int count, const char* const* words, const std::string& version);

}  // namespace hawser::command
