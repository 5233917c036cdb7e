// What an instance sees of its engine: log, clock, counters, macros, files and certificates. A value that is copied freely;
// it must not outlive the instance. Log, clock and counters from any thread; the rest where you hold a message.
// A service that this engine lacks throws failure(HAWSER_UNSUPPORTED); a missing log or counter is passed over.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "hawser/sdk/message.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class log_level : std::int32_t {
    debug = HAWSER_LOG_DEBUG,
    info = HAWSER_LOG_INFO,
    warning = HAWSER_LOG_WARNING,
    error = HAWSER_LOG_ERROR
};

enum class macro_place : std::uint32_t { subject = HAWSER_PLACE_SUBJECT, address = HAWSER_PLACE_ADDRESS };

enum class certificate_set : std::uint32_t {
    signing = HAWSER_CERTIFICATES_SIGNING,
    encryption = HAWSER_CERTIFICATES_ENCRYPTION,
    personal = HAWSER_CERTIFICATES_PERSONAL,
    other_people = HAWSER_CERTIFICATES_OTHER_PEOPLE,
    trusted = HAWSER_CERTIFICATES_TRUSTED,
    crls = HAWSER_CERTIFICATES_CRLS
};

// Lives during the visit only; private_key is PKCS#8 DER or "pkcs11:…": wipe every copy of it.
struct certificate_view {
    std::string_view der, private_key, name;
};

namespace detail {

inline void append_to_string(void* self, hawser_string text) noexcept {
    try {
        static_cast<std::string*>(self)->append(from_abi(text));
    } catch (const std::exception&) {
        // Out of memory: the text is short, and the next allocation of the caller throws.
    }
}

}  // namespace detail

class host {
public:
    explicit host(const hawser_host* raw) : raw_(raw) {
        resolve(log_, HAWSER_LOG);
        resolve(clock_, HAWSER_CLOCK);
        resolve(metrics_, HAWSER_METRICS);
        resolve(config_, HAWSER_CONFIG);
        resolve(message_, HAWSER_MESSAGE);
        resolve(mail_headers_, HAWSER_MAIL_HEADERS);
        resolve(macros_, HAWSER_MACROS);
        resolve(files_, HAWSER_FILES);
        resolve(certificates_, HAWSER_CERTIFICATES);
        resolve(secrets_, HAWSER_SECRETS);
        resolve(delivery_, HAWSER_DELIVERY);
    }

    // One event, one line. Never a body or a secret. With a message, its port, id and attempt are added.
    void log(log_level level, std::string_view text) const noexcept { write_log(level, nullptr, text); }
    void log(log_level level, const message& about, std::string_view text) const noexcept {
        write_log(level, about.abi(), text);
    }
    std::int64_t unix_ms() const { return need(clock_, HAWSER_CLOCK).unix_ms(raw_); }
    std::int64_t monotonic_ms() const { return need(clock_, HAWSER_CLOCK).monotonic_ms(raw_); }
    void count(std::string_view counter, std::int64_t delta = 1) const noexcept {
        if (metrics_ != nullptr) {
            metrics_->add(raw_, to_abi(counter), delta);
        }
    }

    // Replaces %Name%. The result holds whatever the message says: encode it as untrusted.
    std::string expand_macros(const message& from, macro_place place, std::string_view text) const {
        std::string expanded;
        const hawser_text_sink sink{&expanded, &detail::append_to_string};
        const detail::error_receiver said;
        detail::check(need(macros_, HAWSER_MACROS)
                          .expand(raw_, from.abi(), static_cast<std::uint32_t>(place), to_abi(text), &sink, said.abi()),
                      said, "expanding macros");
        return expanded;
    }

    // Opens a file that the value of `property` names; the host refuses one that the message may not name.
    body_stream open_file(const message& from, std::string_view property_name, std::string_view path) const {
        hawser_stream stream{};
        const detail::error_receiver said;
        detail::check(need(files_, HAWSER_FILES)
                          .open(raw_, from.abi(), to_abi(property_name), to_abi(path), &stream, said.abi()),
                      said, "opening a file");
        return body_stream(stream);
    }

    // Calls visit(certificate_view) for each. False: `trusted` is not configured, so use the system's anchors. Everything
    // else that is missing throws with the host's text, which names it.
    template <typename Visit>
    bool each_certificate(certificate_set set, Visit&& visit) const {
        return visit_certificates(set, nullptr, visit);
    }
    template <typename Visit>
    bool each_certificate(certificate_set set, const message& of, Visit&& visit) const {
        return visit_certificates(set, of.abi(), visit);
    }
    // Changes whenever the host has read its certificates anew.
    std::uint64_t certificate_revision() const { return need(certificates_, HAWSER_CERTIFICATES).revision(raw_); }

    // ---- For the SDK, and for services that it does not wrap ----
    const hawser_host* abi() const noexcept { return raw_; }
    const void* find_service(std::string_view id) const noexcept {
        return raw_ == nullptr || raw_->get_service == nullptr ? nullptr : raw_->get_service(raw_, to_abi(id));
    }
    const hawser_config_api* config_api() const noexcept { return config_; }
    const hawser_delivery_api* delivery_api() const noexcept { return delivery_; }
    const hawser_secrets_api* secrets_api() const noexcept { return secrets_; }
    message wrap(hawser_message* handle) const { return {handle, message_, mail_headers_}; }

private:
    // A table that is smaller than version 1 is none.
    template <typename Table>
    void resolve(const Table*& table, std::string_view id) const noexcept {
        const auto* found = static_cast<const Table*>(find_service(id));
        table = found != nullptr && found->struct_size >= sizeof(Table) ? found : nullptr;
    }
    template <typename Table>
    static const Table& need(const Table* table, const char* id) {
        if (table == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, std::string("this engine has no service ") + id);
        }
        return *table;
    }
    void write_log(log_level level, const hawser_message* about, std::string_view text) const noexcept {
        if (log_ != nullptr) {
            log_->log(raw_, static_cast<std::int32_t>(level), about, to_abi(text));
        }
    }

    template <typename Visit>
    bool visit_certificates(certificate_set set, const hawser_message* of, Visit& visit) const {
        struct visit_state {
            Visit* visit;
            std::exception_ptr thrown;
        } state{&visit, nullptr};
        const auto one = [](void* user, const hawser_certificate* certificate) noexcept {
            auto& current = *static_cast<visit_state*>(user);
            if (current.thrown || certificate == nullptr) {
                return;
            }
            try {
                (*current.visit)(certificate_view{from_abi(certificate->der), from_abi(certificate->private_key),
                                                  from_abi(certificate->name)});
            } catch (...) {
                current.thrown = std::current_exception();   // must not cross the host's frames: thrown again below
            }
        };
        const detail::error_receiver said;
        const hawser_status status = need(certificates_, HAWSER_CERTIFICATES)
                                         .each(raw_, of, static_cast<std::uint32_t>(set), one, &state, said.abi());
        if (state.thrown) {
            std::rethrow_exception(state.thrown);
        }
        if (status == HAWSER_NOT_FOUND && set == certificate_set::trusted) {
            return false;
        }
        detail::check(status, said, "reading certificates");
        return true;
    }

    const hawser_host* raw_;
    const hawser_log_api* log_ = nullptr;
    const hawser_clock_api* clock_ = nullptr;
    const hawser_metrics_api* metrics_ = nullptr;
    const hawser_config_api* config_ = nullptr;
    const hawser_message_api* message_ = nullptr;
    const hawser_mail_headers_api* mail_headers_ = nullptr;
    const hawser_macros_api* macros_ = nullptr;
    const hawser_files_api* files_ = nullptr;
    const hawser_certificates_api* certificates_ = nullptr;
    const hawser_secrets_api* secrets_ = nullptr;
    const hawser_delivery_api* delivery_ = nullptr;
};

}  // namespace sdk_1
}  // namespace hawser
