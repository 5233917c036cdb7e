// The host of a test: configuration, log, clock, counters, macros, files and certificates, all in memory. Fill in what
// the plugin under test asks for, then look at what it did. Log and counters are thread-safe; the rest is set up before
// the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/test_kit/draft_message_parts.hpp"
#include "hawser/test_kit/message.hpp"

namespace hawser::test_kit {

struct certificate {
    std::string der, private_key, name;
};

struct log_line {
    std::int32_t level = HAWSER_LOG_INFO;
    std::string text;
    std::string message_id;  // "" where the line is about no message
};

// What an adapter recorded by hawser.audit/1.
struct audit_record {
    std::string content;
    std::string handed_over;  // the facts; "" = it was not
    std::string finished;     // the facts
    bool is_handed_over = false;
    bool is_finished = false;
};

class host {
public:
    host() : abi_{sizeof(hawser_host), HAWSER_ABI_MAJOR, HAWSER_ABI_MINOR, 0, this, &host::get_service} {}
    host(const host&) = delete;
    host& operator=(const host&) = delete;
    ~host() = default;

    // ---- What the test gives ----
    std::map<std::string, std::string, std::less<>> macros;  // "MessageID" -> value, for %MessageID%
    std::map<std::string, std::string, std::less<>> files;   // path -> bytes; any other is "not there yet"
    std::map<std::uint32_t, std::vector<certificate>>
        certificates;  // by HAWSER_CERTIFICATES_*; a set that is absent is missing
    std::map<std::string, std::string, std::less<>> secrets;  // "Password" -> value
    std::set<std::string, std::less<>> missing_services;      // ids that this host does not have: HAWSER_FILES
    bool has_archive = false;                                 // whether deliveries are recorded
    std::string archive_trouble;                              // not "": why the archive can take nothing now
    bool gives_private_keys = true;                           // false: as for a component without that flag
    std::atomic<std::int64_t> unix_ms{1'700'000'000'000};
    std::atomic<std::int64_t> monotonic_ms{1'000};
    std::atomic<std::uint64_t> certificate_revision{1};

    // ---- What the plugin did ----
    violation_list violations_found;
    std::vector<std::string> violations() const { return violations_found.all(); }
    std::vector<log_line> log() const {
        const std::lock_guard lock(mutex_);
        return log_;
    }
    std::vector<audit_record> audit_records() const {  // in the order in which they began
        const std::lock_guard lock(mutex_);
        return {records_.begin(), records_.end()};
    }
    std::int64_t counter(std::string_view name) const {
        const std::lock_guard lock(mutex_);
        const auto found = counters_.find(name);
        return found == counters_.end() ? 0 : found->second;
    }

    const hawser_host* abi() const noexcept { return &abi_; }
    static host& from(const hawser_host* raw) noexcept { return *static_cast<host*>(raw->self); }

private:
    friend struct host_functions;
    friend struct audit_functions;
    static const void* get_service(const hawser_host* raw, hawser_string id) noexcept;

    hawser_host abi_;
    mutable std::mutex mutex_;
    std::vector<log_line> log_;
    std::deque<audit_record> records_;  // whose places stay
    std::map<std::string, std::int64_t, std::less<>> counters_;
};

// The values of one instance, by JSON pointer; a list is "/Name/0", "/Name/1", …
struct configuration {
    std::map<std::string, std::string, std::less<>> values;
    const hawser_config* abi() const noexcept { return reinterpret_cast<const hawser_config*>(this); }
    static const configuration& from(const hawser_config* raw) noexcept {
        return *reinterpret_cast<const configuration*>(raw);
    }
};

inline const void* delivery_table() noexcept;  // these two in delivery.hpp
inline const void* secrets_table() noexcept;
inline const void* audit_table() noexcept;  // in audit.hpp

struct host_functions {
    static void log(const hawser_host* raw, std::int32_t level, const hawser_message* m, hawser_string text) noexcept {
        host& owner = host::from(raw);
        if (level < HAWSER_LOG_DEBUG || level > HAWSER_LOG_ERROR) {
            owner.violations_found.add("log was given a level that does not exist");
        }
        const std::lock_guard lock(owner.mutex_);
        owner.log_.push_back(
            {level, std::string(detail::from_abi(text)), m == nullptr ? "" : message::from(m).message_id});
    }
    static std::int64_t unix_ms(const hawser_host* raw) noexcept { return host::from(raw).unix_ms; }
    static std::int64_t monotonic_ms(const hawser_host* raw) noexcept { return host::from(raw).monotonic_ms; }
    static void add(const hawser_host* raw, hawser_string counter, std::int64_t delta) noexcept {
        host& owner = host::from(raw);
        const std::lock_guard lock(owner.mutex_);
        owner.counters_[std::string(detail::from_abi(counter))] += delta;
    }
    static hawser_status config_get(const hawser_config* raw, hawser_string pointer, hawser_string* out) noexcept {
        const auto& values = configuration::from(raw).values;
        const auto found = values.find(detail::from_abi(pointer));
        if (found == values.end()) {
            return HAWSER_NOT_FOUND;
        }
        *out = detail::to_abi(found->second);
        return HAWSER_OK;
    }
    static std::uint32_t config_count(const hawser_config* raw, hawser_string pointer) noexcept {
        const auto& values = configuration::from(raw).values;
        std::uint32_t count = 0;
        while (values.contains(std::string(detail::from_abi(pointer)) + '/' + std::to_string(count))) {
            ++count;
        }
        return count;
    }

    static hawser_status expand(const hawser_host* raw, const hawser_message* m, std::uint32_t place,
                                hawser_string text, const hawser_text_sink* out, const hawser_error* error) noexcept {
        host& owner = host::from(raw);
        if (m == nullptr || out == nullptr || (place != HAWSER_PLACE_SUBJECT && place != HAWSER_PLACE_ADDRESS)) {
            owner.violations_found.add("expand was called without a message or a sink, or for an unknown place");
            return HAWSER_MISUSE;
        }
        std::string_view left = detail::from_abi(text);
        while (!left.empty()) {
            const std::size_t first = left.find('%');
            const std::size_t second = first == std::string_view::npos ? first : left.find('%', first + 1);
            if (second == std::string_view::npos) {
                break;
            }
            const auto found = owner.macros.find(left.substr(first + 1, second - first - 1));
            if (found == owner.macros.end() && place == HAWSER_PLACE_ADDRESS) {
                return detail::report(error, HAWSER_FAILED, "a macro in an address has no value");
            }
            const bool is_known = found != owner.macros.end();
            out->append(out->self, detail::to_abi(left.substr(0, is_known ? first : second)));
            if (is_known) {
                out->append(out->self, detail::to_abi(found->second));
            }
            left.remove_prefix(is_known ? second + 1 : second);  // an unknown one's closing % may open the next
        }
        out->append(out->self, detail::to_abi(left));
        return HAWSER_OK;
    }
    static hawser_status open(const hawser_host* raw, const hawser_message*, hawser_string, hawser_string path,
                              hawser_stream* out, const hawser_error* error) noexcept {
        return static_cast<hawser_status>(sdk_1::detail::guard(error, [&] {
            const host& owner = host::from(raw);
            const auto found = owner.files.find(detail::from_abi(path));
            if (found == owner.files.end()) {
                throw try_later("the file " + std::string(detail::from_abi(path)) + " is not there");
            }
            part bytes;
            bytes.bytes = found->second;
            *out = make_stream(std::make_unique<detail::part_source>(bytes, std::make_shared<std::atomic<int>>(0)))
                       .release();
            return HAWSER_OK;
        }));
    }
    static hawser_status each(const hawser_host* raw, const hawser_message* m, std::uint32_t set,
                              hawser_certificate_visitor visit, void* user, const hawser_error* error) noexcept {
        host& owner = host::from(raw);
        const bool is_of_message = set == HAWSER_CERTIFICATES_SIGNING || set == HAWSER_CERTIFICATES_ENCRYPTION;
        if (visit == nullptr || (is_of_message && m == nullptr)) {
            owner.violations_found.add(
                "each was called without a visitor, or without the message that the set belongs to");
            return HAWSER_MISUSE;
        }
        const auto found = owner.certificates.find(set);
        if (found == owner.certificates.end()) {
            // Only the trust anchors may be absent without a reason: it means the system's.
            return set == HAWSER_CERTIFICATES_TRUSTED
                       ? HAWSER_NOT_FOUND
                       : detail::report(error, HAWSER_NOT_FOUND,
                                        "the test host has no certificates of set " + std::to_string(set));
        }
        for (const certificate& one : found->second) {
            hawser_certificate given{};
            given.struct_size = sizeof given;
            given.der = detail::to_abi(one.der);
            given.private_key = owner.gives_private_keys ? detail::to_abi(one.private_key) : hawser_string{};
            given.name = detail::to_abi(one.name);
            visit(user, &given);
        }
        return HAWSER_OK;
    }
    static std::uint64_t revision(const hawser_host* raw) noexcept { return host::from(raw).certificate_revision; }

    static const void* find(std::string_view id) noexcept {
        static constexpr hawser_log_api log_table{sizeof(hawser_log_api), 0, &log};
        static constexpr hawser_clock_api clock_table{sizeof(hawser_clock_api), 0, &unix_ms, &monotonic_ms};
        static constexpr hawser_metrics_api metrics_table{sizeof(hawser_metrics_api), 0, &add};
        static constexpr hawser_config_api config_table{sizeof(hawser_config_api), 0, &config_get, &config_count};
        static constexpr hawser_macros_api macros_table{sizeof(hawser_macros_api), 0, &expand};
        static constexpr hawser_files_api files_table{sizeof(hawser_files_api), 0, &open};
        static constexpr hawser_certificates_api certificates_table{sizeof(hawser_certificates_api), 0, &each,
                                                                    &revision};
        const std::pair<std::string_view, const void*> tables[] = {
            {HAWSER_LOG, &log_table},
            {HAWSER_CLOCK, &clock_table},
            {HAWSER_METRICS, &metrics_table},
            {HAWSER_CONFIG, &config_table},
            {HAWSER_MACROS, &macros_table},
            {HAWSER_FILES, &files_table},
            {HAWSER_CERTIFICATES, &certificates_table},
            {HAWSER_MESSAGE, message_functions::message_table()},
            {HAWSER_MAIL_HEADERS, message_functions::mail_headers_table()},
            {HAWSER_DRAFT_MESSAGE_PARTS, draft_message_parts_functions::table()},
            {HAWSER_DELIVERY, delivery_table()},
            {HAWSER_SECRETS, secrets_table()},
            {HAWSER_AUDIT, audit_table()}};
        for (const auto& [name, table] : tables) {
            if (name == id) {
                return table;
            }
        }
        return nullptr;
    }
};

inline const void* host::get_service(const hawser_host* raw, hawser_string id) noexcept {
    const std::string_view name = detail::from_abi(id);
    return from(raw).missing_services.contains(name) ? nullptr : host_functions::find(name);
}

}  // namespace hawser::test_kit

#include "hawser/test_kit/audit.hpp"
#include "hawser/test_kit/delivery.hpp"
