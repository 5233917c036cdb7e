// A message in one attempt to deliver it: the working context, the parts' streams, the mail header fields and the
// seals. It is what plugins know as hawser_message. Made by delivery and preview, filled by the pipeline, read by the
// adapter. Thread rule: one thread at a time, but for cancel(), is_cancelled and on_cancel. It owns every stream put
// into it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "message/context.hpp"
#include "message/part.hpp"
#include "plugins/bridge/cancellation.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

class audit_sink;

// What a port lends to its messages; outlives them.
struct message_environment {
    std::string port;
    std::string host_name;
    std::string signing_certificate;                   // thumbprint or file name; "" = none named
    std::vector<std::string> encryption_certificates;  // thumbprints or file names
    std::vector<std::string> attachment_roots;         // absolute folders
    std::string base_directory;                        // of the bindings file: relative paths in it start here
    std::shared_ptr<audit_sink> audit;                 // where it records what it sends; null = nowhere
};

struct mail_header_field {
    std::string name;
    std::string value;
};

// Opens a stored part anew; called on a worker.
using part_opener = std::function<hawser_stream(std::size_t part_index)>;

// A part that a component added, with the stream that its bytes come from.
struct added_part {
    part_info info;
    body_stream body;
};

inline constexpr std::size_t part_text_size_max = 1024;  // of a name, content type, charset or file name
inline constexpr std::size_t mail_header_count_max = 1000;
inline constexpr std::size_t mail_header_value_size_max = 1024 * 1024;

class working_message {
public:
    struct identity {
        std::string message_id;
        std::string unique_id;
        std::int64_t published_unix_ms = 0;
        std::uint32_t attempt = 1;
        std::int64_t begin_before_unix_ms = 0;  // 0 = any time
    };

    working_message(const message_environment& environment, identity who, message_context context,
                    std::vector<part_info> parts, part_opener open_part);
    ~working_message();
    working_message(const working_message&) = delete;
    working_message& operator=(const working_message&) = delete;

    message_context& context() noexcept { return context_; }
    const message_context& context() const noexcept { return context_; }
    const std::vector<part_info>& parts() const noexcept { return parts_; }
    const identity& who() const noexcept { return who_; }
    const message_environment& environment() const noexcept { return environment_; }
    std::vector<mail_header_field>& mail_headers() noexcept { return mail_headers_; }
    const std::vector<mail_header_field>& mail_headers() const noexcept { return mail_headers_; }

    // Bodies. part_index may be HAWSER_BODY_PART.
    result<hawser_stream> take_body(std::uint32_t part_index);
    result<void> put_body(std::uint32_t part_index, const hawser_stream& stream);

    // A receive pipeline may make one message of several parts; a send pipeline's adapter would never see them.
    void accept_parts() noexcept { accepts_parts_ = true; }
    // Behind all others. A name that another part has gets a number. On failure the stream stays the caller's.
    result<void> add_part(part_info info, const hawser_stream& stream);
    std::vector<added_part> take_added_parts() noexcept { return std::exchange(added_, {}); }
    result<void> describe_body(const part_info& as);  // what it is now; its name and properties stay

    // The pipeline tells who is at work, so that what it does can be held to what it declared.
    void begin_component(std::uint32_t descriptor_flags);
    void end_component();
    bool replaced_body() const noexcept { return replaced_body_; }  // by the component at work
    bool report_seal(std::uint32_t seals);                          // false: not allowed to
    std::uint32_t seals() const noexcept { return seals_; }

    // After compose, properties of this namespace ("SMTP") are settled: changing one fails the message.
    void settle(std::string property_namespace) { settled_namespace_ = std::move(property_namespace) + "."; }
    result<void> set_property(std::string_view name, context_property property);
    result<void> erase_property(std::string_view name);
    const std::string& violation() const noexcept {
        return violation_;
    }  // what a plugin did against the contract; "" = nothing

    cancellation& cancel_state() noexcept { return cancel_; }
    const cancellation& cancel_state() const noexcept { return cancel_; }

    hawser_message* abi() noexcept { return reinterpret_cast<hawser_message*>(this); }
    static working_message& from(hawser_message* message) noexcept {
        return *reinterpret_cast<working_message*>(message);
    }
    static const working_message& from(const hawser_message* message) noexcept {
        return *reinterpret_cast<const working_message*>(message);
    }

private:
    struct part_state {
        body_stream replaced;
        bool is_taken = false;
    };
    std::size_t index_of(std::uint32_t part_index) const noexcept;  // parts_.size() = none
    bool is_settled(std::string_view name) const;
    bool has_part(std::string_view name) const;
    result<void> check_part(const part_info& info) const;

    const message_environment& environment_;
    identity who_;
    message_context context_;
    std::vector<part_info> parts_;
    std::vector<part_state> states_;
    part_opener open_part_;
    std::vector<added_part> added_;
    bool accepts_parts_ = false;
    std::vector<mail_header_field> mail_headers_;
    std::string settled_namespace_;
    std::string violation_;
    std::uint32_t seals_ = 0;
    std::uint32_t component_flags_ = 0;
    bool is_component_at_work_ = false;
    bool replaced_body_ = false;
    bool sealed_now_ = false;
    cancellation cancel_;
};

}  // namespace hawser::engine
