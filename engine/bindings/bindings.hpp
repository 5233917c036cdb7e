// A bindings file as typed values, checked: what runtime builds a host from. Plain data; no JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostics.hpp"
#include "base/secret_text.hpp"
#include "certificates/token_key.hpp"
#include "message/filter.hpp"

namespace hawser::engine {

// A property's value as the plugin's specification wants it: enumerations are their words, lists are split.
struct typed_value {
    std::uint32_t type = 0;  // HAWSER_TYPE_*
    std::string text;        // of a list: joined by '|'; "" where it is a secret
    secret_text secret;
    std::vector<std::string> list;
    bool is_secret = false;
    bool is_own_recipient = false;  // HAWSER_SPEC_OWN_RECIPIENT
    bool is_default = false;        // nobody wrote it
    bool is_from_handler = false;
    source_position position;
    std::string pointer;
};

using typed_properties = std::map<std::string, typed_value>;

// Retry intervals that grow: interval × factor^(n-1), at most interval_max_ms, each changed at random by ± jitter of
// itself.
struct backoff_binding {
    double factor = 1;                 // 1 to 100
    double jitter = 0;                 // 0 to 1
    std::int64_t interval_max_ms = 0;  // 0 = no cap
};

// Daily; outside of it messages are held. from > to spans midnight. Minutes since midnight, local time of time_zone.
struct service_window_binding {
    std::uint16_t from_minute = 0;
    std::uint16_t to_minute = 0;   // at most 1440, the end of the day
    std::uint8_t weekdays = 0x7f;  // bit 0 = Monday; the day on which the window opens
    std::string time_zone;         // IANA name; "" = the system's zone
};

struct rate_binding {
    std::uint32_t count = 0;  // 0 = no limit
    std::int64_t period_ms = 1000;
};

struct transport_binding {
    std::string type;  // "SMTP"
    std::string address;
    typed_properties properties;  // handler values under port values
    typed_properties handler_properties;
    std::uint32_t retry_count = 3;
    std::int64_t retry_interval_ms = 5 * 60 * 1000;
    backoff_binding backoff;
    std::optional<service_window_binding> window;
    source_position position;
    std::string pointer;
};

struct component_binding {
    std::uint32_t stage = 0;  // HAWSER_STAGE_*
    std::string stage_name;   // "encode"
    std::string component;
    typed_properties properties;
    source_position position;
    std::string pointer;
};

// What is kept of a delivery that has ended; bodies are all parts before the pipeline, and what was sent after it.
struct tracking_binding {
    bool properties_before = false;
    bool bodies_before = false;
    bool properties_after = false;
    bool bodies_after = false;
};

struct retention_binding {  // of all that is tracked: whichever limit is passed first
    std::int64_t age_ms = std::int64_t{30} * 24 * 3600 * 1000;
    std::int64_t size_bytes = 10'000'000'000;
};

struct send_port_binding {
    std::string name;
    std::string state;  // bound, stopped, started: as declared
    bool is_dynamic = false;
    std::vector<component_binding> pipeline;
    std::vector<std::string> encryption_certificates;
    std::optional<filter_groups> filter;
    transport_binding primary;  // of a dynamic port: the first of dynamic_transports
    std::optional<transport_binding> backup;
    std::vector<transport_binding> dynamic_transports;  // one for each adapter that a message may name
    std::vector<std::string> allowed_locations;         // of a dynamic port: patterns, see message/location_pattern.hpp
    bool is_ordered = false;
    bool is_ordered_by_location = false;
    bool stops_on_failure = false;
    bool routes_failed_messages = false;
    bool notifies_delivery = false;
    bool spools_before_send = false;
    std::uint8_t priority = 5;
    std::string require;  // "", none, signed, encrypted, signedAndEncrypted
    std::vector<std::string> attachment_roots;
    std::uint32_t in_flight_max = 64;
    rate_binding rate;
    std::int64_t maximum_age_ms = 0;  // 0 = none
    tracking_binding tracking;
    std::string audit;  // the name of an archive; "" = none
    source_position position;
    std::string pointer;
};

// Where messages come in: what a submission names, until there are receive adapters.
struct receive_port_binding {
    std::string name;
    std::string pipeline_name;  // "" = it has its own, or none
    std::vector<component_binding> pipeline;
    source_position position;
    std::string pointer;
};

struct send_port_group_binding {
    std::string name;
    std::vector<std::string> ports;
    std::optional<filter_groups> filter;
    std::string state = "started";  // bound, stopped, started
    source_position position;
    std::string pointer;
};

// Limits that hold over all ports, for the locations that match the pattern.
struct destination_binding {
    std::string location;
    std::uint32_t in_flight_max = 0;  // 0 = no limit
    rate_binding rate;
    source_position position;
    std::string pointer;
};

struct limits_binding {
    std::uint64_t queue_depth_max = 0;  // deliveries that have not ended, over all ports; 0 = no limit
    std::int64_t disk_free_min_bytes = 64'000'000;
};

// Where answers about revocation come from, besides the files in the folders.
struct revocation_binding {
    bool is_fetched = false;
    bool allows_private_addresses = false;
    std::string cache_folder;  // absolute; "" = beside the message box
    bool operator==(const revocation_binding&) const = default;
};

struct certificate_sources {
    std::string personal;  // a folder, absolute; "" = none
    std::string other_people;
    std::string trusted;  // "" = the system's
    std::string signing;  // thumbprint or file name
    source_position signing_position;
    std::map<std::string, secret_text> passwords;  // of PKCS#12 files and encrypted keys, by file name
    std::int64_t warn_before_ms = std::int64_t{30} * 24 * 3600 * 1000;  // of the end of one that a port uses
    revocation_binding revocation;
    std::vector<token_source> tokens;
};

struct service_account_binding {
    std::string domain;  // "" = none
    std::string user;    // "" = not configured: adapters use the process's own account
    secret_text password;
};

struct audit_archive_binding {
    std::string name;
    std::string folder;       // absolute
    std::string signing_key;  // absolute; a PEM file
    bool keeps_bytes = true;  // else their hash
    std::uint32_t sign_after_records = 1000;
    std::int64_t sign_after_ms = 3600 * 1000;
    source_position position;
    std::string pointer;
};

struct host_binding {
    std::string name = "Hawser";
    std::string message_box_path;  // absolute
    certificate_sources certificates;
    service_account_binding service_account;
    unsigned worker_count = 2;
    std::int64_t stop_grace_ms = 10 * 1000;
    retention_binding tracking;
    std::vector<std::string> indexed_properties;  // that messages are found by in no time
    std::vector<destination_binding> destinations;
    limits_binding limits;
    std::vector<audit_archive_binding> audit_archives;
};

struct send_handler_binding {
    typed_properties properties;  // with defaults
};

struct host_bindings {
    std::string file;
    std::string base_directory;
    host_binding host;
    std::map<std::string, send_handler_binding> send_handlers;  // every adapter that is loaded or used
    std::vector<send_port_binding> send_ports;
    std::vector<send_port_group_binding> send_port_groups;
    std::vector<receive_port_binding> receive_ports;
};

}  // namespace hawser::engine
