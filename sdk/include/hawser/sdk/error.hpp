// Failures and strings across the ABI.
#pragma once

#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/abi.h"

namespace hawser {
inline namespace sdk_1 {

// This message cannot be processed (the default), or another status of abi.h.
class failure : public std::runtime_error {
public:
    explicit failure(const std::string& text) : failure(HAWSER_FAILED, text) {}
    failure(hawser_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
    hawser_status status() const noexcept { return status_; }

private:
    hawser_status status_;
};

// It cannot be done now; the delivery is rescheduled.
class try_later : public failure {
public:
    explicit try_later(const std::string& text) : failure(HAWSER_TRY_LATER, text) {}
};

namespace detail {

inline hawser_string to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view from_abi(hawser_string text) noexcept {
    return text.data == nullptr ? std::string_view{} : std::string_view(text.data, text.size);
}

// Receives the text of a failed host function and throws it.
class error_sink {
public:
    error_sink() : abi_{this, &error_sink::set} {}
    error_sink(const error_sink&) = delete;
    error_sink& operator=(const error_sink&) = delete;
    const hawser_error* abi() const noexcept { return &abi_; }
    void check(hawser_status status, const char* what) const {
        if (status < 0) {
            throw failure(status,
                          text_.empty() ? std::string(what) + " failed with status " + std::to_string(status) : text_);
        }
    }
    const std::string& text() const noexcept { return text_; }
    std::string take_text() noexcept { return std::move(text_); }

private:
    static void set(void* self, hawser_status, hawser_string text) noexcept {
        try {
            static_cast<error_sink*>(self)->text_ = from_abi(text);
        } catch (...) {  // out of memory: the status still tells
        }
    }
    hawser_error abi_;
    std::string text_;
};

inline hawser_status report(const hawser_error* error, hawser_status status, std::string_view text) noexcept {
    if (error != nullptr && error->set != nullptr) {
        error->set(error->self, status, to_abi(text));
    }
    return status;
}

// Runs a plugin's code for the host: whatever it throws becomes a status and a text.
template <typename Function>
std::int64_t guard(const hawser_error* error, Function&& function) noexcept {
    try {
        return function();
    } catch (const failure& thrown) {
        return report(error, thrown.status() < 0 ? thrown.status() : HAWSER_FAILED, thrown.what());
    } catch (const std::exception& thrown) {
        return report(error, HAWSER_FAILED, thrown.what());
    } catch (...) {
        return report(error, HAWSER_FAILED, "the plugin threw something that is no std::exception");
    }
}

}  // namespace detail
}  // namespace sdk_1
}  // namespace hawser
