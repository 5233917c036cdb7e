// A send port as delivery uses it: its adapter instances, pipeline, transports and options, made by runtime from the
// bindings. Immutable while it is in use, and shared by the attempts under way (a reload makes a new one).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret_text.hpp"
#include "delivery/rate_gate.hpp"
#include "delivery/service_window.hpp"
#include "delivery/tracked_body.hpp"
#include "message/context.hpp"
#include "pipeline/pipeline.hpp"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {

class worker_pool;

// One adapter instance a send handler, so that its pools and caps hold over all ports.
class adapter_instance {
public:
    adapter_instance(const hawser_descriptor& descriptor, std::unique_ptr<instance_host> host,
                     std::unique_ptr<instance_config> config, hawser_instance instance);
    adapter_instance(const adapter_instance&) = delete;
    adapter_instance& operator=(const adapter_instance&) = delete;
    ~adapter_instance();

    // Calls the plugin's transmit: at once, or on one of the threads that a blocking adapter has of its own.
    void transmit(hawser_delivery* delivery);
    void stop();  // no transmit follows
    compose_function composer();
    hawser_status preview(working_message& message, std::string& text, std::string& error);
    // HAWSER_UNSUPPORTED where the adapter cannot.
    hawser_status probe(hawser_delivery* delivery, const hawser_finding_sink& found, std::string& error);
    bool is_blocking() const noexcept { return (descriptor_.flags & HAWSER_FLAG_BLOCKING) != 0; }
    const hawser_descriptor& descriptor() const noexcept { return descriptor_; }

private:
    const hawser_send_adapter& table() const noexcept {
        return *static_cast<const hawser_send_adapter*>(instance_.table);
    }
    void make_threads(unsigned count);

    const hawser_descriptor& descriptor_;
    std::unique_ptr<instance_host> host_;
    std::unique_ptr<instance_config> config_;
    hawser_instance instance_;
    std::unique_ptr<worker_pool> threads_;  // of a blocking adapter
};

// A secret of a transport, and the values of the guarding properties (SMTPHost, TLS) that it was configured with.
class transport_secret {
public:
    transport_secret(secret_text value, std::map<std::string, std::string> guards)
        : value_(std::move(value)), guards_(std::move(guards)) {}
    const std::string& value() const noexcept { return value_.text(); }
    bool is_allowed(const message_context& context) const;

private:
    secret_text value_;
    std::map<std::string, std::string> guards_;  // full property name → value; "" = absent
};

struct retry_backoff {  // of the retry interval: × factor^(n-1), at most interval_max_ms, ± jitter of itself
    double factor = 1;
    double jitter = 0;
    std::int64_t interval_max_ms = 0;  // 0 = no cap
};

struct transport_runtime {
    std::shared_ptr<adapter_instance> adapter;
    std::string type;                               // "SMTP"
    std::string address;                            // "mailto:ap@partner.example"; "" on a dynamic port
    std::string address_scheme;                     // "mailto"
    std::string address_property;                   // that the adapter reads the address from ("SMTP.To"); "" = none
    std::vector<std::string> recipient_properties;  // of further addresses ("SMTP.CC")
    // Handler and port values under their full names, no secrets; never null.
    message_context::shared_properties properties = std::make_shared<message_context::map_type>();
    std::map<std::string, transport_secret> secrets;  // by short name ("Password")
    std::uint32_t retry_count = 3;
    std::int64_t retry_interval_ms = 5 * 60 * 1000;
    retry_backoff backoff;
    std::optional<service_window> window;

    std::string label() const { return type + ' ' + address; }
    // Null: none is configured, or it belongs to another server than `context` names.
    const std::string* find_secret(std::string_view name, const message_context& context) const;
};

struct send_port_runtime {
    std::string name;
    message_environment environment;
    std::unique_ptr<engine::pipeline> pipeline;
    transport_runtime primary;  // of a dynamic port: the first of dynamic_transports
    std::optional<transport_runtime> backup;
    bool is_dynamic = false;                            // the message says where to (dynamic_transport.hpp)
    std::vector<transport_runtime> dynamic_transports;  // one for each adapter that it may name
    std::vector<std::string> allowed_locations;         // patterns, see message/location_pattern.hpp
    bool is_ordered = false;
    bool is_ordered_by_location = false;  // else in one order over all locations
    bool stops_on_failure = false;
    bool spools_before_send = false;
    std::uint8_t priority = 5;  // 1 is the most urgent, 10 the least
    std::uint32_t in_flight_max = 64;
    rate_limit rate;                  // of attempts
    std::int64_t maximum_age_ms = 0;  // since publication; 0 = none
    bool routes_failed_messages = false;
    bool notifies_delivery = false;
    tracking_options tracking;

    bool tells_others() const noexcept { return routes_failed_messages || notifies_delivery; }
};

}  // namespace hawser::engine
