// What one plugin instance sees of the engine: its hawser_host and the services behind it. Runtime makes one for each
// component and adapter instance; it outlives the instance. The service tables are constant and thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/secret_text.hpp"
#include "certificates/token_key.hpp"
#include "hawser/abi.h"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {

// Certificates as plugins may see them; implemented over the certificate store. Thread-safe.
class certificate_source {
public:
    using visitor = std::function<void(const hawser_certificate&)>;
    virtual ~certificate_source() = default;
    // `set` is HAWSER_CERTIFICATES_*; message may be null but for SIGNING and ENCRYPTION. Fails naming what is missing.
    virtual result<void> each(const working_message* message, std::uint32_t set, bool with_keys,
                              const visitor& visit) const = 0;
    // The one of PERSONAL or OTHER_PEOPLE that is meant to be encrypted for. Fails with why there is none.
    virtual result<void> find_recipient(std::uint32_t set, const std::string& selector, const visitor& visit) const = 0;
    // With a private key that stays in a token. Fails with a code of token_key.hpp.
    virtual result<std::string> use_key(const std::string& private_key, const key_use& wanted) const = 0;
    virtual std::uint64_t revision() const noexcept = 0;
};

// Counters by name ("SMTP.messages_sent"). Thread-safe.
class metrics {
public:
    virtual ~metrics() = default;
    virtual void add(std::string_view counter, std::int64_t delta) noexcept = 0;
};

struct engine_services {
    const certificate_source* certificates = nullptr;
    metrics* counters = nullptr;
    clock* time = nullptr;
};

class instance_host {
public:
    instance_host(const engine_services& services, std::string instance_name, std::uint32_t descriptor_flags);
    instance_host(const instance_host&) = delete;
    instance_host& operator=(const instance_host&) = delete;

    const hawser_host* abi() const noexcept { return &abi_; }
    const engine_services& services() const noexcept { return services_; }
    const std::string& instance_name() const noexcept { return instance_name_; }
    bool may_see_private_keys() const noexcept { return (descriptor_flags_ & HAWSER_FLAG_NEEDS_PRIVATE_KEY) != 0; }
    static const instance_host& from(const hawser_host* host) noexcept {
        return *static_cast<const instance_host*>(host->self);
    }

private:
    const engine_services& services_;
    std::string instance_name_;
    std::uint32_t descriptor_flags_;
    hawser_host abi_;
};

// Validated configuration of one instance, by JSON pointer. All of it is wiped when it goes: secrets are in it.
class instance_config {
public:
    void set(const std::string& pointer, std::string value) { set(pointer, secret_text(std::move(value))); }
    void set(const std::string& pointer, secret_text value) { values_.insert_or_assign(pointer, std::move(value)); }
    void set_list(const std::string& pointer, const std::vector<std::string>& values);
    const std::string* find(std::string_view pointer) const;
    std::uint32_t count(std::string_view pointer) const;

    const hawser_config* abi() const noexcept { return reinterpret_cast<const hawser_config*>(this); }
    static const instance_config& from(const hawser_config* config) noexcept {
        return *reinterpret_cast<const instance_config*>(config);
    }

private:
    std::map<std::string, secret_text, std::less<>> values_;
    std::map<std::string, std::uint32_t, std::less<>> counts_;
};

}  // namespace hawser::engine
