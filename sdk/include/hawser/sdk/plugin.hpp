// HAWSER_PLUGIN(classes…): the exported entry of a plugin made of pipeline components and send adapters.
#pragma once

#include <array>
#include <string_view>
#include <type_traits>
#include <vector>

#include "hawser/sdk/adapter.hpp"
#include "hawser/sdk/component.hpp"
#include "hawser/sdk/config.hpp"

namespace hawser {
inline namespace sdk_1 {
namespace detail {

template <typename Class>
constexpr bool is_adapter = std::is_base_of_v<send_adapter, Class>;

// An instance and the host it was made with, behind the ABI's self.
template <typename Class>
struct holder {
    sdk_1::host host;
    Class object;

    holder(const config& values,
           const sdk_1::host& owner) requires std::is_constructible_v<Class, const config&, const sdk_1::host&>
        : host(owner), object(values, owner) {}
    holder(const config& values,
           const sdk_1::host& owner) requires(!std::is_constructible_v<Class, const config&, const sdk_1::host&> &&
                                              std::is_constructible_v<Class, const config&>)
        : host(owner), object(values) {}
    holder(const config&,
           const sdk_1::host& owner) requires(!std::is_constructible_v<Class, const config&, const sdk_1::host&> &&
                                              !std::is_constructible_v<Class, const config&>)
        : host(owner), object() {}
};

template <typename Class>
holder<Class>& held(void* self) noexcept {
    return *static_cast<holder<Class>*>(self);
}

template <typename Class>
const hawser_pipeline_component* component_table() noexcept {
    static const hawser_pipeline_component table{
        sizeof(hawser_pipeline_component), 0,
        [](void* self, hawser_message* abi, const hawser_error* error) noexcept -> hawser_status {
            return static_cast<hawser_status>(guard(error, [&] {
                message one(abi, held<Class>(self).host);
                held<Class>(self).object.execute(one);
                return HAWSER_OK;
            }));
        },
        [](void* self) noexcept -> std::uint32_t { return held<Class>(self).object.configured_seals(); },
        [](void* self) noexcept { delete &held<Class>(self); }};
    return &table;
}

template <typename Class>
const void* probe_table() {
    static const hawser_probe table{
        sizeof(hawser_probe), 0,
        [](void* self, hawser_delivery* abi, const hawser_finding_sink* sink,
           const hawser_error* error) noexcept -> hawser_status {
            return static_cast<hawser_status>(guard(error, [&] {
                findings found(sink);
                held<Class>(self).object.probe(probed_delivery(abi, held<Class>(self).host), found);
                return HAWSER_OK;
            }));
        }};
    return &table;
}

template <typename Class>
const hawser_composer* composer_table() noexcept {
    static const hawser_composer table{
        sizeof(hawser_composer), 0,
        [](void* self, hawser_message* abi, const hawser_error* error) noexcept -> hawser_status {
            return static_cast<hawser_status>(guard(error, [&] {
                message one(abi, held<Class>(self).host);
                held<Class>(self).object.compose(one);
                return HAWSER_OK;
            }));
        }};
    return &table;
}

template <typename Class>
void transmit(void* self, hawser_delivery* abi) noexcept {
    try {
        held<Class>(self).object.transmit(delivery(abi, held<Class>(self).host));
    } catch (...) {  // the delivery was completed when it was dropped on the way here
    }
}

template <typename Class>
const hawser_send_adapter* adapter_table() noexcept {
    static const hawser_send_adapter table{
        sizeof(hawser_send_adapter),
        0,
        &transmit<Class>,
        [](void* self, hawser_message* abi, const hawser_text_sink* out,
           const hawser_error* error) noexcept -> hawser_status {
            return static_cast<hawser_status>(guard(error, [&] {
                message one(abi, held<Class>(self).host);
                std::string text;
                held<Class>(self).object.preview(one, text);
                out->append(out->self, to_abi(text));
                return HAWSER_OK;
            }));
        },
        [](void* self, hawser_string id) noexcept -> const void* {
            const Class& object = held<Class>(self).object;
            return from_abi(id) == HAWSER_COMPOSER && object.has_composer() ? composer_table<Class>()
                   : from_abi(id) == HAWSER_PROBE && object.has_probe()     ? probe_table<Class>()
                                                                            : nullptr;
        },
        [](void* self) noexcept {
            try {
                held<Class>(self).object.stop();
            } catch (...) {  // stopping has no way to fail
            }
        },
        [](void* self) noexcept { delete &held<Class>(self); }};
    return &table;
}

template <typename Class>
const hawser_descriptor* descriptor() {
    static const std::vector<hawser_property_spec> specs = [] {
        if constexpr (requires { Class::spec(); }) {
            return Class::spec().specs();
        } else {
            return std::vector<hawser_property_spec>{};
        }
    }();
    static const std::vector<const hawser_property_spec*> pointers = [] {
        std::vector<const hawser_property_spec*> all;
        for (const hawser_property_spec& one : specs) {
            all.push_back(&one);
        }
        return all;
    }();
    static const hawser_descriptor made = [] {
        hawser_descriptor one{};
        one.struct_size = sizeof one;
        one.flags = Class::info.flags;
        one.property_count = static_cast<std::uint32_t>(pointers.size());
        one.properties = pointers.data();
        one.id = to_abi(Class::info.id);
        one.version = to_abi(Class::info.version);
        one.summary = to_abi(Class::info.summary);
        if constexpr (is_adapter<Class>) {
            one.kind = HAWSER_KIND_SEND_ADAPTER;
            one.max_in_flight = Class::info.max_in_flight;
            one.property_namespace = to_abi(Class::info.property_namespace);
            one.address_scheme = to_abi(Class::info.address_scheme);
        } else {
            one.kind = HAWSER_KIND_PIPELINE_COMPONENT;
            one.stages = static_cast<std::uint32_t>(Class::info.stages);
        }
        return one;
    }();
    return &made;
}

template <typename Class>
hawser_status create(const hawser_host* abi, const hawser_config* values, hawser_instance* out,
                     const hawser_error* error) noexcept {
    return static_cast<hawser_status>(guard(error, [&] {
        const sdk_1::host host(abi);
        const config read(values, host.service<hawser_config_api>(HAWSER_CONFIG));
        out->self = new holder<Class>(read, host);
        if constexpr (is_adapter<Class>) {
            out->table = adapter_table<Class>();
        } else {
            out->table = component_table<Class>();
        }
        return HAWSER_OK;
    }));
}

template <typename Class>
void validate(const hawser_host* abi, const hawser_config* values, const hawser_problem_sink* sink) noexcept {
    if constexpr (requires(const config& c, const sdk_1::host& h, problems& p) { Class::validate(c, h, p); }) {
        problems found(sink);
        try {
            const sdk_1::host host(abi);
            Class::validate(config(values, host.service<hawser_config_api>(HAWSER_CONFIG)), host, found);
        } catch (const std::exception& thrown) {
            found.error("", thrown.what());
        }
    }
}

struct factory_row {
    const hawser_descriptor* (*descriptor)();
    hawser_status (*create)(const hawser_host*, const hawser_config*, hawser_instance*, const hawser_error*) noexcept;
    void (*validate)(const hawser_host*, const hawser_config*, const hawser_problem_sink*) noexcept;
};

// The classes of one kind in one plugin, as a factory.
template <bool Adapters, typename... Classes>
struct factory_of {
    static const std::vector<factory_row>& rows() {
        static const std::vector<factory_row> all = [] {
            std::vector<factory_row> made;
            (
                [&] {
                    if constexpr (is_adapter<Classes> == Adapters) {
                        made.push_back(
                            {&detail::descriptor<Classes>, &detail::create<Classes>, &detail::validate<Classes>});
                    }
                }(),
                ...);
            return made;
        }();
        return all;
    }
    static const hawser_factory* get() {
        static const hawser_factory factory{
            sizeof(hawser_factory), static_cast<std::uint32_t>(rows().size()),
            [](std::uint32_t index) noexcept -> const hawser_descriptor* {
                return index < rows().size() ? rows()[index].descriptor() : nullptr;
            },
            [](std::uint32_t index, const hawser_host* host, const hawser_config* values,
               const hawser_problem_sink* sink) noexcept {
                if (index < rows().size()) {
                    rows()[index].validate(host, values, sink);
                }
            },
            [](const hawser_factory*, const hawser_host* host, std::uint32_t index, const hawser_config* values,
               hawser_instance* out, const hawser_error* error) noexcept -> hawser_status {
                return index < rows().size() ? rows()[index].create(host, values, out, error) : HAWSER_NOT_FOUND;
            }};
        return rows().empty() ? nullptr : &factory;
    }
};

template <typename... Classes>
const hawser_factory* get_factory(hawser_string id) noexcept {
    try {
        if (from_abi(id) == HAWSER_PIPELINE_COMPONENT) {
            return factory_of<false, Classes...>::get();
        }
        if (from_abi(id) == HAWSER_SEND_ADAPTER) {
            return factory_of<true, Classes...>::get();
        }
    } catch (...) {  // out of memory while the tables were made: the plugin has nothing to offer
    }
    return nullptr;
}

inline hawser_status no_init(const hawser_error*) noexcept { return HAWSER_OK; }

}  // namespace detail
}  // namespace sdk_1
}  // namespace hawser

#define HAWSER_PLUGIN_WITH_INIT(init, ...)                                                                   \
    extern "C" HAWSER_EXPORT const hawser_entry hawser_plugin_entry_1 = {HAWSER_ABI_MAJOR, 0, init, nullptr, \
                                                                         &::hawser::detail::get_factory<__VA_ARGS__>};
#define HAWSER_PLUGIN(...) HAWSER_PLUGIN_WITH_INIT(&::hawser::detail::no_init, __VA_ARGS__)
