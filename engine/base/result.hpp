// result<T>: a value or an error, for expected absence and parse failure (exceptions are for the rest).
// The names are those of std::expected, which GCC 12 does not have yet. Not thread-safe, like any value.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace hawser::engine {

// Says what failed and what to do about it, in a sentence for a person; `code` is stable, for programs ("box.locked").
struct error {
    std::string code;
    std::string text;
};

template <typename Error>
struct unexpected {
    Error value;
};
template <typename Error>
unexpected(Error) -> unexpected<Error>;

inline unexpected<error> fail(std::string code, std::string text) { return {error{std::move(code), std::move(text)}}; }

template <typename Value, typename Error = error>
class [[nodiscard]] result {
public:
    result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
    result(unexpected<Error> failure) : state_(std::in_place_index<1>, std::move(failure.value)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    Value& value() & { return std::get<0>(state_); }
    const Value& value() const& { return std::get<0>(state_); }
    Value&& value() && { return std::get<0>(std::move(state_)); }
    Value& operator*() & { return value(); }
    const Value& operator*() const& { return value(); }
    Value&& operator*() && { return std::move(*this).value(); }
    Value* operator->() { return &value(); }
    const Value* operator->() const { return &value(); }
    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<Value, Error> state_;
};

template <typename Error>
class [[nodiscard]] result<void, Error> {
public:
    result() = default;
    result(unexpected<Error> failure) : error_(std::move(failure.value)), has_value_(false) {}
    bool has_value() const noexcept { return has_value_; }
    explicit operator bool() const noexcept { return has_value_; }
    const Error& error() const& { return error_; }
    Error&& error() && { return std::move(error_); }

private:
    Error error_{};
    bool has_value_ = true;
};

}  // namespace hawser::engine
