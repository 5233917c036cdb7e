// An instance of a component or adapter, made through its factory, and the ways to run it: run (a component on a
// message), compose, preview, transmit. Takes a class (instance::of<crlf_encoder>) or what a loaded plugin's entry
// offers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/plugin.hpp"
#include "hawser/test_kit/delivery.hpp"

namespace hawser::test_kit {

using settings = std::map<std::string, std::string, std::less<>>;  // "/Text" -> "Stamped."

struct problem {
    std::uint32_t severity = 1;  // 1 error, 2 warning
    std::string pointer, text;
};

struct run_result {
    hawser_status status = HAWSER_OK;
    std::string error;  // of execute, compose, preview or the first failed read
    std::string body;   // what was read, up to a failure
    bool is_ok() const noexcept { return status >= 0; }
};

class instance {
public:
    // Defaults are filled in from the spec. Throws failure, with the reason, where create or the spec refuses.
    instance(test_kit::host& owner, const hawser_factory* factory, std::uint32_t index, settings values = {})
        : host_(owner), factory_(factory), index_(index) {
        if (factory_ == nullptr || index_ >= factory_->count || descriptor() == nullptr) {
            throw failure(HAWSER_NOT_FOUND, "the plugin has no such component or adapter");
        }
        config_.values = with_defaults(std::move(values));
        sdk_1::detail::error_sink error;
        error.check(factory_->create(factory_, host_.abi(), index_, config_.abi(), &abi_, error.abi()), "create");
    }
    template <typename Class>
    static instance of(test_kit::host& owner, settings values = {}) {
        return instance(owner, sdk_1::detail::factory_of<sdk_1::detail::is_adapter<Class>, Class>::get(), 0,
                        std::move(values));
    }
    instance(instance&& other) noexcept
        : host_(other.host_),
          factory_(other.factory_),
          index_(other.index_),
          config_(std::move(other.config_)),
          abi_(std::exchange(other.abi_, hawser_instance{})) {}
    instance& operator=(instance&&) = delete;
    ~instance() {
        if (abi_.self == nullptr) {
            return;
        }
        is_adapter() ? adapter().destroy(abi_.self) : component().destroy(abi_.self);
    }

    const hawser_descriptor* descriptor() const noexcept { return factory_->descriptor(index_); }
    bool is_adapter() const noexcept { return descriptor()->kind == HAWSER_KIND_SEND_ADAPTER; }
    test_kit::host& host() const noexcept { return host_; }
    void* self() const noexcept { return abi_.self; }
    const hawser_pipeline_component& component() const noexcept {
        return *static_cast<const hawser_pipeline_component*>(abi_.table);
    }
    const hawser_send_adapter& adapter() const noexcept { return *static_cast<const hawser_send_adapter*>(abi_.table); }
    std::uint32_t configured_seals() const {
        return component().configured_seals == nullptr ? 0 : component().configured_seals(abi_.self);
    }

    // What the class's own validate says of these values, over the spec's defaults.
    std::vector<problem> validate(settings values) const {
        std::vector<problem> found;
        configuration checked{with_defaults(std::move(values))};
        const hawser_problem_sink sink{
            &found, [](void* to, std::uint32_t severity, hawser_string pointer, hawser_string text) {
                static_cast<std::vector<problem>*>(to)->push_back(
                    {severity, std::string(detail::from_abi(pointer)), std::string(detail::from_abi(text))});
            }};
        if (factory_->validate != nullptr) {
            factory_->validate(index_, host_.abi(), checked.abi(), &sink);
        }
        return found;
    }

private:
    // As a host does: unknown names are refused, defaults filled in, required values demanded.
    settings with_defaults(settings values) const {
        const hawser_descriptor& described = *descriptor();
        for (const auto& [pointer, value] : values) {
            const std::string name = pointer.substr(1, pointer.find('/', 1) - 1);
            bool is_known = false;
            for (std::uint32_t i = 0; i < described.property_count; ++i) {
                is_known = is_known || detail::from_abi(described.properties[i]->name) == name;
            }
            if (!is_known) {
                throw failure(HAWSER_BAD_CONFIG, "the spec has no property " + name);
            }
        }
        for (std::uint32_t i = 0; i < described.property_count; ++i) {
            const hawser_property_spec& one = *described.properties[i];
            const std::string pointer = "/" + std::string(detail::from_abi(one.name));
            if (one.default_value.data != nullptr) {
                values.emplace(pointer, detail::from_abi(one.default_value));
            } else if ((one.flags & HAWSER_SPEC_REQUIRED) != 0 && !is_adapter() && !values.contains(pointer)) {
                // An adapter's may come with the message.
                throw failure(HAWSER_BAD_CONFIG, "the required property " + pointer + " is not set");
            }
        }
        return values;
    }

    test_kit::host& host_;
    const hawser_factory* factory_;
    std::uint32_t index_;
    configuration config_;
    hawser_instance abi_{};
};

// Reads a message's body to its end in pieces of read_size.
inline run_result read_body(host& owner, message& about, std::size_t read_size = 64 * 1024) {
    run_result result;
    try {
        body_stream body = about.take_body();
        const std::int64_t promised = body.size_hint();
        std::string buffer(read_size, '\0');
        while (const std::size_t size = body.read(buffer.data(), buffer.size())) {
            if (size > buffer.size()) {
                owner.violations_found.add("a stream gave more bytes than it was asked for");
                break;
            }
            result.body.append(buffer, 0, size);
        }
        if (promised >= 0 && static_cast<std::uint64_t>(promised) != result.body.size()) {
            owner.violations_found.add("size_hint said " + std::to_string(promised) + " bytes, and " +
                                       std::to_string(result.body.size()) + " came");
        }
    } catch (const failure& thrown) {
        result.status = thrown.status();
        result.error = thrown.what();
    }
    if (about.open_streams() != 0) {
        owner.violations_found.add("a stream was not closed");
    }
    for (std::string& one : about.violations.all()) {
        owner.violations_found.add(std::move(one));
    }
    return result;
}

namespace detail {

template <typename Call>
run_result call(Call&& function) {
    run_result result;
    sdk_1::detail::error_sink error;
    result.status = function(error.abi());
    result.error = result.status < 0 ? error.text() : std::string();
    return result;
}

}  // namespace detail

// Executes the component, then reads the body that it left. Repeat it with read_size and part::read_size_max of 1.
inline run_result run(instance& of, message& about, std::size_t read_size = 64 * 1024) {
    const run_result executed =
        detail::call([&](const hawser_error* error) { return of.component().execute(of.self(), about.abi(), error); });
    return executed.is_ok() ? read_body(of.host(), about, read_size) : executed;
}

// Calls the adapter's composer, then reads the MIME entity that it left.
inline run_result compose(instance& of, message& about, std::size_t read_size = 64 * 1024) {
    const auto* composer = static_cast<const hawser_composer*>(
        of.adapter().get_interface == nullptr ? nullptr
                                              : of.adapter().get_interface(of.self(), detail::to_abi(HAWSER_COMPOSER)));
    if (composer == nullptr) {
        return {HAWSER_UNSUPPORTED, "the adapter has no composer", {}};
    }
    const run_result composed =
        detail::call([&](const hawser_error* error) { return composer->compose(of.self(), about.abi(), error); });
    return composed.is_ok() ? read_body(of.host(), about, read_size) : composed;
}

// The text is in `body`.
inline run_result preview(instance& of, message& about) {
    std::string text;
    const hawser_text_sink sink{&text, [](void* self, hawser_string piece) {
                                    static_cast<std::string*>(self)->append(detail::from_abi(piece));
                                }};
    run_result result = detail::call([&](const hawser_error* error) {
        return of.adapter().preview == nullptr ? HAWSER_UNSUPPORTED
                                               : of.adapter().preview(of.self(), about.abi(), &sink, error);
    });
    result.body = std::move(text);
    return result;
}

// Starts it; the answer comes by wait_for_outcome, perhaps later.
inline void transmit(instance& of, delivery& one) {
    one.is_blocking = (of.descriptor()->flags & HAWSER_FLAG_BLOCKING) != 0;
    of.adapter().transmit(of.self(), one.abi());
}

}  // namespace hawser::test_kit
