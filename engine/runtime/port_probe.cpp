// The embedding API's probe: asks a port's adapters what a delivery would meet.
#include "hawser/host.hpp"
#include "plugins/bridge/delivery_handle.hpp"
#include "plugins/bridge/guard.hpp"
#include "runtime/offline_port.hpp"

namespace hawser {
namespace engine {
namespace {

// What an adapter's probe has for a delivery: context and secrets, and no body.
class probe_handle final : public delivery_handle {
public:
    explicit probe_handle(const offline_port::prepared& what) : what_(what) {}
    working_message& message() noexcept override { return *what_.message; }
    const working_message& message() const noexcept override { return *what_.message; }
    std::int64_t body_read(void*, std::uint64_t, const hawser_error*) override { return HAWSER_MISUSE; }
    void body_on_ready(hawser_callback callback, void* user) override { callback(user); }
    std::int64_t body_size() const override { return -1; }
    std::string_view resume_state() const override { return {}; }
    void checkpoint(std::string_view, hawser_checkpoint_done done, void* user) override { done(user, HAWSER_MISUSE); }
    void complete(const hawser_outcome&) override {}
    std::int64_t number() const noexcept override { return 0; }
    const std::string* secret(std::string_view name) override {
        return what_.to.transport->find_secret(name, what_.message->context());
    }

private:
    const offline_port::prepared& what_;
};

struct probe_under_way {
    probe_answer& answer;
    std::string transport;

    void add(finding_kind kind, std::string topic, std::string text) {
        answer.findings.push_back({kind, transport, std::move(topic), std::move(text)});
        if (kind == finding_kind::error) {
            answer.code = answer_code::suspended;
        }
    }
    static void take(void* self, std::uint32_t kind, hawser_string topic, hawser_string text) noexcept {
        try {
            static_cast<probe_under_way*>(self)->add(kind == HAWSER_FOUND_ERROR     ? finding_kind::error
                                                     : kind == HAWSER_FOUND_WARNING ? finding_kind::warning
                                                                                    : finding_kind::fact,
                                                     std::string(from_abi(topic)), std::string(from_abi(text)));
        } catch (...) {  // out of memory: one finding fewer
        }
    }
};

void probe_transport(const offline_port& port, const submission& submitted, bool is_backup, probe_answer& answer) {
    probe_under_way probe{answer, is_backup ? "backup" : "primary"};
    const result<offline_port::prepared> made = port.prepare(submitted, is_backup);
    if (!made) {
        probe.add(finding_kind::error, made.error().code, made.error().text);
        return;
    }
    probe_handle handle(*made);
    const hawser_finding_sink sink{&probe, &probe_under_way::take};
    std::string error;
    const hawser_status status = made->to.transport->adapter->probe(handle.abi(), sink, error);
    if (status == HAWSER_UNSUPPORTED && error.empty()) {
        error = "the adapter " + made->to.transport->type + " cannot be probed";
    }
    if (status < 0) {
        probe.add(finding_kind::error, "probe", error.empty() ? "the adapter gave no reason" : error);
    }
}

probe_answer probe_port(const loaded_configuration& loaded, const send_port_binding& binding, const std::string& type,
                        const submission& submitted) {
    const offline_port port(loaded, binding);
    const send_port_runtime& runtime = port.runtime();
    probe_answer answer;
    bool is_probed = false;
    if (runtime.is_dynamic || runtime.primary.type == type) {
        probe_transport(port, submitted, false, answer);
        is_probed = true;
    }
    if (!runtime.is_dynamic && runtime.backup && runtime.backup->type == type) {
        probe_transport(port, submitted, true, answer);
        is_probed = true;
    }
    if (!is_probed) {
        return {
            answer_code::bad_input, "no transport of the send port \"" + runtime.name + "\" is of type " + type, {}};
    }
    return answer;
}

}  // namespace
}  // namespace engine

probe_answer probe(const configuration& loaded, const std::string& type, const submission& message) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    const send_port_binding* found = find_port(own, message.port);
    if (found == nullptr) {
        return {answer_code::no_subscriber, "there is no send port \"" + message.port + '"', {}};
    }
    try {
        return probe_port(own, *found, type, message);
    } catch (const std::exception& failure) {
        return {answer_code::bad_input, failure.what(), {}};
    }
}

}  // namespace hawser
