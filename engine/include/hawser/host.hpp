// The embedding API: load a bindings file, run a host in your own process, submit messages to it, look after its queue.
//
//     hawser::load_result loaded = hawser::load("bindings.json");
//     hawser::opened<hawser::host> host = hawser::open_host(*loaded.value, {});
//     host.value->start();
//     host.value->submit(submission, {.wait = hawser::wait_for::first_attempt});
//     host.value->stop();
//
// Threads: every function may be called from any thread; blocking ones say so. Ownership: a configuration outlives the
// hosts opened with it. Failure: std::runtime_error where nothing sensible can be answered (box damaged, I/O error).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser {

const char* version() noexcept;  // "0.1.0"

// A checked bindings file with its plugins loaded.
class configuration {
public:
    virtual ~configuration() = default;
    virtual std::string json_schema() const = 0;
    virtual std::vector<plugin_help> plugins() const = 0;
    virtual std::string message_box_path() const = 0;
    virtual configuration_summary summary() const { return {}; }
};

struct load_options {
    std::vector<std::string> overlays;        // JSON merge patches, laid over the bindings in this order
    std::vector<std::string> plugin_folders;  // searched before the built-in ones
    bool opens_tokens = false;                // looks into PKCS#11 tokens too, for which it logs in to them
};

struct load_result {
    std::unique_ptr<configuration> value;  // null where there is an error
    std::vector<problem> problems;         // errors and warnings, in the order of the file
    std::string message_box_path;          // as far as the bindings could be read; "" = not so far
};

load_result load(const std::string& bindings_path, const load_options& options = {});

// The schema and help of plugins without a bindings file: the built-in names ("smtp", "smime") or paths.
load_result load_plugins(const std::vector<std::string>& names, const load_options& options = {});

// What clients do with a message box, in this process (host) or through a running host's socket (connect).
class bus {
public:
    virtual ~bus() = default;
    virtual submit_answer submit(const submission& message, const submit_options& options) = 0;  // blocks
    virtual std::vector<message_summary> list(const message_filter& filter) = 0;
    virtual std::vector<message_detail> show(
        const std::string& id) = 0;  // delivery number, or message id: all its deliveries
    // Each delivery is changed by itself: what cannot be (it is being sent, it has gone) is named in `skipped`. A
    // filter that says nothing but where to begin is refused (bad_input): who means everything says a state.
    virtual change_answer resume(const message_filter& which, const message_edits& edits) = 0;
    virtual change_answer terminate(const message_filter& which) = 0;
    // Part "" = the body part; after the pipeline there is one body and no parts.
    virtual change_answer save(std::int64_t delivery, const std::string& part, content_point point, int descriptor) = 0;
    virtual std::vector<port_summary> ports() = 0;
    virtual change_answer set_port_state(const std::string& port,
                                         const std::string& action) = 0;  // enlist, start, stop, unenlist
    virtual std::vector<group_summary> groups() = 0;
    virtual std::vector<receive_port_summary> receive_ports() = 0;
    // The same for a send port group. Started, it lets go of what was held for it, in order of publication.
    virtual change_answer set_group_state(const std::string& group, const std::string& action) = 0;
    // The host reads its own bindings anew, as its program has set up (host_options::on_reload). Blocks.
    virtual reload_answer reload(const reload_options& options) = 0;
    virtual host_status status() = 0;
};

class host;

struct host_options {
    std::int64_t lock_wait_ms = 0;        // for another process to give up the message box
    std::vector<std::string> only_ports;  // deliver for these ports alone; empty = all
    bool delivers = true;                 // false: publish and look only (submit, messages)
    bool serves_clients = false;          // open the socket beside the message box (run)
    // How a client's reload gets at the changed bindings: load them, then host::reload(loaded, options). On the
    // client's thread. Empty: such a reload is refused.
    std::function<reload_answer(host&, const reload_options&)> on_reload = {};
};

class host : public bus {
public:
    virtual void start() = 0;  // begins to deliver; a host that was stopped stays so
    // Takes no more, drains, cancels; -1 = the bindings' grace time. Blocks until submit_async has answered everything,
    // so not from such an answer; a further caller until the first has ended.
    virtual void stop(std::int64_t grace_ms = -1) = 0;
    // Answers on an engine thread once the message is durable or refused: keep it short. What `answer` throws is logged
    // and goes no further. Bodies in memory only; they have been taken when this returns. Blocks while too many wait to
    // be durable, but not on an engine thread.
    virtual void submit_async(const submission& message, std::function<void(const submit_answer&)> answer) = 0;
    // Waits until nothing is in flight and nothing is due. Blocks.
    virtual void drain() = 0;

    // Puts changed bindings in force while the host runs, whole or not at all; no message is lost, repeated or taken
    // out of order by it. Deliveries under way end as they began. Adapters whose handlers have not changed keep their
    // connections. What was submitted before is routed by the old bindings, what is submitted after by the new ones.
    // The message box must be the same. A port or group with messages is removed only on request. One at a time;
    // blocks, and nothing else waits for it but submissions to a port that is just being removed, and changes of ports'
    // states. The host keeps `changed.value`; the configuration that it was opened with still outlives it. What is
    // refused is logged, with all its problems.
    using bus::reload;
    virtual reload_answer reload(load_result changed, const reload_options& options) = 0;
};

template <typename Value>
struct opened {
    std::unique_ptr<Value> value;
    std::string code;  // "box.locked", "box.newer-schema", "host.not-running", …
    std::string text;
};

opened<host> open_host(const configuration& loaded, const host_options& options);

// The running host of this message box; code "host.not-running" where there is none.
opened<bus> connect(const configuration& loaded);
opened<bus> connect(const std::string& message_box_path);

// What one fresh transmission of `message` through its port would carry: the text, then the content, to `descriptor`.
// With a receive port instead: what its pipeline would publish: the properties, the parts, and the body. Nothing is
// stored and nothing is sent.
change_answer preview(const configuration& loaded, const submission& message, int descriptor);

// Tries the endpoints of a send port as a delivery of `message` (its port and properties; of a dynamic port they say
// where to) would: connects, secures, authenticates, and sends nothing. `type`: the adapter that the port must have.
// Blocks, at most for the adapter's time-outs.
probe_answer probe(const configuration& loaded, const std::string& type, const submission& message);

// The certificates in the configuration's folders as they are now, which ports use them, and what is wrong with them;
// that one ends within `within_ms` is a warning.
certificate_report inspect_certificates(const configuration& loaded, std::int64_t within_ms);

}  // namespace hawser
