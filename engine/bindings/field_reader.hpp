// Reads the members of one JSON object by name and type, and reports those that nobody asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

class field_reader {
public:
    // Reports where `object` is none; then every field is absent.
    field_reader(const json_value& object, std::string pointer, diagnostics& problems);

    const json_value* any(const std::string& key);
    const json_value* of(const std::string& key, json_value::kind type);  // reports another type
    std::string string(const std::string& key, std::string otherwise = {});
    bool boolean(const std::string& key, bool otherwise);
    std::int64_t integer(const std::string& key, std::int64_t otherwise, std::int64_t minimum, std::int64_t maximum);
    double number(const std::string& key, double otherwise, double minimum, double maximum);
    std::string word(const std::string& key, const std::vector<std::string>& words, std::string otherwise);
    std::vector<std::string> strings(const std::string& key);
    // A list of some of these words, none twice.
    std::vector<std::string> words(const std::string& key, const std::vector<std::string>& allowed);
    // "30s", "5m", "2h", "1d", or a number of minutes (BizTalk's unit); in milliseconds.
    std::int64_t duration_ms(const std::string& key, std::int64_t otherwise_ms, std::int64_t maximum_ms,
                             std::int64_t minimum_ms = 0);
    // "10/s", "600/m", "1000/h"; no limit where it is absent.
    rate_binding rate_limit(const std::string& key);
    // "500MB", "10GB" (by thousands), "512MiB" (by 1024), or a number of bytes.
    std::int64_t size_bytes(const std::string& key, std::int64_t otherwise, std::int64_t maximum);
    void refuse(const std::string& key, const std::string& reason);  // known, and not allowed here
    void finish();  // reports unknown keys, with what was meant or what is allowed

    std::string at(const std::string& key) const { return pointer_ + '/' + pointer_token(key); }
    const std::string& pointer() const noexcept { return pointer_; }
    const source_position& position() const noexcept { return object_.position; }

private:
    void refuse_word(const json_value& value, const std::string& pointer, const std::vector<std::string>& words);

    const json_value& object_;
    std::string pointer_;
    diagnostics& problems_;
    std::vector<std::string> known_;
    std::vector<std::string> refused_;
};

}  // namespace hawser::engine
