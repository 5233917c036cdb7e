// The plain values of the embedding API: what goes in and what comes out of a Hawser host. Copyable, no locks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

// One thing that is wrong with a bindings file or a plugin. line and column count from 1; 0 = the whole file.
struct problem {
    bool is_error = true;  // else a warning
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string pointer;  // RFC 6901 JSON pointer
    std::string text;
    std::string line_text() const;  // "file:line:column: error: /pointer: text"
};

// Where the message box accepted or refused something, and why. The codes are those of the command (docs/operating.md).
enum class answer_code : std::uint8_t {
    done = 1,       // delivered, or the operation was carried out
    accepted,       // durable and queued: retried later, port stopped, or the wait is over; or what became of it is not
                    // known any more
    suspended,      // durable, and an operator has to look at it; or it ended undelivered
    not_accepted,   // nothing was stored: try again (disk, watermark, lock)
    bad_input,      // nothing was stored: the message or the request is wrong
    no_subscriber,  // nothing was stored: no port takes it
    not_found,      // no such message or port
};

struct message_property {
    std::string name;  // "SMTP.Subject"
    std::string value;
    std::string type = "string";  // string, int, bool, dateTime
    bool is_promoted = true;      // promoted where it fits (255 bytes)
};

// A part comes from memory (bytes) or from a file descriptor that is read to its end; the caller keeps the descriptor,
// and rewinds it before it submits the same again: it is at its end also where the submission was refused.
struct submission_part {
    std::string name = "body";
    std::string content_type;
    std::string charset;
    std::string file_name;
    std::string bytes;
    int descriptor = -1;
};

struct submission {
    std::string port;  // "" = the filters route it
    // "" = published as it is; else the message first passes this receive port's pipeline, which decodes and checks
    // it. Where a component refuses it the answer is bad_input or, to be tried again, not_accepted, and nothing is
    // stored.
    std::string receive_port = {};
    std::string key;  // idempotency key, "" = none; at most 255 bytes
    std::vector<message_property> properties;
    std::vector<submission_part> parts;  // the first is the body part
};

struct recipient_answer {
    std::string address;
    std::string verdict;  // delivered, retry, failed
    std::string text;
};

struct delivery_answer {
    std::int64_t delivery = 0;  // 0 = not known any more
    std::string port;
    // delivered, retrying, suspended, queued; failed (published as a failed message instead); of what no attempt told:
    // terminated, and unknown (it left the queue, and nothing of it is kept)
    std::string state;
    std::string code;  // "smtp.recipient-refused"
    std::string text;
    std::uint32_t attempts = 0;
    std::int64_t next_attempt_unix_ms = 0;  // of a retry
    std::vector<recipient_answer> recipients;
};

struct submit_answer {
    answer_code code = answer_code::done;
    std::string message_id;                   // BTS.MessageID, once accepted
    bool is_repeat = false;                   // the key was known: this is the first submission's id
    std::string text;                         // what happened and what to do next
    std::vector<delivery_answer> deliveries;  // with a wait
};

enum class wait_for : std::uint8_t { nothing = 1, first_attempt, end };

struct submit_options {
    // Ends also where no attempt comes without an operator or the clock: the port was stopped, the delivery suspended
    // or terminated, it waits in order behind a suspended one, the service window is closed.
    wait_for wait = wait_for::nothing;
    std::int64_t wait_max_ms = -1;  // of waiting for outcomes; -1 = no limit
    // Bytes taken so far, from the calling thread; what it throws, submit throws, and nothing is stored.
    std::function<void(std::uint64_t bytes)> on_progress;
    // Asked several times a second while outcomes are waited for; true ends the wait early (the client has gone away,
    // the user pressed ^C) and what is known by then is the answer. Empty: never.
    std::function<bool()> is_abandoned;
};

struct message_summary {
    std::int64_t delivery = 0;  // the number that show, resume, terminate and save take
    std::string message_id;
    std::string unique_id;
    std::string port;
    // queued, retrying, active, suspended, suspendedNotResumable; of those that have ended and are tracked: delivered,
    // terminated, failed (published as a failed message instead)
    std::string state;
    std::int64_t published_unix_ms = 0;
    std::int64_t due_unix_ms = 0;  // 0 = it does not go by itself: suspended, or ended
    std::uint32_t attempts = 0;
    std::uint64_t size = 0;
    std::string code;
    std::string text;
    std::int64_t ended_unix_ms = 0;  // 0 = it has not
    std::string held_for = {};       // the stopped send port group that it waits for; "" = none
};

struct attempt_summary {
    std::uint32_t attempt = 0;
    std::int64_t started_unix_ms = 0;
    std::int64_t ended_unix_ms = 0;
    std::string transport;
    std::string verdict;
    std::string code;
    std::string text;
};

struct part_summary {
    std::string name;
    std::string content_type;
    std::string file_name;
    std::uint64_t size = 0;
    bool is_body = false;
};

struct message_detail {
    message_summary summary;
    std::vector<message_property> properties;
    std::vector<part_summary> parts;
    std::vector<attempt_summary> history;
    // Of one that has ended, what its port's tracking kept: properties and parts are those before the pipeline (empty
    // where they were not kept), these are as the adapter was given them to transmit.
    bool has_properties_after = false;
    std::vector<message_property> properties_after = {};
    std::int64_t size_after = -1;  // of the body; -1 = it was not kept
};

// Where a message is looked at: as it was published (or edited), or as the adapter was given it to transmit.
enum class content_point : std::uint8_t { before_pipeline = 1, after_pipeline };

// Which messages are meant: those that fit everything that is said here, in order of publication. "" and 0 say nothing.
struct message_filter {
    std::string port;
    std::string state;       // of message_summary; "suspended" has those that are not resumable too; "" = not ended
    std::string message_id;  // BTS.MessageID, a delivery's unique id, or its number
    std::int64_t after = 0;  // for paging: deliveries of a higher number than this one
    std::uint32_t count_max = 100;
    std::string error = {};                         // part of the code or text; A to Z as a to z
    std::vector<message_property> properties = {};  // each with this value; the name and the value count
    std::int64_t published_from_unix_ms = 0;        // then or later
    std::int64_t published_before_unix_ms = 0;      // earlier
    std::vector<std::int64_t> deliveries = {};      // only these; at most 10,000
};

// What resume changes in the context of a message before its next attempt, which then has a new Message-ID.
struct message_edits {
    std::vector<message_property> set = {};
    std::vector<std::string> unset = {};  // names; those that are not there are passed over
    bool is_empty() const noexcept { return set.empty() && unset.empty(); }
};

struct skipped_delivery {
    std::int64_t delivery = 0;
    std::string text;  // why it was left as it is
};

struct change_answer {  // of resume, terminate, port changes
    answer_code code = answer_code::done;
    std::uint64_t count = 0;  // deliveries changed
    std::string text;
    std::vector<skipped_delivery> skipped = {};  // those that were chosen and could not be changed
};

struct port_summary {
    std::string name;
    std::string state;      // bound, stopped, started
    std::string transport;  // "SMTP mailto:ap@partner.example"
    std::uint64_t queued = 0;
    std::uint64_t retrying = 0;
    std::uint64_t active = 0;
    std::uint64_t suspended = 0;
    std::string note;  // what is wrong or holds it back; "" = nothing
};

struct receive_port_summary {
    std::string name;
    std::string pipeline;                 // its name; "" = the port's own
    std::vector<std::string> components;  // in the order in which a message passes them: "decode SMIMEDecoder"
};

struct group_summary {  // a send port group
    std::string name;
    std::string state;               // bound, stopped, started; gone: not in the bindings any more
    std::vector<std::string> ports;  // its members
    std::uint64_t held = 0;          // deliveries that wait for it to be started; they count as queued on their ports
    std::string note;                // what is wrong; "" = nothing
};

struct host_status {
    std::string host_name;
    bool is_running = false;
    std::int64_t process_id = 0;
    std::int64_t started_unix_ms = 0;
    std::string message_box;
    std::vector<port_summary> ports;    // also ports that are gone from the bindings but have messages
    std::vector<std::string> warnings;  // what is wrong, for a person
    std::vector<group_summary> groups = {};
};

struct reload_options {
    // Suspend what waits on ports and groups that are removed (resumable, code port.removed) instead of refusing.
    bool suspends_removed = false;
    std::int64_t in_flight_wait_ms = 10'000;  // for attempts of removed ports to end
};

struct changed_names {
    std::vector<std::string> added;
    std::vector<std::string> changed;
    std::vector<std::string> removed;
};

struct reload_answer {
    // done: the changed bindings are in force. bad_input: `problems` says what is wrong with them. not_accepted: not
    // now (another reload, messages of a removed port, the store). But for done the old bindings are in force.
    answer_code code = answer_code::done;
    std::string text;               // for a person; "" where `problems` says it
    std::vector<problem> problems;  // errors and warnings, in the order of the file
    changed_names ports;
    changed_names groups;
    changed_names receive_ports = {};
    std::vector<std::string>
        renewed_adapters;            // made anew, because their handlers or the certificates' folders changed
    std::uint64_t suspended = 0;     // deliveries of removed ports and groups
    std::vector<std::string> notes;  // what takes effect only when the host starts again
};

enum class finding_kind : std::uint8_t { fact = 1, warning, error };  // error: a delivery would fail

// What a probe of a port's endpoints found.
struct probe_finding {
    finding_kind kind = finding_kind::fact;
    std::string transport;  // "primary" or "backup"
    std::string topic;      // in a word or two, or the code of an outcome ("smtp.tls")
    std::string text;       // for a person
};

struct probe_answer {
    answer_code code = answer_code::done;  // suspended: a delivery would fail; else why there was no probe
    std::string text;
    std::vector<probe_finding> findings;  // in the order in which they were found
};

// A certificate in one of the host's folders or tokens.
struct certificate_summary {
    std::string file;    // without its folder; of one in a token its URI
    std::string folder;  // "personal", "otherPeople" or "trusted"
    std::string subject;
    std::string issuer;
    std::vector<std::string> mailboxes;  // that it is for
    std::vector<std::string> domains;    // all of whose mailboxes it is for
    std::string serial;                  // lower-case hexadecimal, as the thumbprints
    std::string sha1;
    std::string sha256;
    std::string key;  // "RSA 2048", "EC prime256v1"
    std::int64_t not_before_unix_ms = 0;
    std::int64_t not_after_unix_ms = 0;
    bool has_private_key = false;
    bool is_authority = false;
    std::string token;                          // that has it or its private key; "" = both are in files
    std::vector<std::string> signs_for;         // ports
    std::vector<std::string> encrypted_for_by;  // ports
};

struct certificate_finding {
    finding_kind kind = finding_kind::error;
    std::string file;  // "" = of no one certificate
    std::string port;  // "" = of no one port
    std::string text;  // for a person: what is wrong and what to do
};

struct certificate_report {
    std::vector<certificate_summary> certificates;
    std::vector<certificate_finding> findings;  // errors first
    std::vector<std::string> unreadable;        // files and tokens, and why: what they have is not among these
};

// What a bindings file holds, for `hawser check` to say.
struct configuration_summary {
    std::string host_name;
    std::vector<std::string> send_ports;
    std::vector<std::string> receive_ports = {};
    std::uint32_t send_port_groups = 0;
    std::uint32_t pipelines = 0;  // named ones
};

struct property_help {
    std::string name;
    std::string type;
    std::string default_text;  // "" = none
    std::string words;         // of an enumeration
    std::string text;
    bool is_required = false;
    bool is_secret = false;
};

struct plugin_help {
    std::string file;
    std::string kind;  // "send adapter", "pipeline component"
    std::string id;
    std::string version;
    std::string summary;
    std::vector<std::string> stages;
    std::vector<property_help> properties;
};

}  // namespace hawser
