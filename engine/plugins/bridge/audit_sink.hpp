// The archive of a port as the bridge sees it (hawser.audit/1). Implemented by runtime over engine/audit. Thread-safe;
// a record by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hawser::engine {

struct audit_subject {
    std::string port;
    std::string message_id;
    std::string unique_id;
    std::int64_t delivery = 0;
    std::uint32_t attempt = 1;
};

// Errors: "audit.misuse" is the adapter's fault; any other means that the archive cannot be written now.
inline constexpr const char* audit_misuse = "audit.misuse";
using audit_answer = std::function<void(const result<void>&)>;

class audit_record_writer {
public:
    virtual ~audit_record_writer() = default;
    virtual result<void> content(std::string_view bytes) = 0;
    virtual void hand_over(std::string_view facts, audit_answer answer) = 0;  // once, and no content after it
    virtual void finish(std::string_view facts, audit_answer answer) = 0;     // once, and nothing after it
};

class audit_sink {
public:
    virtual ~audit_sink() = default;
    virtual result<std::unique_ptr<audit_record_writer>> begin(const audit_subject& about) = 0;
};

}  // namespace hawser::engine
