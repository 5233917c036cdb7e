// The engine as an instance sees it: host gives its services. Copyable; lives as long as the instance.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/sdk/error.hpp"
#include "hawser/sdk/stream.hpp"

namespace hawser {
inline namespace sdk_1 {

class message;

enum class log_level : std::int32_t { debug = HAWSER_LOG_DEBUG, info, warning, error };
enum class macro_place : std::uint32_t { subject = HAWSER_PLACE_SUBJECT, address = HAWSER_PLACE_ADDRESS };
enum class certificate_set : std::uint32_t {
    signing = HAWSER_CERTIFICATES_SIGNING,
    encryption,
    personal,
    other_people,
    trusted,
    crls,
    decryption,
    fetched_crls,
    ocsp_answers,
    revocation_pending
};

class host {
public:
    explicit host(const hawser_host* abi) : abi_(abi) {}
    const hawser_host* abi() const noexcept { return abi_; }

    template <typename Api>
    const Api* find_service(std::string_view id) const {  // null: an engine older than the service
        const auto* table = static_cast<const Api*>(abi_->get_service(abi_, detail::to_abi(id)));
        return table == nullptr || table->struct_size < sizeof(Api) ? nullptr : table;
    }
    template <typename Api>
    const Api* service(std::string_view id) const {
        const auto* table = find_service<Api>(id);
        if (table == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " + std::string(id));
        }
        return table;
    }

    void log(log_level level, std::string_view text, const hawser_message* about = nullptr) const {
        service<hawser_log_api>(HAWSER_LOG)->log(abi_, static_cast<std::int32_t>(level), about, detail::to_abi(text));
    }
    std::int64_t unix_ms() const { return service<hawser_clock_api>(HAWSER_CLOCK)->unix_ms(abi_); }
    std::int64_t monotonic_ms() const { return service<hawser_clock_api>(HAWSER_CLOCK)->monotonic_ms(abi_); }
    void count(std::string_view counter, std::int64_t delta = 1) const {
        service<hawser_metrics_api>(HAWSER_METRICS)->add(abi_, detail::to_abi(counter), delta);
    }

    // Macros of spec section 2; the result is as untrusted as the message. Throws where one in an address has no value.
    std::string expand_macros(const hawser_message* about, macro_place place, std::string_view text) const {
        std::string expanded;
        const hawser_text_sink sink{&expanded, [](void* self, hawser_string piece) noexcept {
                                        try {
                                            static_cast<std::string*>(self)->append(detail::from_abi(piece));
                                        } catch (...) {  // out of memory: a shorter text
                                        }
                                    }};
        detail::error_sink error;
        error.check(
            service<hawser_macros_api>(HAWSER_MACROS)
                ->expand(abi_, about, static_cast<std::uint32_t>(place), detail::to_abi(text), &sink, error.abi()),
            "expanding macros");
        return expanded;
    }

    // Opens a file that the value of `property` names; see hawser_files_api.
    body_stream open_file(const hawser_message* about, std::string_view property, std::string_view path) const {
        hawser_stream stream{};
        detail::error_sink error;
        error.check(service<hawser_files_api>(HAWSER_FILES)
                        ->open(abi_, about, detail::to_abi(property), detail::to_abi(path), &stream, error.abi()),
                    "opening a file");
        return body_stream(stream);
    }

    // Visits a set of certificates; `about` may be null but for signing and encryption. False: the set is not
    // configured.
    bool each_certificate(const hawser_message* about, certificate_set set,
                          const std::function<void(const hawser_certificate&)>& visit) const {
        struct visit_call {
            const std::function<void(const hawser_certificate&)>& visit;
            std::exception_ptr thrown;
        } call{visit, nullptr};
        detail::error_sink error;
        const hawser_status status = service<hawser_certificates_api>(HAWSER_CERTIFICATES)
                                         ->each(
                                             abi_, about, static_cast<std::uint32_t>(set),
                                             [](void* user, const hawser_certificate* one) noexcept {
                                                 auto& running = *static_cast<visit_call*>(user);
                                                 try {
                                                     if (!running.thrown) {
                                                         running.visit(*one);
                                                     }
                                                 } catch (...) {  // carried over the border: a certificate that cannot
                                                                  // be taken must not just go missing
                                                     running.thrown = std::current_exception();
                                                 }
                                             },
                                             &call, error.abi());
        if (call.thrown) {
            std::rethrow_exception(call.thrown);
        }
        if (status == HAWSER_NOT_FOUND && error.text().empty()) {
            return false;
        }
        error.check(status, "reading certificates");
        return true;
    }
    std::uint64_t certificate_revision() const {
        return service<hawser_certificates_api>(HAWSER_CERTIFICATES)->revision(abi_);
    }

private:
    const hawser_host* abi_;
};

}  // namespace sdk_1
}  // namespace hawser
