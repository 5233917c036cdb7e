// The services that need no delivery: log, clock, metrics, configuration, macros, files, certificates.
#include <array>
#include <utility>

#include "base/log.hpp"
#include "hawser/abi_draft.h"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/bridge/macros.hpp"
#include "plugins/bridge/message_files.hpp"
#include "plugins/bridge/service_tables.hpp"

namespace hawser::engine {
namespace {

void write_log(const hawser_host* host, std::int32_t level, const hawser_message* m, hawser_string text) noexcept {
    try {
        const auto severity = static_cast<log::level>(level < 1 ? 1 : level > 4 ? 4 : level);
        if (!log::is_enabled(severity)) {
            return;
        }
        const std::string& instance = instance_host::from(host).instance_name();
        if (m == nullptr) {
            log::write(severity, from_abi(text), {{"plugin", instance}});
            return;
        }
        const working_message& message = working_message::from(m);
        log::write(severity, from_abi(text),
                   {{"plugin", instance},
                    {"port", message.environment().port},
                    {"message", message.who().message_id},
                    {"attempt", std::to_string(message.who().attempt)}});
    } catch (const std::exception&) {
        // A log line that cannot be made must not stop a delivery.
    }
}

std::int64_t unix_ms(const hawser_host* host) noexcept { return instance_host::from(host).services().time->unix_ms(); }
std::int64_t monotonic_ms(const hawser_host* host) noexcept {
    return instance_host::from(host).services().time->monotonic_ms();
}

void add_metric(const hawser_host* host, hawser_string counter, std::int64_t delta) noexcept {
    if (metrics* counters = instance_host::from(host).services().counters; counters != nullptr) {
        counters->add(from_abi(counter), delta);
    }
}

hawser_status config_get(const hawser_config* config, hawser_string pointer, hawser_string* out) noexcept {
    const std::string* value = instance_config::from(config).find(from_abi(pointer));
    if (value == nullptr) {
        return HAWSER_NOT_FOUND;
    }
    *out = to_abi(*value);
    return HAWSER_OK;
}

std::uint32_t config_count(const hawser_config* config, hawser_string pointer) noexcept {
    return instance_config::from(config).count(from_abi(pointer));
}

hawser_status expand(const hawser_host* host, const hawser_message* m, std::uint32_t place, hawser_string text,
                     const hawser_text_sink* out, const hawser_error* error) noexcept {
    return guard(error, [&] {
        if (m == nullptr || out == nullptr || (place != HAWSER_PLACE_SUBJECT && place != HAWSER_PLACE_ADDRESS)) {
            return report(error, HAWSER_MISUSE, "expand: no message, no sink or an unknown place");
        }
        const result<std::string> expanded =
            expand_macros(from_abi(text), place == HAWSER_PLACE_SUBJECT ? macro_place::subject : macro_place::address,
                          working_message::from(m).context(), unix_ms(host));
        if (!expanded) {
            return report(error, HAWSER_FAILED, expanded.error().text);
        }
        out->append(out->self, to_abi(*expanded));
        return HAWSER_OK;
    });
}

hawser_status open_file(const hawser_host*, const hawser_message* m, hawser_string property, hawser_string path,
                        hawser_stream* out, const hawser_error* error) noexcept {
    return guard(error, [&] {
        const working_message& message = working_message::from(m);
        const context_property* naming = message.context().find(from_abi(property));
        const bool is_named_by_bindings = naming != nullptr && naming->origin == property_origin::bindings;
        auto file = open_message_file(message.environment(), is_named_by_bindings, std::string(from_abi(path)));
        if (!file) {
            const std::string& code = file.error().code;
            return report(error, code == "files.missing" || code == "files.io" ? HAWSER_TRY_LATER : HAWSER_FAILED,
                          file.error().text);
        }
        *out = make_stream(std::move(file).value());
        return HAWSER_OK;
    });
}

hawser_status each_certificate(const hawser_host* host, const hawser_message* m, std::uint32_t set,
                               hawser_certificate_visitor visit, void* user, const hawser_error* error) noexcept {
    return guard(error, [&] {
        const instance_host& instance = instance_host::from(host);
        const bool needs_message = set == HAWSER_CERTIFICATES_SIGNING || set == HAWSER_CERTIFICATES_ENCRYPTION;
        if (visit == nullptr || (needs_message && m == nullptr)) {
            return report(error, HAWSER_MISUSE, "each: no visitor, or no message for a set that belongs to one");
        }
        if (instance.services().certificates == nullptr) {
            return report(error, HAWSER_NOT_FOUND, "this host has no certificates");
        }
        const result<void> done = instance.services().certificates->each(
            m == nullptr ? nullptr : &working_message::from(m), set, instance.may_see_private_keys(),
            [&](const hawser_certificate& certificate) { visit(user, &certificate); });
        if (done) {
            return HAWSER_OK;
        }
        const bool may_come = done.error().code == token_is_out;
        return report(error, may_come ? HAWSER_TRY_LATER : HAWSER_NOT_FOUND, done.error().text);
    });
}

std::uint64_t certificate_revision(const hawser_host* host) noexcept {
    const certificate_source* certificates = instance_host::from(host).services().certificates;
    return certificates == nullptr ? 0 : certificates->revision();
}

constexpr hawser_log_api log_table{sizeof(hawser_log_api), 0, &write_log};
constexpr hawser_clock_api clock_table{sizeof(hawser_clock_api), 0, &unix_ms, &monotonic_ms};
constexpr hawser_metrics_api metrics_table{sizeof(hawser_metrics_api), 0, &add_metric};
constexpr hawser_config_api config_table{sizeof(hawser_config_api), 0, &config_get, &config_count};
constexpr hawser_macros_api macros_table{sizeof(hawser_macros_api), 0, &expand};
constexpr hawser_files_api files_table{sizeof(hawser_files_api), 0, &open_file};
constexpr hawser_certificates_api certificates_table{sizeof(hawser_certificates_api), 0, &each_certificate,
                                                     &certificate_revision};

}  // namespace

const void* find_service_table(std::string_view id) noexcept {
    static const std::array<std::pair<std::string_view, const void*>, 15> tables{
        {{HAWSER_MESSAGE, message_service_table()},
         {HAWSER_MAIL_HEADERS, mail_headers_service_table()},
         {HAWSER_DRAFT_MESSAGE_PARTS, message_parts_service_table()},
         {HAWSER_DRAFT_PRIVATE_KEYS, private_keys_service_table()},
         {HAWSER_DRAFT_CERTIFICATE_CHOICE, certificate_choice_service_table()},
         {HAWSER_DELIVERY, delivery_service_table()},
         {HAWSER_SECRETS, secrets_service_table()},
         {HAWSER_AUDIT, audit_service_table()},
         {HAWSER_LOG, &log_table},
         {HAWSER_CLOCK, &clock_table},
         {HAWSER_METRICS, &metrics_table},
         {HAWSER_CONFIG, &config_table},
         {HAWSER_MACROS, &macros_table},
         {HAWSER_FILES, &files_table},
         {HAWSER_CERTIFICATES, &certificates_table}}};
    for (const auto& [name, table] : tables) {
        if (name == id) {
            return table;
        }
    }
    return nullptr;
}

}  // namespace hawser::engine
