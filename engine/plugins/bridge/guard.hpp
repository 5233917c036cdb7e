// No exception crosses the ABI: guard() turns one into a status and tells the caller's error sink.
#pragma once

#include <exception>

#include "base/result.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

inline hawser_status report(const hawser_error* error, hawser_status status, std::string_view text) noexcept {
    if (error != nullptr && error->set != nullptr) {
        error->set(error->self, status, to_abi(text));
    }
    return status;
}

template <typename Function>
hawser_status guard(const hawser_error* sink, Function&& function) noexcept {
    try {
        return function();
    } catch (const stream_failure& failure) {
        return report(sink, failure.status(), failure.what());
    } catch (const std::exception& failure) {
        return report(sink, HAWSER_FAILED, failure.what());
    }
}

// Fills a struct that may be older (smaller) than ours: only what the caller has room for, and never its struct_size.
template <typename Struct>
bool fill(Struct* out, Struct value) noexcept {
    if (out == nullptr || out->struct_size < sizeof(std::uint32_t)) {
        return false;
    }
    const std::uint32_t room = out->struct_size;
    value.struct_size = room;
    __builtin_memcpy(static_cast<void*>(out), &value, room < sizeof(Struct) ? room : sizeof(Struct));
    return true;
}

}  // namespace hawser::engine
