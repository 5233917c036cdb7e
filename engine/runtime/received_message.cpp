#include "runtime/received_message.hpp"

#include "base/log.hpp"
#include "pipeline/spool.hpp"
#include "runtime/content_digest.hpp"
#include "runtime/submitted_part.hpp"

namespace hawser::engine {

// ---- Cancelling ----

void messages_under_way::add(working_message& one) {
    const std::lock_guard lock(mutex_);
    all_.insert(&one);
    if (is_cancelled_) {
        one.cancel_state().cancel();
    }
}

void messages_under_way::remove(working_message& one) {
    const std::lock_guard lock(mutex_);
    all_.erase(&one);
}

void messages_under_way::cancel() {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    for (working_message* one : all_) {
        one->cancel_state().cancel();
    }
}

// ---- What was submitted ----

struct submitted_bodies::state {
    body_stream bytes;
    content_digest digest;
    std::string failure;

    std::size_t read(void* buffer, std::size_t capacity) {
        try {
            const std::size_t size = bytes.read(buffer, capacity);
            digest.add({static_cast<const char*>(buffer), size});
            return size;
        } catch (const stream_failure& failed) {
            failure = failed.what();
            throw;
        }
    }
};

class submitted_bodies::source final : public stream_source {
public:
    explicit source(state& from) : from_(from) {}
    std::size_t read(void* buffer, std::size_t capacity) override { return from_.read(buffer, capacity); }
    std::int64_t size_hint() const override { return from_.bytes.size_hint(); }

private:
    state& from_;
};

submitted_bodies::submitted_bodies(const submission& message, const std::string& spool_folder) {
    for (const submission_part& part : message.parts) {
        auto one = std::make_unique<state>();
        one->bytes = body_stream(open_submitted(part));
        if (may_wait(part)) {
            one->bytes = spool_body(std::move(one->bytes), spool_folder);
        }
        parts_.push_back(std::move(one));
    }
}

submitted_bodies::~submitted_bodies() = default;

hawser_stream submitted_bodies::open(std::size_t part_index) {
    return make_stream(std::make_unique<source>(*parts_.at(part_index)));
}

const std::string& submitted_bodies::failure() const noexcept {
    static const std::string none;
    for (const auto& one : parts_) {
        if (!one->failure.empty()) {
            return one->failure;
        }
    }
    return none;
}

std::vector<std::string> submitted_bodies::finish() {
    std::vector<std::string> digests;
    std::string buffer(64 * 1024, '\0');
    for (const auto& one : parts_) {
        while (one->read(buffer.data(), buffer.size()) > 0) {
        }
        digests.push_back(one->digest.finish());
    }
    return digests;
}

// ---- Receiving ----

namespace {

class under_way_entry {
public:
    under_way_entry(messages_under_way& all, working_message& one) : all_(all), one_(one) { all_.add(one_); }
    ~under_way_entry() { all_.remove(one_); }
    under_way_entry(const under_way_entry&) = delete;
    under_way_entry& operator=(const under_way_entry&) = delete;

private:
    messages_under_way& all_;
    working_message& one_;
};

bool is_transient(hawser_status status) {
    return status == HAWSER_TRY_LATER || status == HAWSER_IO || status == HAWSER_CANCELLED;
}

constexpr const char* plugin_misbehaved = "plugin.misbehaved";

enum class refusal_kind : std::uint8_t { for_good = 1, for_now };

unexpected<error> refuse(const receive_port_runtime& port, const receive_environment& environment, refusal_kind kind,
                         const std::string& reason) {
    log::warning(kind == refusal_kind::for_good ? "a message was refused" : "a message cannot be received now",
                 {{"receivePort", port.name}, {"message", environment.message_id}, {"reason", reason}});
    const std::string who = "the receive port \"" + port.name + '"';
    return kind == refusal_kind::for_good
               ? fail("bad_input", who + " refused the message: " + reason + "; nothing was stored")
               : fail("not_accepted",
                      who + " cannot take the message now: " + reason + "; nothing was stored, try again");
}

// Those that were submitted, as the components left them, then those that components added while they were read.
result<std::vector<part_info>> read_parts(working_message& message, const part_reader& read_part) {
    for (std::size_t i = 0; i < message.parts().size(); ++i) {
        result<hawser_stream> taken = message.take_body(static_cast<std::uint32_t>(i));
        if (!taken) {
            return fail(plugin_misbehaved, taken.error().text);
        }
        body_stream body(*taken);
        if (result<void> done = read_part(body); !done) {
            return unexpected{std::move(done).error()};
        }
    }
    std::vector<part_info> infos = message.parts();
    for (added_part& one : message.take_added_parts()) {
        if (result<void> done = read_part(one.body); !done) {
            return unexpected{std::move(done).error()};
        }
        infos.push_back(std::move(one.info));
    }
    if (!message.violation().empty()) {
        return fail(plugin_misbehaved, message.violation());
    }
    return infos;
}

}  // namespace

result<received_message> receive_message(const receive_port_runtime& port, message_context context,
                                         std::vector<part_info> parts, submitted_bodies& bodies,
                                         const receive_environment& environment, const part_reader& read_part) {
    working_message message(
        port.environment, {environment.message_id, environment.message_id, environment.received_unix_ms, 1},
        std::move(context), std::move(parts), [&bodies](std::size_t index) { return bodies.open(index); });
    message.accept_parts();
    const under_way_entry entry(environment.under_way, message);
    try {
        if (const auto failure = port.pipeline->run(message, {}, {})) {
            return refuse(port, environment, failure->is_transient ? refusal_kind::for_now : refusal_kind::for_good,
                          failure->text);
        }
        result<std::vector<part_info>> read = read_parts(message, read_part);
        if (!read) {
            return read.error().code == plugin_misbehaved
                       ? refuse(port, environment, refusal_kind::for_good, read.error().text)
                       : unexpected{std::move(read).error()};
        }
        return received_message{message.context(), std::move(*read)};
    } catch (const stream_failure& failure) {
        if (!bodies.failure().empty()) {  // no component's fault
            return fail("bad_input", bodies.failure());
        }
        return refuse(port, environment,
                      is_transient(failure.status()) ? refusal_kind::for_now : refusal_kind::for_good,
                      printable(failure.what(), 2048));
    }
}

}  // namespace hawser::engine
