#include "host/command_line.hpp"

#include <CLI/CLI.hpp>
#include <tuple>

#include "host/command_help.hpp"
#include "host/exit_code.hpp"
#include "host/option_values.hpp"
#include "host/selection_arguments.hpp"

namespace hawser::command {
namespace {

constexpr const char* open_states = "queued, retrying, active, suspended or suspendedNotResumable";

CLI::Option* add_state(CLI::App* verb, std::string& state, const std::string& text,
                       const std::vector<std::string>& more_states) {
    std::vector<std::string> states{"queued", "retrying", "active", "suspended", "suspendedNotResumable"};
    states.insert(states.end(), more_states.begin(), more_states.end());
    return verb->add_option("--state", state, text)->check(CLI::IsMember(states))->type_name("STATE");
}

class command_parser {
public:
    explicit command_parser(const std::string& version) {
        app_.set_version_flag("--version", "hawser " + version);
        app_.require_subcommand(1);
        add_set_up();
        add_send();
        add_messages();
        add_ports();
        add_plugins();
        add_certificates();
        add_audit();
    }

    parsed_command_line parse(int count, const char* const* words);

private:
    // `group` "messages" and `name` "list" make the verb "messages list"; every verb takes the common options.
    CLI::App* add_verb(CLI::App& group, const std::string& name, const std::string& summary) {
        CLI::App* verb = add_verb_without_bindings(group, name, summary);
        verb->add_option("--overlay", values_.overlays, "JSON merge patch laid over the bindings; may be repeated")
            ->allow_extra_args(false)
            ->type_name("FILE");
        verb->add_option("--plugin-folder", values_.plugin_folders,
                         "folder searched first for plugins; may be repeated")
            ->allow_extra_args(false)
            ->type_name("DIR");
        return verb;
    }
    CLI::App* add_verb_without_bindings(CLI::App& group, const std::string& name, const std::string& summary) {
        CLI::App* verb = group.add_subcommand(name, summary);
        const std::string full = &group == &app_ ? name : group.get_name() + " " + name;
        verb->callback([this, full] { values_.verb = full; });
        verb->add_option("--log-level", values_.log_level, "debug, info, warning or error")
            ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
            ->type_name("LEVEL");
        verb->add_option("--log-format", values_.log_format, "text or json")
            ->check(CLI::IsMember({"text", "json"}))
            ->type_name("FORMAT");
        return verb;
    }
    void add_bindings(CLI::App* verb) {
        verb->add_option("BINDINGS", values_.bindings, "the bindings file")->required();
    }
    void add_json(CLI::App* verb) { verb->add_flag("--json", values_.is_json, "print JSON, for programs"); }
    CLI::Option* add_port(CLI::App* verb, const std::string& text) {
        return verb->add_option("--port", values_.port, text)->type_name("NAME");
    }
    CLI::Option* add_receive_port(CLI::App* verb, const std::string& text) {
        return verb->add_option("--receive-port", values_.receive_port, text)->type_name("NAME");
    }
    void add_properties(CLI::App* verb, const std::string& text) {
        verb->add_option("--property", values_.properties, text)
            ->allow_extra_args(false)
            ->type_name("NS.Name[:TYPE]=VALUE");
    }
    void add_message_options(CLI::App* verb) {
        add_properties(verb, "context property; TYPE is string (default), int, bool or dateTime; may be repeated");
        verb->add_option("--content-type", values_.content_type, "of the body; guessed from FILE's extension")
            ->type_name("TYPE");
        verb->add_option("--part", values_.parts, "a further part of the message; may be repeated")
            ->allow_extra_args(false)
            ->type_name("NAME=FILE");
    }
    void add_key(CLI::App* verb) {
        verb->add_option("--key", values_.key,
                         "idempotency key: the same key is published once, however often it is submitted")
            ->type_name("KEY");
    }
    CLI::Option* add_files(CLI::App* verb, const std::string& text) {
        return verb->add_option("FILE", values_.files, text)->required();
    }

    void add_set_up();
    void add_send();
    void add_messages();
    void add_list(CLI::App& messages);
    void add_filters(CLI::App* verb);
    void add_selection(CLI::App* verb, const std::string& what);
    void add_save(CLI::App& messages);
    void add_ports();
    void add_plugins();
    void add_certificates();
    void add_audit();
    std::string check_values();
    std::string check_audit();
    std::string read_times();

    CLI::App app_{"", "hawser"};
    arguments values_;
    std::string wait_, older_than_, newer_than_, since_, until_, rate_;
    std::vector<std::string> expected_;
};

void command_parser::add_set_up() {
    CLI::App* check =
        add_verb(app_, "check", "Check a bindings file, its plugins, certificates and secrets; sends nothing");
    add_bindings(check);
    add_json(check);
    CLI::App* run = add_verb(app_, "run", "Run the host in the foreground until SIGTERM or SIGINT");
    add_bindings(run);
    CLI::App* reload =
        add_verb(app_, "reload", "Have the running host read its changed bindings file, whole or not at all");
    add_bindings(reload);
    reload->add_flag("--suspend-removed", values_.suspends_removed,
                     "suspend what still waits on ports and groups that are removed, instead of refusing");
    add_json(reload);
    CLI::App* status =
        add_verb(app_, "status", "Say whether the host runs, what is queued, retried and suspended, and what is wrong");
    add_bindings(status);
    add_json(status);
    CLI::App* schema =
        add_verb(app_, "schema", "Print the JSON Schema of the bindings file with its plugins' properties");
    schema->add_option("BINDINGS", values_.bindings, "the bindings file; without it: the built-in plugins");
}

void command_parser::add_send() {
    CLI::App* send =
        add_verb(app_, "send", "Publish a file through a port and wait for the outcome of its first attempt");
    add_bindings(send);
    add_files(send, "the body; \"-\" is standard input")->expected(1);
    add_port(send, "the send port")->required();
    add_message_options(send);
    add_key(send);
    send->add_option("--wait", wait_, "wait for the end of all attempts: at most so long (90s, 10m, 2h), or \"end\"")
        ->type_name("TIME|end");
    add_json(send);
    CLI::App* submit = add_verb(app_, "submit", "Publish files durably and return; a message for each file");
    add_bindings(submit);
    add_files(submit, "the bodies; \"-\" is standard input");
    add_port(submit, "the send port; without it the ports' filters decide");
    add_receive_port(submit, "the receive port whose pipeline decodes and checks each file before it is published");
    add_message_options(submit);
    add_key(submit);
    add_json(submit);
    CLI::App* preview = add_verb(app_, "preview",
                                 "Print what one fresh transmission would carry, or what a receive port makes of FILE; "
                                 "sends and stores nothing");
    add_bindings(preview);
    add_files(preview, "the body; \"-\" is standard input")->expected(1);
    CLI::Option* port = add_port(preview, "the send port");
    add_receive_port(preview, "the receive port, instead")->excludes(port);
    add_message_options(preview);
    CLI::App* smtp = app_.add_subcommand("smtp", "Look into the mail servers of send ports");
    smtp->require_subcommand(1);
    CLI::App* probe = add_verb(*smtp, "probe",
                               "Connect, secure and log in as the port would, and say what the server offers and what "
                               "is wrong; sends no message");
    add_bindings(probe);
    add_port(probe, "the send port")->required();
    add_properties(probe,
                   "context property; a dynamic port needs BTS.OutboundTransportLocation=mailto:…; may be repeated");
    add_json(probe);
}

// What `list` filters by, and what changes of many choose by.
void command_parser::add_filters(CLI::App* verb) {
    add_port(verb, "only this port's");
    verb->add_option("--error", values_.error, "only those with TEXT in the code or text of their error, in any case")
        ->type_name("TEXT");
    verb->add_option("--property", values_.properties,
                     "only those whose context property has this value; may be repeated: all of them")
        ->allow_extra_args(false)
        ->type_name("NS.Name=VALUE");
    verb->add_option("--older-than", older_than_, "only those published longer ago: 90s, 10m, 2h, 3d")
        ->type_name("TIME");
    verb->add_option("--newer-than", newer_than_, "only those published since")->type_name("TIME");
    verb->add_option("--since", since_, "only those published then or later: 2026-11-24T08:00Z (UTC without a zone)")
        ->type_name("DATE");
    verb->add_option("--until", until_, "only those published before")->type_name("DATE");
}

void command_parser::add_selection(CLI::App* verb, const std::string& what) {
    add_bindings(verb);
    verb->add_option("ID", values_.names, "delivery number, or BTS.MessageID; or choose with filters:");
    add_filters(verb);
    add_state(verb, values_.state, std::string("only those ") + open_states, {});
    verb->add_flag("--all", values_.is_all, what + " all, or with --state all in that state (default suspended)");
    verb->add_option("--count,--limit", values_.limit, what + " at most so many, the oldest first")
        ->check(CLI::Range(1U, UINT32_MAX))
        ->type_name("N");
    verb->add_option("--rate", rate_, "no faster than so: 10/s, 100/m, 1000/h")->type_name("N/UNIT");
    verb->add_flag("--dry-run", values_.is_dry_run, "say what would be done, and do nothing");
    add_json(verb);
}

void command_parser::add_list(CLI::App& messages) {
    CLI::App* list = add_verb(messages, "list", "List the messages that are not delivered yet, the oldest first");
    add_bindings(list);
    list->add_option("--message-id", values_.message_id, "only the deliveries of this BTS.MessageID")->type_name("ID");
    add_filters(list);
    add_state(list, values_.state,
              std::string("only those ") + open_states + "; or tracked ones that were delivered, terminated or failed",
              {"delivered", "terminated", "failed"});
    list->add_option("--limit", values_.limit, "at most so many (default " + std::to_string(list_limit_default) + ")")
        ->check(CLI::Range(1U, UINT32_MAX))
        ->type_name("N");
    list->add_option("--after", values_.after, "those that come after this one: the next page")
        ->check(whole_number_from(0))
        ->type_name("ID");
    add_json(list);
}

void command_parser::add_save(CLI::App& messages) {
    CLI::App* save = add_verb(messages, "save", "Write out a message's body, another part, its context, or everything");
    add_bindings(save);
    save->add_option("ID", values_.names, "delivery number, or BTS.MessageID")->required()->expected(1);
    CLI::Option* part =
        save->add_option("--part", values_.part, "the part's name; default: the body")->type_name("NAME");
    CLI::Option* context =
        save->add_flag("--context", values_.wants_context, "the context, parts and attempts as JSON")->excludes(part);
    CLI::Option* point =
        save->add_option("--point", values_.point,
                         "before (as published) or after the pipeline (as it was sent, of a tracked delivery)");
    point->check(CLI::IsMember({"before", "after"}))->type_name("POINT")->excludes(part)->excludes(context);
    CLI::Option* output =
        save->add_option("-o,--output", values_.output, "the file to write; default: standard output");
    output->type_name("FILE");
    save->add_option("--folder", values_.folder, "write every part, and context.json, into this new or empty folder")
        ->type_name("DIR")
        ->excludes(part)
        ->excludes(context)
        ->excludes(point)
        ->excludes(output);
}

void command_parser::add_messages() {
    CLI::App* messages = app_.add_subcommand("messages", "Look after what is queued, retried and suspended");
    messages->require_subcommand(1);
    add_list(*messages);
    CLI::App* show = add_verb(*messages, "show", "Show a message: context, parts, attempts and errors");
    add_bindings(show);
    show->add_option("ID", values_.names, "delivery number, or BTS.MessageID")->required();
    add_json(show);
    CLI::App* resume = add_verb(*messages, "resume", "Try suspended messages again");
    add_selection(resume, "resume");
    resume
        ->add_option("--set", values_.set,
                     "change a context property first; the message then has a new Message-ID; may be repeated")
        ->allow_extra_args(false)
        ->type_name("NS.Name[:TYPE]=VALUE");
    resume->add_option("--unset", values_.unset, "take a context property away first; may be repeated")
        ->allow_extra_args(false)
        ->type_name("NS.Name");
    CLI::App* terminate = add_verb(*messages, "terminate", "Give messages up: they are never delivered");
    add_selection(terminate, "terminate");
    add_save(*messages);
}

void command_parser::add_ports() {
    CLI::App* ports = app_.add_subcommand("ports", "Look after the send ports and send port groups");
    ports->require_subcommand(1);
    CLI::App* list = add_verb(*ports, "list", "List the send ports and groups with their state and counts");
    add_bindings(list);
    add_json(list);
    for (const auto& [name, summary] :
         {std::pair{"start", "Deliver: what is held goes out"},
          std::pair{"stop", "Hold: messages are taken, and kept until the port or group is started"},
          std::pair{"enlist", "Subscribe: messages are taken and held"},
          std::pair{"unenlist", "Unsubscribe: no message is routed to the port, or by the group, any more"}}) {
        CLI::App* change = add_verb(*ports, name, summary);
        add_bindings(change);
        change->add_option("NAME", values_.names, "names of send ports and send port groups");
        change->add_option("--port", values_.port_names, "a send port, where a group has the name too; may be repeated")
            ->allow_extra_args(false)
            ->type_name("NAME");
        change
            ->add_option("--group", values_.group_names, "a group, where a send port has the name too; may be repeated")
            ->allow_extra_args(false)
            ->type_name("NAME");
        change->add_flag("--all", values_.is_all, "all send ports and groups");
        add_json(change);
    }
}

void command_parser::add_plugins() {
    CLI::App* plugins = app_.add_subcommand("plugins", "Show send adapters and pipeline components");
    plugins->require_subcommand(1);
    CLI::App* list = add_verb(*plugins, "list", "List them: the built-in ones, or those of a bindings file");
    list->add_option("BINDINGS", values_.bindings, "the bindings file; without it: the built-in plugins");
    add_json(list);
    CLI::App* show = add_verb(*plugins, "show", "Show each property with its type, default and text");
    show->add_option("BINDINGS NAME", values_.names,
                     "a bindings file (an existing file, or *.json), then a name; both may be left out")
        ->expected(0, 2);
    add_json(show);
}

void command_parser::add_certificates() {
    CLI::App* group = app_.add_subcommand("certificates", "Look after the certificates of the host's folders");
    CLI::App* list = add_verb(*group, "list", "Show each certificate, and which ports use it and for what");
    CLI::App* check = add_verb(*group, "check", "Say what is wrong with certificates and their use, and what to do");
    for (CLI::App* verb : {list, check}) {
        add_bindings(verb);
        add_json(verb);
    }
    check->add_option("--within", values_.within_days, "warn of those that end within so many days (default 30)")
        ->check(CLI::Range(0, 36500))
        ->type_name("DAYS");
    group->require_subcommand(1);
}

void command_parser::add_audit() {
    CLI::App* audit = app_.add_subcommand("audit", "Verify an audit archive, read its records, get contents out of it");
    audit->require_subcommand(1);
    const auto add = [&](const char* name, const char* summary) {
        CLI::App* verb = add_verb_without_bindings(*audit, name, summary);
        verb->add_option("ARCHIVE", values_.archive, "the archive's folder")->required();
        return verb;
    };
    CLI::App* verify = add("verify", "Prove that nothing in an archive was altered or removed");
    verify->add_option("--key", values_.key_files, "public key or certificate (PEM) of the signatures; may be repeated")
        ->allow_extra_args(false)
        ->type_name("FILE");
    verify->add_option("--expect", expected_, "this record has this hash, as noted before; may be repeated")
        ->allow_extra_args(false)
        ->type_name("RECORD:HASH");
    verify->add_flag("--signed", values_.wants_signed_end, "records after the last signature are a fault");
    add_json(verify);
    CLI::App* show = add("show", "Print the records, the oldest first");
    add_port(show, "only this port's");
    show->add_option("--message", values_.message_id, "only those of this BTS.MessageID, or unique id")
        ->type_name("ID");
    show->add_option("--recipient", values_.recipient, "only those that name this address")->type_name("ADDRESS");
    show->add_option("--since", since_, "only those written then or later: 2026-11-24T08:00Z (UTC without a zone)")
        ->type_name("DATE");
    show->add_option("--until", until_, "only those written before")->type_name("DATE");
    const auto record_option = [this](CLI::App* verb, const char* text) {
        verb->add_option("--record", values_.record, text)->check(whole_number_from(1))->type_name("N");
    };
    record_option(show, "only this record, with all its facts");
    add_json(show);
    CLI::App* save = add("export", "Write out what was sent, once its hash is found to be right");
    record_option(save, "of this hand-over");
    save->add_option("--message", values_.message_id, "of the hand-over of this BTS.MessageID, or unique id")
        ->type_name("ID");
    save->add_flag("--wire", values_.wants_wire, "as it was on the wire, with the dots that SMTP doubles");
    save->add_option("-o,--output", values_.output, "the file to write; default: standard output")->type_name("FILE");
}

std::string command_parser::check_audit() {
    for (const std::string& text : expected_) {
        std::optional<std::pair<std::uint64_t, std::string>> expected = parse_record_hash(text);
        if (!expected) {
            return "--expect: \"" + text + "\" is no RECORD:HASH as audit verify prints it";
        }
        values_.expected.push_back(std::move(*expected));
    }
    if (values_.verb == "audit export" && (values_.record == 0) == values_.message_id.empty()) {
        return "audit export: say which: --record N, or --message ID";
    }
    return {};
}

// What CLI11 does not know about; "" when all is well.
std::string command_parser::check_values() {
    if (!wait_.empty()) {
        values_.waits_for_end = wait_ == "end";
        if (!values_.waits_for_end && !(values_.wait_ms = parse_duration_ms(wait_))) {
            return "--wait: \"" + wait_ + "\" is neither \"end\" nor a time like 90s, 10m or 2h";
        }
    }
    constexpr std::size_t key_size_max = 255;
    if (values_.key.size() > key_size_max) {
        return "--key: at most 255 bytes";
    }
    if (!values_.key.empty() && values_.files.size() > 1) {
        return "--key goes with one FILE: each message needs a key of its own";
    }
    if (std::count(values_.files.begin(), values_.files.end(), "-") +
            std::count_if(values_.parts.begin(), values_.parts.end(),
                          [](const std::string& part) { return part.ends_with("=-"); }) >
        1) {
        return "standard input (-) can be read only once";
    }
    if (values_.verb == "preview" && values_.port.empty() && values_.receive_port.empty()) {
        return "preview: say which port: --port NAME (what it would send), or --receive-port NAME (what it decodes)";
    }
    if (const std::string wrong = read_times(); !wrong.empty()) {
        return wrong;
    }
    for (const std::string& wrong : {port_names_problem(values_), check_audit()}) {
        if (!wrong.empty()) {
            return wrong;
        }
    }
    return values_.verb == "messages resume" || values_.verb == "messages terminate" ? selection_problem(values_) : "";
}

// The options whose text is a time or a rate.
std::string command_parser::read_times() {
    for (const auto& [option, text, value] : {std::tuple{"--older-than", &older_than_, &values_.older_than_ms},
                                              std::tuple{"--newer-than", &newer_than_, &values_.newer_than_ms}}) {
        if (!text->empty() && !(*value = parse_duration_ms(*text))) {
            return std::string(option) + ": \"" + *text + "\" is no time like 90s, 10m, 2h or 3d";
        }
    }
    for (const auto& [option, text, value] : {std::tuple{"--since", &since_, &values_.since_unix_ms},
                                              std::tuple{"--until", &until_, &values_.until_unix_ms}}) {
        if (!text->empty() && !(*value = parse_date_unix_ms(*text))) {
            return std::string(option) + ": \"" + *text +
                   "\" is no date and time like 2026-11-24, 2026-11-24T08:00 or 2026-11-24T08:00:00+01:00";
        }
    }
    if (!rate_.empty() && !(values_.rate = parse_rate(rate_))) {
        return "--rate: \"" + rate_ + "\" is no rate like 10/s, 100/m or 1000/h";
    }
    return {};
}

parsed_command_line command_parser::parse(int count, const char* const* words) {
    parsed_command_line result;
    const auto usage = [&result](const std::string& text, const std::string& verb) {
        result.exit_code = exit_code::usage;
        result.text = "hawser: " + text + "\nSee hawser " + (verb.empty() ? "" : verb + " ") + "--help\n";
        return result;
    };
    if (count < 2 || std::string(words[1]) == "--help" || std::string(words[1]) == "-h" ||
        std::string(words[1]) == "help") {
        result.exit_code = count < 2 ? exit_code::usage : exit_code::done;
        result.text = help_page;
        return result;
    }
    std::string verb;  // as far as it was understood, for the hint
    if (const std::string wrong = unfinished_option_problem(count, words); !wrong.empty()) {
        return usage(wrong, verb);
    }
    try {
        app_.parse(count, words);
    } catch (const CLI::Success& asked) {  // --help of a verb, --version
        result.exit_code = exit_code::done;
        std::ostringstream out;
        app_.exit(asked, out, out);
        result.text = out.str();
        return result;
    } catch (const CLI::ParseError& failure) {
        const CLI::App* level = &app_;
        while (!level->get_subcommands().empty()) {
            level = level->get_subcommands().front();
            verb += (verb.empty() ? "" : " ") + level->get_name();
        }
        return usage(failure.what(), verb);
    }
    std::string wrong = empty_value_problem(app_);
    if (wrong.empty()) {
        wrong = check_values();
    }
    if (!wrong.empty()) {
        return usage(wrong, values_.verb);
    }
    result.values = values_;
    return result;
}

}  // namespace

parsed_command_line parse_command_line(int count, const char* const* words, const std::string& version) {
    return command_parser(version).parse(count, words);
}

}  // namespace hawser::command
