// Audit archives, looked at from outside: verify that nothing in one was altered or removed, read its records, get a
// content out. Needs no bindings and no host, and works while a host writes: a growing end is fine.
//
// Threads: any. Memory: the same for an archive of any size. Failure: std::runtime_error where the disk cannot be read.
// The format is described in docs/operating.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser {

struct audit_expectation {
    std::uint64_t record = 0;
    std::string hash;  // of its line, as a verdict said it before
};

struct audit_verify_options {
    std::vector<std::string> key_files;        // PEM: public keys or certificates; none: signatures are not checked
    std::vector<audit_expectation> expected;
    bool wants_signed_end = false;             // records after the last signature are a fault
};

struct audit_break {
    std::string file;
    std::uint64_t line = 0;  // 0 = the whole file
    std::string text;
};

struct audit_verdict {
    answer_code code = answer_code::done;  // bad_input: `breaks` says what is wrong. not_found: no archive
    std::string text;                      // of what could not be done at all
    std::vector<audit_break> breaks;       // the first thousand
    std::uint64_t break_count = 0;

    std::uint64_t first_record = 0;
    std::uint64_t last_record = 0;  // 0 = there is none
    std::string last_hash;          // of its line: note it elsewhere, and expect it the next time
    std::uint64_t record_count = 0;
    std::string first_time, last_time;
    std::uint64_t hand_over_count = 0;
    std::uint64_t result_count = 0;
    std::uint64_t broken_off_count = 0;
    std::uint64_t without_result_count = 0;     // handed over, and nobody knows what became of it
    std::vector<std::uint64_t> without_result;  // the first hundred
    std::uint64_t content_count = 0;            // whose bytes are kept
    std::uint64_t left_over_count = 0;          // files of content that no record names
    std::vector<std::string> left_over;         // the first hundred
    std::uint64_t signature_count = 0;
    std::uint64_t checked_signature_count = 0;
    std::uint64_t last_signed = 0;     // record; all up to it are signed
    std::uint64_t unsigned_count = 0;  // records after it
    std::uint64_t unfinished_size = 0;  // bytes of a last line that is being written, or was when a host died
};

audit_verdict verify_audit(const std::string& folder, const audit_verify_options& options = {});

struct audit_entry {
    std::uint64_t record = 0;
    std::string time, kind;  // "hand-over", "result", "broken-off", "signature", "opened", …
    std::string port, message_id, unique_id;
    std::int64_t delivery = 0;
    std::uint32_t attempt = 0;
    std::uint64_t hand_over = 0;  // of a result: the record that it belongs to
    bool has_content = false;     // bytes, or their hash
    std::string sha256;
    std::uint64_t size = 0;
    std::string content_file;  // "" = the bytes stand in the record, or are not kept
    std::string line;          // the record as it is written: one JSON object
    std::string file;          // where it stands
    std::uint64_t line_number = 0;
};

struct audit_filter {  // what is not given fits all
    std::string port;
    std::string message_id;  // or unique id
    std::string recipient;   // stands in the facts as a text of its own, or as <recipient> within one
    std::optional<std::int64_t> since_unix_ms;
    std::optional<std::int64_t> until_unix_ms;
    std::uint64_t record = 0;
};

// Visits the records in their order until the visitor answers false. It does not verify them.
change_answer read_audit(const std::string& folder, const audit_filter& filter,
                         const std::function<bool(const audit_entry&)>& visit);

enum class audit_form : std::uint8_t {
    mail = 1,  // without the dots that SMTP's DATA doubles, and without the final one (RFC 5321 section 4.5.2)
    wire       // as it was sent
};
// Writes the content of a hand-over to `descriptor`, whose hash and size were right before the first byte was written.
// bad_input: they are not, or only a hash was kept; not_found: no such record, or it is no hand-over.
change_answer export_audit(const std::string& folder, std::uint64_t record, audit_form form, int descriptor);

}  // namespace hawser
