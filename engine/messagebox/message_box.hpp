// The message box: the one thing in Hawser that remembers. Every store (SQLite; later PostgreSQL) is this interface.
//
// Called by runtime, delivery and control. Thread rule: every function may be called from any thread. Changes go
// through commit() and claim(), which are answered on a thread of the store's: an answer must be short and must not
// call back into the store synchronously except commit()/claim() (they only queue). Failure: a batch that the store
// refuses is answered with the reason; an fsync error ends the process, because a later fsync may claim success for
// lost data. Functions that look throw std::runtime_error where the store cannot be read.
//
// A second store implements this class and stands beside open_sqlite_message_box with an open function of its own;
// nothing outside this folder knows which one it is. message_box_conformance_test.cpp has every promise made here, and
// takes any store (conformance_store.hpp); reference_box.hpp there is the smallest that keeps them all, with leases
// between several hosts. What such a store has to bring besides:
//  - each host that opens it is somebody else: a claim belongs to the host that made it, and when its lease is over it
//    is given to whoever asks, with a crash counted and a new epoch. The old holder's results are then `lost`.
//  - an ordered port (each key of it) is leased as a whole: nothing of it is given to another host while one of it is
//    in flight anywhere.
//  - sequences are given when a publication becomes visible, by one counter for all hosts.
//  - whatever makes a delivery due for this host and was done by another (a publication, a resumption, a lease that
//    ended) is told to the function given to on_due().
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "message/context.hpp"
#include "message/part.hpp"

namespace hawser::engine {

using delivery_id = std::int64_t;  // one message's passage through one port (BizTalk: service instance)

// ---- What is published -------------------------------------------------------------------------------------------

// A body that was staged: durable with the commit that names it, and removed by the store if no commit ever does.
struct staged_body {
    std::int64_t id = 0;
    std::uint64_t size = 0;
};

// A part of a message that is in the box, and stays until this commit: it is stored once, however many messages have
// it.
struct stored_part {
    std::int64_t sequence = 0;  // the message's order of publication
    std::size_t index = 0;
};

struct new_part {
    part_info info;
    // The bytes themselves (at most inline_body_size_max), a staged body, or one that another message has.
    std::variant<std::string, staged_body, stored_part> body;
};

struct new_delivery {
    std::string port;
    std::uint8_t priority = 5;     // 1 is the most urgent, 10 the least
    std::int64_t due_unix_ms = 0;  // not to be claimed before
    bool is_ordered = false;       // claimed one at a time, in order of publication, with those of the same …
    std::string order_key;         // … key on this port (a dynamic port's location); "" = all of them. None
                                   // passes one that waits for its time, whatever the clock says
    // The stopped send port group that it waits for; "" = none. One that is held is queued, and not claimed until it is
    // released: with its group, or alone by a resume.
    std::string held_for = {};
};

struct publication {
    std::string message_id;      // UUID, BTS.MessageID
    std::string key;             // the client's idempotency key; "" = none
    std::string content_sha256;  // 32 bytes over parts and properties as submitted; compared when the key is known
    std::int64_t published_unix_ms = 0;
    message_context context;
    std::vector<new_part> parts;
    std::vector<new_delivery> deliveries;  // one for each matching subscriber, at least one
};

// ---- Claims -------------------------------------------------------------------------------------------------------

// Held by whoever works on a delivery. A result that carries a stale epoch is answered `lost` and changes nothing.
struct claim_token {
    delivery_id delivery = 0;
    std::uint64_t epoch = 0;

    auto operator<=>(const claim_token&) const = default;
};

// Where a delivery is in its retries; written by delivery, kept by the store, opaque to it.
struct attempt_state {
    std::uint32_t attempt = 0;         // attempts so far, on this transport
    std::uint32_t total_attempts = 0;  // over both transports
    bool is_on_backup = false;
    std::string resume_state;  // opaque, at most 1 MiB; belongs to resume_scope
    std::string resume_scope;  // adapter + transport + address
};

struct claimed_delivery {
    claim_token token;
    std::string port;
    std::string message_id;  // BTS.MessageID
    std::string unique_id;   // UUID, fixed per delivery: the Message-ID is made of it
    std::int64_t published_unix_ms = 0;
    std::int64_t sequence = 0;      // order of publication
    std::uint32_t crash_count = 0;  // hosts that died while this was in flight
    bool was_resumed = false;       // by an operator, who knows its age
    attempt_state state;
    message_context context;  // with the delivery's overlay, if it was edited
    std::vector<part_info> parts;
    std::vector<std::optional<std::string>> inline_bodies;  // by part; nullopt = read it with open_body
};

struct port_claim {
    std::string port;
    std::uint32_t count_max = 1;
    bool is_ordered = false;
    bool only_on_backup = false;    // those alone that have gone over to the backup transport; not with is_ordered
    bool stops_on_failure = false;  // one that is suspended, and may be resumed, holds back those of its key
};

struct attempt_record {  // one line of a delivery's history
    std::uint32_t attempt = 0;
    std::int64_t started_unix_ms = 0;
    std::int64_t ended_unix_ms = 0;
    std::string transport;  // "SMTP mailto:ap@partner.example"
    std::string verdict;    // delivered, retry, failed, partial, crashed, cancelled
    std::string code;       // stable code, "smtp.recipient-refused"
    std::string text;       // for a person; quoted, sanitised and capped by whoever made it
};

// ---- Tracking -------------------------------------------------------------------------------------------------------

// What is kept of a delivery that ends, in the commit that ends it, until the retention removes it. Its history stays
// with it.
struct tracked_delivery {
    bool keeps_context = false;  // as it was before the pipeline: published, or edited since
    bool keeps_parts = false;    // as published: they stay in the box
    std::optional<message_context> context_after;
    // What the adapter was given to transmit: the bytes (at most inline_body_size_max), or a staged body.
    std::optional<std::variant<std::string, staged_body>> body_after;
};

// The oldest are removed first, where either limit is passed. Bytes are those of contexts and bodies; parts that open
// deliveries need do not count.
struct tracking_retention {
    std::int64_t age_ms = std::int64_t{30} * 24 * 3600 * 1000;  // since the delivery ended
    std::uint64_t size_bytes = 10'000'000'000;                  // of the whole box
};

// ---- The operations of a commit -----------------------------------------------------------------------------------

struct publish_operation {
    publication message;
};
struct complete_operation {
    claim_token token;
    attempt_record record;  // verdict delivered; another one where a failed-message publication takes its place
    std::optional<tracked_delivery> tracked = {};
};
struct reschedule_operation {
    claim_token token;
    std::int64_t due_unix_ms = 0;
    attempt_state state;
    attempt_record record;
};
struct release_operation {  // given back untried: no attempt is counted
    claim_token token;
    std::int64_t due_unix_ms = 0;  // not to be claimed before; 0 = at once
};
struct suspend_operation {
    claim_token token;
    bool is_resumable = true;
    std::string code;
    std::string text;
    attempt_state state;
    attempt_record record;
};
struct checkpoint_operation {
    claim_token token;
    std::string resume_state;
    std::string resume_scope;
};
struct renew_operation {
    claim_token token;
};  // the claim lasts lease_ms() from now; lost = another host may have the delivery: stop sending
struct port_state_operation {
    std::string port;  // or the group: ports and groups of the same name are two
    std::string state;
    std::string declared;
    bool is_group = false;
};  // bound, stopped, started; what the bindings said
// Its retries begin anew, on the primary transport, unless it has a resume state: that belongs to the transport that it
// is on, and there it stays.
struct resume_operation {
    delivery_id delivery = 0;
    std::int64_t due_unix_ms = 0;
    std::optional<message_context> overlay;
};
struct terminate_operation {
    delivery_id delivery = 0;
    std::optional<tracked_delivery> tracked = {};
};  // suspended or queued, never one in flight

// From now on these properties, and no others, are indexed: messages are found by them at once. At most
// indexed_value_size_max bytes of a value are; listings know the messages published before by their contexts.
struct index_operation {
    std::vector<std::string> properties;
};

// Releases the oldest of those that are held for this group, at most so many: they may then be claimed, in the order of
// publication that they have. The answer's count says how many; where it is count_max there may be more.
struct release_held_operation {
    std::string group;
    std::uint32_t count_max = 0;
};

// Suspends (resumable, with this code and text) those that wait for an attempt: of a port, held or not, or those that
// are held for a group. At most so many, and the answer's count says how many, as above.
struct suspend_waiting_operation {
    std::string port;   // or …
    std::string group;  // … where the port is ""
    std::string code;
    std::string text;
    std::uint32_t count_max = 0;
};

using operation =
    std::variant<publish_operation, complete_operation, reschedule_operation, release_operation, suspend_operation,
                 checkpoint_operation, renew_operation, port_state_operation, resume_operation, terminate_operation,
                 index_operation, release_held_operation, suspend_waiting_operation>;

enum class commit_status : std::uint8_t {
    done = 1,
    already_published,  // the key is known with the same content: message_id names the first one
    key_conflict,       // the key is known with other content: nothing was stored
    lost,               // a claim's epoch is stale: somebody else has the delivery, or it has ended
    not_found,          // no such delivery, or not in a state that allows the operation
    refused,            // the store cannot take it now (a limit, disk full, read-only): nothing was stored; try again
};

struct commit_answer {
    commit_status status = commit_status::done;
    std::string message_id;   // with already_published
    std::string text;         // why, for a person
    std::uint64_t count = 0;  // of deliveries that were released or suspended
};

// ---- Looking at the box --------------------------------------------------------------------------------------------

enum class delivery_state : std::uint8_t {
    queued = 1,
    retrying,
    active,
    suspended,
    suspended_not_resumable,
    // Of deliveries that have ended, and are tracked:
    delivered,
    terminated,
    failed,  // published as a failed message instead
};

constexpr bool has_ended(delivery_state state) noexcept { return state >= delivery_state::delivered; }

struct delivery_summary {
    delivery_id id = 0;
    std::string message_id;
    std::string unique_id;
    std::string port;
    delivery_state state = delivery_state::queued;
    std::int64_t published_unix_ms = 0;
    std::int64_t due_unix_ms = 0;
    std::uint32_t attempts = 0;
    std::uint64_t size = 0;  // all parts, bytes
    std::string code;        // of the last attempt or of the suspension
    std::string text;
    std::int64_t ended_unix_ms = 0;  // 0 = it has not
    std::string held_for = {};       // the group that it waits for; "" = it is not held
    // The suspended one that holds back those of its order key where the port stops on failures: itself, or the one
    // that this waits for. 0 = none, or none among the first ones that are suspended on the port.
    delivery_id order_holder = 0;
};

struct delivery_detail {
    delivery_summary summary;
    std::int64_t sequence = 0;
    message_context context;       // of one that has ended: before the pipeline; empty where it is not kept
    std::vector<part_info> parts;  // of one that has ended: empty where they are not kept
    std::vector<attempt_record> history;
    std::optional<message_context> context_after;  // of one that has ended, where it is kept
    std::optional<std::uint64_t> size_after;       // of the body after the pipeline, where it is kept
};

// Which deliveries are wanted: those that fit everything that is said here, in order of publication. Those that have
// ended are given where their state is asked for, or where ids, message_id or unique_id name them.
struct delivery_filter {
    std::string port;                     // "" = all
    std::optional<delivery_state> state;  // suspended: resumable or not
    std::string message_id;               // BTS.MessageID; "" = all
    std::string unique_id;                // of one delivery; "" = all. Looks at every delivery until it is found
    std::vector<delivery_id> ids;         // only these; empty = all
    std::string error;                    // part of the code or text, A-Z as a-z; "" = all
    std::vector<std::pair<std::string, std::string>> properties;  // name and value, of the context as it is now
    std::optional<std::int64_t> published_from_unix_ms;           // not before
    std::optional<std::int64_t> published_before_unix_ms;         // before
    delivery_id after = 0;                                        // for paging: ids above this one
    std::uint32_t count_max = 100;
};

// What publications may not pass; 0 = no limit. A publication that comes when it is reached is refused; results, and
// what is published together with one, never are.
struct box_limits {
    // Deliveries that wait for an attempt or are in one. Suspended ones do not count: they wait for a person, and would
    // stop everybody else's messages.
    std::uint64_t queue_depth_max = 0;
    std::int64_t disk_free_min_bytes = 0;  // on the box's disk; also for bodies that are staged
};

struct port_counts {
    std::string port;
    std::uint64_t queued = 0;
    std::uint64_t retrying = 0;
    std::uint64_t active = 0;
    std::uint64_t suspended = 0;
};

struct held_count {
    std::string group;
    std::uint64_t held = 0;
};

struct port_state_record {
    std::string port;  // or the group
    std::string state;
    std::string declared;
    bool is_group = false;
};

class body_reader {  // forward only, one reader; each read is its own short statement
public:
    virtual ~body_reader() = default;
    virtual std::size_t read(void* buffer, std::size_t capacity) = 0;  // 0 = end; throws std::runtime_error on damage
};

class body_stager {  // one thread at a time; destroyed without finish() = removed again
public:
    virtual ~body_stager() = default;
    virtual result<void> append(const void* bytes, std::size_t size) = 0;  // refused: disk full, watermark
    virtual result<void> flush() = 0;                                      // durable; finish() then waits no more
    virtual result<staged_body> finish() = 0;
};

inline constexpr std::size_t inline_body_size_max = 64 * 1024;
inline constexpr std::size_t indexed_value_size_max = 255;  // a longer one is looked for in the contexts
// One that was in flight in two crashes waits before its next attempt, so that a host which is killed three times in a
// row does not make a culprit of a message that only happened to be the first each time.
inline constexpr std::int64_t second_crash_wait_ms = 5000;
inline constexpr std::uint32_t crash_count_max = 3;

enum class room_line : std::uint8_t {  // of those that wait for room
    is_joined = 1,                     // behind the others
    was_passed                         // wait_for_room has returned since
};

class message_box {
public:
    virtual ~message_box() = default;

    // All operations of the batch or none of them, durable before the answer. Batches are grouped into one transaction,
    // each in its own savepoint. Publications of one caller are applied in the order of the calls, and so is everything
    // else; claims, results and what operators change may overtake publications, which they make room for. A batch that
    // releases what is held or suspends what waits, and an empty one, is applied when all that was asked for before it
    // has been, by whomever: it sees every publication whose commit() or try_commit() has returned.
    // Blocks while too many publications wait (never on the store's own threads): a publisher is slowed down before
    // memory is used up. A batch with a result never blocks, nor does a claim.
    // Bodies that a publication staged are removed where it is not answered `done`; those of a refused result are kept
    // for the time when it is offered again.
    virtual void commit(std::vector<operation> batch, std::function<void(const commit_answer&)> answer) = 0;

    // The same, but never blocks: false where commit() would, and batch and answer are as they were. For those that
    // hold a lock which an answer may want: they let it go, wait_for_room, and try again.
    virtual bool try_commit(std::vector<operation>& batch, std::function<void(const commit_answer&)>& answer,
                            room_line line) = 0;
    virtual void wait_for_room(const std::vector<operation>& batch) = 0;  // never on the store's own threads

    // Takes up to count_max due deliveries of each port, by priority and then order of publication, with a share of
    // them (one in eight) for the oldest whatever their priority; an ordered port is leased as a whole: it gives one at
    // a time and none while one is active, retrying or blocking. Where it has several order keys each gives one at a
    // time, and they take turns. One with a crash count comes alone in an answer, so that nothing else counts a crash
    // if it kills the host. Those of a crash count >= crash_count_max are given too: delivery suspends them.
    virtual void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms,
                       std::function<void(result<std::vector<claimed_delivery>>)> answer) = 0;

    // How long a claim lasts unless renew_operation prolongs it; 0 = until this process ends (a store with one owner).
    virtual std::int64_t lease_ms() const noexcept = 0;

    // Told, on a thread of the store's, that something of this port may be due that this process did not do itself.
    // A store with one owner never tells. An empty function ends it: when this returns, the old one is not called any
    // more.
    virtual void on_due(std::function<void(const std::string& port)> tell) = 0;

    // The earliest due time among the deliveries of these ports that wait for one; nullopt = none. Those that may be
    // claimed already do not count: claim gives them, or they wait for another delivery of an ordered port. Does not
    // throw: where the store cannot be read, the answer is to look again in a second.
    virtual std::optional<std::int64_t> next_due(const std::vector<std::string>& ports) = 0;

    virtual std::unique_ptr<body_stager> stage_body() = 0;
    virtual void discard_body(const staged_body& body) noexcept = 0;  // one that no commit will ever name
    virtual std::unique_ptr<body_reader> open_body(
        std::int64_t sequence, std::size_t part_index) = 0;  // of a message, by its order of publication
    // Of one that has ended: after the pipeline. Throws std::runtime_error where it is not kept (any more).
    virtual std::unique_ptr<body_reader> open_tracked_body(delivery_id id) = 0;

    // In force from now on, and nothing is removed before the first call; removed in small pieces, mostly while nothing
    // else is to be written.
    virtual void set_retention(const tracking_retention& limits) = 0;

    virtual void set_limits(const box_limits& limits) = 0;  // in force from now on; none before the first call

    // What keeps the box from taking messages or giving them out now, for a person; empty = nothing. At once.
    virtual std::vector<std::string> warnings() = 0;

    virtual std::vector<delivery_summary> list(const delivery_filter& filter) = 0;
    virtual std::optional<delivery_detail> show(delivery_id id) = 0;
    virtual std::vector<port_counts> counts() = 0;      // those that are held are queued
    virtual std::vector<held_count> held_counts() = 0;  // of the groups that something is held for
    virtual std::vector<port_state_record> port_states() = 0;
};

// Opens (creates, migrates forward) the box at `path`, takes its owner lock `<path>.lock` by flock, and counts a crash
// for whatever was in flight when its last owner died. Codes: box.locked (another process owns it), box.newer-schema,
// box.not-a-box, box.damaged, box.io. `lock_wait_ms` = how long to wait for another owner to go.
result<std::unique_ptr<message_box>> open_sqlite_message_box(const std::string& path, std::int64_t lock_wait_ms);

}  // namespace hawser::engine
