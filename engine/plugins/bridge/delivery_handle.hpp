// One call of an adapter's transmit, until complete: what plugins know as hawser_delivery. Delivery implements it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/abi.h"

namespace hawser::engine {

class working_message;

class delivery_handle {
public:
    virtual ~delivery_handle() = default;
    virtual working_message& message() noexcept = 0;
    virtual const working_message& message() const noexcept = 0;
    virtual std::int64_t body_read(void* buffer, std::uint64_t capacity, const hawser_error* error) = 0;
    virtual void body_on_ready(hawser_callback callback, void* user) = 0;
    virtual std::int64_t body_size() const = 0;
    virtual std::string_view resume_state() const = 0;
    virtual void checkpoint(std::string_view resume_state, hawser_checkpoint_done done, void* user) = 0;
    virtual void complete(const hawser_outcome& outcome) = 0;
    virtual const std::string* secret(std::string_view name) = 0;  // null: none, or guarded
    virtual std::int64_t number() const noexcept = 0;               // of the delivery, as operators see it

    hawser_delivery* abi() noexcept { return reinterpret_cast<hawser_delivery*>(this); }
    static delivery_handle& from(hawser_delivery* delivery) noexcept {
        return *reinterpret_cast<delivery_handle*>(delivery);
    }
    static const delivery_handle& from(const hawser_delivery* delivery) noexcept {
        return *reinterpret_cast<const delivery_handle*>(delivery);
    }
};

}  // namespace hawser::engine
