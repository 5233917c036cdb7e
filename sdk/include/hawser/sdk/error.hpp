// Failures: a plugin throws, the SDK turns it into a status and a sentence at the ABI (no exception crosses it), and a
// failed call of the host comes back as an exception. Thread-safe as any value.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/sdk/text.hpp"

namespace hawser {
inline namespace sdk_1 {

// The text is a sentence for an operator: what failed and what to do about it. Never a secret, never a body.
class failure : public std::runtime_error {
public:
    failure(hawser_status status, const std::string& text)
        : std::runtime_error(text), status_(status < 0 && status != HAWSER_WOULD_BLOCK ? status : HAWSER_FAILED) {}
    explicit failure(const std::string& text) : failure(HAWSER_FAILED, text) {}
    hawser_status status() const noexcept { return status_; }

private:
    hawser_status status_;
};

// It cannot be done now (HSM busy, disk full): the delivery is rescheduled instead of suspended.
class try_later : public failure {
public:
    explicit try_later(const std::string& text) : failure(HAWSER_TRY_LATER, text) {}
};

// A body could not be read to its end. Let it pass: whoever reads the body must not take it for a complete one.
class stream_failure : public failure {
public:
    using failure::failure;
};

namespace detail {

// Receives what the host says of a failure, for as long as this object lives.
class error_receiver {
public:
    error_receiver() noexcept : abi_{this, &error_receiver::set} {}
    error_receiver(const error_receiver&) = delete;
    error_receiver& operator=(const error_receiver&) = delete;
    const hawser_error* abi() const noexcept { return &abi_; }
    std::string text_or(std::string_view fallback) const { return text_.empty() ? std::string(fallback) : text_; }

private:
    static void set(void* self, hawser_status, hawser_string text) noexcept {
        try {
            static_cast<error_receiver*>(self)->text_ = from_abi(text);
        } catch (const std::exception&) {
            // Without memory for the reason the status alone has to do.
        }
    }
    hawser_error abi_;
    std::string text_;
};

// Throws what a host function answered, with what the host said about it.
inline void check(hawser_status status, const error_receiver& said, std::string_view what) {
    if (status < 0) {
        throw failure(status, said.text_or(std::string(what) + " failed"));
    }
}

inline hawser_status report(const hawser_error* sink, hawser_status status, std::string_view text) noexcept {
    if (sink != nullptr && sink->set != nullptr) {
        sink->set(sink->self, status, to_abi(text));
    }
    return status;
}

// What an exception means at the ABI. Call it in a catch block only.
template <typename Report>
void describe_exception(Report&& give) noexcept {
    try {
        throw;
    } catch (const failure& reason) {
        give(reason.status(), std::string_view(reason.what()));
    } catch (const std::bad_alloc&) {
        give(HAWSER_TRY_LATER, std::string_view("the plugin ran out of memory"));
    } catch (const std::exception& reason) {
        give(HAWSER_FAILED, std::string_view(reason.what()));
    } catch (...) {
        give(HAWSER_FAILED, std::string_view("the plugin threw something that is no std::exception"));
    }
}

// Runs a plugin's function at the ABI: what it throws becomes a status and a text.
template <typename Function>
hawser_status guard(const hawser_error* sink, Function&& function) noexcept {
    try {
        std::forward<Function>(function)();
        return HAWSER_OK;
    } catch (...) {
        hawser_status answer = HAWSER_FAILED;
        describe_exception([&](hawser_status status, std::string_view text) { answer = report(sink, status, text); });
        return answer;
    }
}

}  // namespace detail
}  // namespace sdk_1
}  // namespace hawser
