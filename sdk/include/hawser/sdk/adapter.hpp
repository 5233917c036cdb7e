// The base of a send adapter, the delivery it answers, and the outcome it answers with. A class derives from
// send_adapter and has a static constexpr adapter_info `info`, and spec(), constructor and validate() as components
// have (component.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/message.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class verdict : std::uint32_t {
    delivered = HAWSER_DELIVERED,
    retry = HAWSER_RETRY,
    rejected = HAWSER_REJECTED,
    partial = HAWSER_PARTIAL
};

struct recipient_result {
    std::string address;
    sdk_1::verdict verdict = verdict::retry;
    std::uint32_t reply_code = 0;
    std::string enhanced_status;
    std::string text;
};

struct outcome {
    sdk_1::verdict verdict = verdict::retry;
    std::string code;  // stable: "smtp.recipient-refused"
    std::string text;  // a sentence for a person
    std::uint32_t reply_code = 0;
    std::string enhanced_status;
    bool is_endpoint_down = false;
    bool is_maybe_duplicate = false;
    bool is_not_begun = false;  // with a retry: nothing was tried, the attempt does not count
    std::int64_t not_before_unix_ms = 0;
    std::vector<recipient_result> recipients;
    std::string resume_state;
};

// What a delivery or a probe works with: the message's context, and the secrets of its port.
class delivery_context {
public:
    delivery_context(hawser_delivery* abi, const sdk_1::host& host)
        : abi_(abi), host_(host), api_(host.service<hawser_delivery_api>(HAWSER_DELIVERY)) {}

    hawser_delivery* abi() const noexcept { return abi_; }
    const sdk_1::host& host() const noexcept { return host_; }
    sdk_1::message message() const { return {api_->message(abi_), host_}; }
    // "" where none is configured, or where it belongs to another server (HAWSER_SPEC_GUARDS_SECRETS).
    std::string secret(std::string_view name) const {
        hawser_string value{};
        const auto* secrets = host_.service<hawser_secrets_api>(HAWSER_SECRETS);
        return secrets->get(host_.abi(), abi_, detail::to_abi(name), &value) < 0 ? std::string{}
                                                                                 : std::string(detail::from_abi(value));
    }

protected:
    ~delivery_context() = default;
    hawser_delivery* abi_;
    sdk_1::host host_;
    const hawser_delivery_api* api_;
};

// One call of transmit, until complete. Move-only; one that is dropped uncompleted is answered "plugin misbehaving".
class delivery final : public delivery_context {
public:
    using delivery_context::delivery_context;
    delivery(delivery&& other) noexcept : delivery_context(other) { other.abi_ = nullptr; }
    delivery& operator=(delivery&&) = delete;
    ~delivery() {
        if (abi_ != nullptr) {
            outcome dropped;
            dropped.code = "plugin.misbehaving";
            dropped.text = "plugin misbehaving: the adapter dropped a delivery without an outcome";
            complete(dropped);
        }
    }

    // > 0 bytes, 0 end, HAWSER_WOULD_BLOCK, or < 0: the body failed (error says why): break off and complete.
    std::int64_t body_read(void* buffer, std::size_t capacity, std::string& error) {
        detail::error_sink sink;
        const std::int64_t size = api_->body_read(abi_, buffer, capacity, sink.abi());
        if (size < 0) {
            error = sink.text();
        }
        return size;
    }
    void body_on_ready(hawser_callback callback, void* user) { api_->body_on_ready(abi_, callback, user); }
    std::int64_t body_size() const { return api_->body_size(abi_); }
    std::string_view resume_state() const { return detail::from_abi(api_->resume_state(abi_)); }
    void checkpoint(std::string_view state, hawser_checkpoint_done done, void* user) {
        api_->checkpoint(abi_, detail::to_abi(state), done, user);
    }
    bool is_cancelled() const { return api_->is_cancelled(abi_) != 0; }
    void on_cancel(hawser_callback callback, void* user) { api_->on_cancel(abi_, callback, user); }
    void complete(const outcome& result) {
        std::vector<hawser_recipient_result> recipients;
        recipients.reserve(result.recipients.size());
        for (const recipient_result& one : result.recipients) {
            recipients.push_back({detail::to_abi(one.address), static_cast<std::uint32_t>(one.verdict), one.reply_code,
                                  detail::to_abi(one.enhanced_status), detail::to_abi(one.text)});
        }
        hawser_outcome out{};
        out.struct_size = sizeof out;
        out.verdict = static_cast<std::uint32_t>(result.verdict);
        out.flags = (result.is_endpoint_down ? HAWSER_ENDPOINT_DOWN : 0U) |
                    (result.is_maybe_duplicate ? HAWSER_MAYBE_DUPLICATE : 0U) |
                    (result.is_not_begun ? HAWSER_NOT_BEGUN : 0U);
        out.reply_code = result.reply_code;
        out.not_before_unix_ms = result.not_before_unix_ms;
        out.code = detail::to_abi(result.code);
        out.enhanced_status = detail::to_abi(result.enhanced_status);
        out.text = detail::to_abi(result.text);
        out.recipients = recipients.data();
        out.recipient_count = recipients.size();
        out.resume_state = detail::to_abi(result.resume_state);
        api_->complete(std::exchange(abi_, nullptr), &out);
    }
};

// A probe's delivery: it has no body, and nobody completes it.
class probed_delivery final : public delivery_context {
public:
    using delivery_context::delivery_context;
};

// What a probe finds, for a person (hawser_probe).
class findings {
public:
    explicit findings(const hawser_finding_sink* sink) : sink_(sink) {}
    void fact(std::string_view topic, std::string_view text) { add(HAWSER_FOUND_FACT, topic, text); }
    void warning(std::string_view topic, std::string_view text) { add(HAWSER_FOUND_WARNING, topic, text); }
    void error(std::string_view topic, std::string_view text) { add(HAWSER_FOUND_ERROR, topic, text); }

private:
    void add(std::uint32_t kind, std::string_view topic, std::string_view text) {
        sink_->add(sink_->self, kind, detail::to_abi(topic), detail::to_abi(text));
    }
    const hawser_finding_sink* sink_;
};

struct adapter_info {
    const char* id;  // "SMTP"
    const char* version;
    const char* summary;
    const char* property_namespace;  // "SMTP"
    const char* address_scheme;      // "mailto"
    std::uint32_t flags = 0;         // HAWSER_FLAG_BLOCKING
    std::uint32_t max_in_flight = 0;
};

class send_adapter {
public:
    virtual ~send_adapter() = default;
    virtual void transmit(delivery one) = 0;
    virtual void preview(message&, std::string&) {}  // what a transmission would use besides the body
    virtual bool has_composer() const { return false; }
    virtual void compose(message&) {}  // hawser.composer/1, where has_composer
    virtual bool has_probe() const { return false; }
    virtual void probe(const probed_delivery&, findings&) {}  // hawser.probe/1, where has_probe
    virtual void stop() {}
};

}  // namespace sdk_1
}  // namespace hawser
