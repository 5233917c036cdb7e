// A message in memory that answers hawser.message/1 and hawser.mail-headers/1 as an engine does, and notes every breach
// of the contract. Fill in its fields, then run something on it. One thread at a time, but for cancel().
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/error.hpp"
#include "hawser/sdk/stream.hpp"

namespace hawser::test_kit {

// What was done against abi.h's rules, as sentences. Thread-safe.
class violation_list {
public:
    void add(std::string text) {
        const std::lock_guard lock(mutex_);
        all_.push_back(std::move(text));
    }
    std::vector<std::string> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> all_;
};

// Whether it was cancelled, and who is told; as an engine has it. Thread-safe; after close() no callback runs.
class cancel_state {
public:
    bool is_cancelled() const noexcept { return is_cancelled_; }
    void on_cancel(hawser_callback callback, void* user) {
        const std::lock_guard lock(mutex_);
        if (is_closed_) {
            return;
        }
        if (is_cancelled_) {
            callback(user);
        } else {
            callbacks_.emplace_back(callback, user);
        }
    }
    void cancel() {
        const std::lock_guard lock(mutex_);
        if (is_closed_ || is_cancelled_.exchange(true)) {
            return;
        }
        for (const auto& [callback, user] : std::exchange(callbacks_, {})) {
            if (!is_closed_) {
                callback(user);
            }
        }
    }
    void close() {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        callbacks_.clear();
    }

private:
    std::atomic<bool> is_cancelled_{false};
    std::recursive_mutex mutex_;  // recursive: a callback may complete its delivery, which closes this
    std::vector<std::pair<hawser_callback, void*>> callbacks_;
    bool is_closed_ = false;
};

struct context_value {
    std::string value;
    std::uint32_t type = HAWSER_TYPE_STRING;
    std::uint32_t origin = HAWSER_ORIGIN_MESSAGE;
    bool is_promoted = false;
};

struct part {
    std::string bytes{};
    std::string name = "body";
    std::string content_type{}, charset{}, file_name{};
    std::map<std::string, context_value, std::less<>> properties{};
    std::size_t read_size_max = 64 * 1024;  // a read gives no more than this: 1 finds what chunking breaks
    std::size_t fails_after = static_cast<std::size_t>(-1);  // the read after so many bytes fails
    hawser_status failure_status = HAWSER_IO;
    bool has_size_hint = true;
};

struct header_field {
    std::string name, value;
};

namespace detail {

using sdk_1::detail::from_abi;
using sdk_1::detail::report;
using sdk_1::detail::to_abi;

// A part's bytes as a stream; counts itself open, so that one that is never closed is noticed.
class part_source final : public stream_source {
public:
    part_source(const part& from, std::shared_ptr<std::atomic<int>> open_count)
        : from_(from), open_count_(std::move(open_count)) {
        ++*open_count_;
    }
    ~part_source() override { --*open_count_; }
    std::size_t read(void* buffer, std::size_t capacity) override {
        if (offset_ >= from_.fails_after) {
            throw failure(from_.failure_status,
                          "the test's body fails after " + std::to_string(from_.fails_after) + " bytes");
        }
        const std::size_t end = std::min(from_.bytes.size(), from_.fails_after);
        const std::size_t size = std::min({capacity, end - offset_, from_.read_size_max});
        std::memcpy(buffer, from_.bytes.data() + offset_, size);
        offset_ += size;
        return size;
    }
    std::int64_t size_hint() override {
        return from_.has_size_hint ? static_cast<std::int64_t>(from_.bytes.size() - offset_) : -1;
    }

private:
    part from_;
    std::shared_ptr<std::atomic<int>> open_count_;
    std::size_t offset_ = 0;
};

template <typename Struct>
hawser_status fill(Struct* out, Struct value) noexcept {
    if (out == nullptr || out->struct_size < sizeof(std::uint32_t)) {
        return HAWSER_MISUSE;
    }
    const std::uint32_t room = out->struct_size;
    value.struct_size = room;
    std::memcpy(static_cast<void*>(out), &value, std::min<std::size_t>(room, sizeof value));
    return HAWSER_OK;
}

inline hawser_property to_property(const context_value& from) noexcept {
    hawser_property raw{};
    raw.type = from.type;
    raw.flags = from.is_promoted ? HAWSER_PROPERTY_PROMOTED : 0;
    raw.origin = from.origin;
    raw.value = to_abi(from.value);
    return raw;
}

}  // namespace detail

class message {
public:
    message() : message(std::string()) {}
    explicit message(std::string body) { parts.push_back(part{.bytes = std::move(body)}); }
    message(const message&) = delete;
    message& operator=(const message&) = delete;
    ~message() { cancellation.close(); }

    // ---- What the test gives and looks at ----
    std::map<std::string, context_value, std::less<>> properties;
    std::vector<part> parts;  // the first is the body part
    std::vector<part> added_parts;  // by hawser.draft.message-parts/1
    std::vector<header_field> mail_headers;
    std::uint32_t attempt = 1;
    std::int64_t published_unix_ms = 1'700'000'000'000;
    std::int64_t begin_before_unix_ms = 0;
    std::string message_id = "00000000-0000-4000-8000-000000000001";
    std::string unique_id = "delivery-1";
    std::string port = "TestPort";
    std::string host_name = "TestHost";
    std::uint32_t seals = 0;    // what components reported
    bool is_read_only = false;  // as for an adapter
    cancel_state cancellation;
    violation_list violations;

    message& set(std::string_view name, std::string_view value, std::uint32_t type = HAWSER_TYPE_STRING) {
        properties[std::string(name)] = {std::string(value), type, HAWSER_ORIGIN_MESSAGE, false};
        return *this;
    }
    std::string get(std::string_view name) const {  // "" where absent
        const auto found = properties.find(name);
        return found == properties.end() ? std::string() : found->second.value;
    }
    int open_streams() const noexcept { return *open_count_; }  // of parts that were taken and not closed

    // What the pipeline left as the body, or the part as it was. Once only.
    body_stream take_body(std::uint32_t index = HAWSER_BODY_PART) { return body_stream(take(index)); }
    bool was_replaced(std::uint32_t index = HAWSER_BODY_PART) const {
        const auto found = states_.find(index_of(index));
        return found != states_.end() && static_cast<bool>(found->second.replaced);
    }

    hawser_message* abi() noexcept { return reinterpret_cast<hawser_message*>(this); }
    static message& from(hawser_message* raw) noexcept { return *reinterpret_cast<message*>(raw); }
    static message& from(const hawser_message* raw) noexcept {  // get_property and its like note violations, too
        return *reinterpret_cast<message*>(const_cast<hawser_message*>(raw));
    }

private:
    friend struct message_functions;
    struct part_state {
        body_stream replaced;
        bool is_taken = false;
    };

    std::size_t index_of(std::uint32_t index) const noexcept {
        return index == HAWSER_BODY_PART ? 0 : static_cast<std::size_t>(index);
    }
    hawser_stream take(std::uint32_t index) {
        const std::size_t at = index_of(index);
        if (at >= parts.size()) {
            throw failure(HAWSER_NOT_FOUND, "the message has no part " + std::to_string(index));
        }
        part_state& state = states_[at];
        if (state.is_taken) {
            violations.add("a body was taken twice, with no put between");
            throw failure(HAWSER_MISUSE, "the body was taken already and not put back");
        }
        state.is_taken = true;
        return state.replaced ? state.replaced.release()
                              : make_stream(std::make_unique<detail::part_source>(parts[at], open_count_)).release();
    }
    void put(std::uint32_t index, const hawser_stream& stream) {
        const std::size_t at = index_of(index);
        if (at >= parts.size() || stream.read == nullptr || stream.close == nullptr) {
            throw failure(HAWSER_MISUSE, "put_body: no such part, or a stream without read or close");
        }
        states_[at].replaced = body_stream(stream);
        states_[at].is_taken = false;
    }
    bool may_change(std::string_view what) {
        if (is_read_only) {
            violations.add("an adapter changed the message: " + std::string(what));
        }
        return !is_read_only;
    }

    std::shared_ptr<std::atomic<int>> open_count_ = std::make_shared<std::atomic<int>>(0);
    std::map<std::size_t, part_state> states_;
};

}  // namespace hawser::test_kit

#include "hawser/test_kit/message_functions.hpp"
