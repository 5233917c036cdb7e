// HAWSER_PLUGIN(classes...): the entry symbol, factories and descriptors of a plugin with any number of components and
// adapters. Write it once, in one source file, outside every namespace. HAWSER_PLUGIN_WITH_INIT(function, classes...) calls
// void function() once a process before anything else; what it throws refuses the plugin, with its text.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <exception>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "hawser/sdk/component.hpp"
#include "hawser/sdk/send_adapter.hpp"

namespace hawser {
inline namespace sdk_1 {
namespace detail {

template <typename Class>
concept component_class = std::is_base_of_v<pipeline_component, Class>;
template <typename Class>
concept adapter_class = std::is_base_of_v<send_adapter, Class>;

// Owns the instance with the host view that it may use until the end of its destructor.
template <typename Class>
struct instance_holder {
    explicit instance_holder(const hawser_host* raw, const hawser_config* settings)
        : view(raw), object(make(config(settings, view), view)) {}

    // The most telling constructor that the class has.
    static std::unique_ptr<Class> make(const config& settings, const host& view) {
        if constexpr (std::is_constructible_v<Class, const config&, const host&>) {
            return std::make_unique<Class>(settings, view);
        } else if constexpr (std::is_constructible_v<Class, const config&>) {
            return std::make_unique<Class>(settings);
        } else if constexpr (std::is_constructible_v<Class, const host&>) {
            return std::make_unique<Class>(view);
        } else {
            static_assert(std::is_default_constructible_v<Class>,
                          "a component or adapter is made from (config, host), (config), (host) or ()");
            return std::make_unique<Class>();
        }
    }
    static instance_holder& from(void* self) noexcept { return *static_cast<instance_holder*>(self); }
    static void destroy(void* self) noexcept { delete static_cast<instance_holder*>(self); }

    host view;
    std::unique_ptr<Class> object;
};

template <typename Class>
struct component_functions {
    using holder = instance_holder<Class>;
    static hawser_status execute(void* self, hawser_message* raw, const hawser_error* error) noexcept {
        return guard(error, [&] {
            message view = holder::from(self).view.wrap(raw);
            static_cast<pipeline_component&>(*holder::from(self).object).execute(view);
        });
    }
    static std::uint32_t configured_seals(void* self) noexcept {
        return static_cast<const pipeline_component&>(*holder::from(self).object).configured_seals();
    }
    static constexpr hawser_pipeline_component table{sizeof(hawser_pipeline_component), 0, &execute, &configured_seals,
                                                     &holder::destroy};
};

// What an exception out of transmit makes of the delivery.
inline outcome outcome_of_exception() {
    outcome result = outcome::retry("plugin.misbehaving", "plugin misbehaving: transmit threw");
    try {
        throw;
    } catch (const failure& reason) {
        const hawser_status status = reason.status();
        const bool is_transient = status == HAWSER_TRY_LATER || status == HAWSER_IO || status == HAWSER_CANCELLED;
        result.verdict = is_transient ? verdict::retry : verdict::rejected;
        result.code = is_transient ? "adapter.try-later" : "adapter.failed";
        result.text = reason.what();
    } catch (const std::exception& reason) {
        result.text = std::string("plugin misbehaving: transmit threw: ") + reason.what();
    } catch (...) {
        result.text = "plugin misbehaving: transmit threw something that is no std::exception";
    }
    return result;
}

template <typename Class>
struct adapter_functions {
    using holder = instance_holder<Class>;
    static send_adapter& adapter(void* self) noexcept { return *holder::from(self).object; }

    static void transmit(void* self, hawser_delivery* raw) noexcept {
        transmit_frame frame{raw, std::uncaught_exceptions(), false};
        transmit_frame* const outer = std::exchange(current_transmit, &frame);
        try {
            adapter(self).transmit(delivery(raw, holder::from(self).view));
        } catch (...) {
            if (frame.is_orphaned) {
                current_transmit = outer;
                delivery(raw, holder::from(self).view).complete(outcome_of_exception());
            }
        }
        current_transmit = outer;
    }
    static hawser_status preview(void* self, hawser_message* raw, const hawser_text_sink* out,
                                 const hawser_error* error) noexcept {
        return guard(error, [&] {
            message view = holder::from(self).view.wrap(raw);
            const std::string text = adapter(self).preview(view);
            out->append(out->self, to_abi(text));
        });
    }
    static hawser_status compose(void* self, hawser_message* raw, const hawser_error* error) noexcept {
        return guard(error, [&] {
            message view = holder::from(self).view.wrap(raw);
            static_cast<composer&>(*holder::from(self).object).compose(view);
        });
    }
    static const void* get_interface(void*, hawser_string id) noexcept {
        if constexpr (std::is_base_of_v<composer, Class>) {
            static constexpr hawser_composer composer_table{sizeof(hawser_composer), 0, &compose};
            return from_abi(id) == HAWSER_COMPOSER ? &composer_table : nullptr;
        } else {
            (void)id;
            return nullptr;
        }
    }
    static void stop(void* self) noexcept { adapter(self).stop(); }
    static constexpr hawser_send_adapter table{sizeof(hawser_send_adapter), 0, &transmit, &preview,
                                               &get_interface, &stop, &holder::destroy};
};

// The constant descriptor of a class and everything it points at.
class descriptor_data {
public:
    template <typename Class>
    static const hawser_descriptor& of() {
        static const descriptor_data data = make<Class>();
        return data.raw_;
    }

private:
    template <typename Class>
    static descriptor_data make() {
        config_spec spec;
        if constexpr (requires { Class::spec(); }) {
            spec = Class::spec();
        }
        return descriptor_data(std::move(spec), Class::info);
    }
    template <typename Info>
    descriptor_data(config_spec spec, const Info& info) : spec_(std::move(spec)), properties_(spec_.to_abi()) {
        for (const hawser_property_spec& one : properties_) {
            pointers_.push_back(&one);
        }
        raw_.struct_size = sizeof raw_;
        raw_.property_count = static_cast<std::uint32_t>(pointers_.size());
        raw_.properties = pointers_.empty() ? nullptr : pointers_.data();
        raw_.id = to_abi(info.id);
        raw_.version = to_abi(info.version);
        raw_.summary = to_abi(info.summary);
        describe(info);
    }
    // Not movable: pointers_ point into properties_. of() makes it in place (guaranteed copy elision).
    descriptor_data(const descriptor_data&) = delete;
    descriptor_data& operator=(const descriptor_data&) = delete;

    void describe(const component_info& info) noexcept {
        raw_.kind = HAWSER_KIND_PIPELINE_COMPONENT;
        raw_.stages = static_cast<std::uint32_t>(info.stages);
        raw_.flags = (info.needs_composed ? HAWSER_FLAG_NEEDS_COMPOSED : 0u) |
                     (info.defers_context ? HAWSER_FLAG_DEFERS_CONTEXT : 0u) |
                     (info.needs_private_key ? HAWSER_FLAG_NEEDS_PRIVATE_KEY : 0u) | (info.seals ? HAWSER_FLAG_SEALS : 0u);
    }
    void describe(const adapter_info& info) noexcept {
        raw_.kind = HAWSER_KIND_SEND_ADAPTER;
        raw_.flags = info.is_blocking ? HAWSER_FLAG_BLOCKING : 0u;
        raw_.max_in_flight = info.max_in_flight;
        raw_.property_namespace = to_abi(info.property_namespace);
        raw_.address_scheme = to_abi(info.address_scheme);
    }

    config_spec spec_;
    std::deque<hawser_property_spec> properties_;
    std::vector<const hawser_property_spec*> pointers_;
    hawser_descriptor raw_{};
};

template <typename Class>
constexpr const void* instance_table() noexcept {
    if constexpr (component_class<Class>) {
        return &component_functions<Class>::table;
    } else {
        return &adapter_functions<Class>::table;
    }
}

template <typename Class>
struct class_functions {
    static const hawser_descriptor* descriptor() noexcept {
        try {
            return &descriptor_data::of<Class>();
        } catch (...) {
            return nullptr;   // init has already told the host what its spec() threw
        }
    }
    static void validate(const hawser_host* raw, const hawser_config* settings, const hawser_problem_sink* sink) noexcept {
        problems found(sink);
        try {
            const host view(raw);
            if constexpr (requires(const config& c, problems& p, const host& h) { Class::validate(c, p, h); }) {
                Class::validate(config(settings, view), found, view);
            } else if constexpr (requires(const config& c, problems& p) { Class::validate(c, p); }) {
                Class::validate(config(settings, view), found);
            }
        } catch (...) {
            describe_exception([&](hawser_status, std::string_view text) { found.error({}, text); });
        }
    }
    static hawser_status create(const hawser_host* raw, const hawser_config* settings, hawser_instance* out,
                                const hawser_error* error) noexcept {
        return guard(error, [&] {
            auto made = std::make_unique<instance_holder<Class>>(raw, settings);
            out->table = instance_table<Class>();
            out->self = made.release();
        });
    }
};

struct class_entry {
    const hawser_descriptor* (*descriptor)() noexcept;
    void (*validate)(const hawser_host*, const hawser_config*, const hawser_problem_sink*) noexcept;
    hawser_status (*create)(const hawser_host*, const hawser_config*, hawser_instance*, const hawser_error*) noexcept;
};

template <typename... Classes>
struct factory_of {
    static constexpr std::array<class_entry, sizeof...(Classes)> entries{class_entry{
        &class_functions<Classes>::descriptor, &class_functions<Classes>::validate, &class_functions<Classes>::create}...};

    static const hawser_descriptor* descriptor(std::uint32_t index) noexcept {
        return index < entries.size() ? entries[index].descriptor() : nullptr;
    }
    static void validate(std::uint32_t index, const hawser_host* raw, const hawser_config* settings,
                         const hawser_problem_sink* sink) noexcept {
        if (index < entries.size()) {
            entries[index].validate(raw, settings, sink);
        }
    }
    static hawser_status create(const hawser_factory*, const hawser_host* raw, std::uint32_t index,
                                const hawser_config* settings, hawser_instance* out, const hawser_error* error) noexcept {
        return index < entries.size() ? entries[index].create(raw, settings, out, error)
                                      : report(error, HAWSER_MISUSE, "create: the index is greater than the factory's count");
    }
    static constexpr hawser_factory table{sizeof(hawser_factory), sizeof...(Classes), &descriptor, &validate, &create};
    static const hawser_factory* get() noexcept { return &table; }
};
template <>
struct factory_of<> {
    static const hawser_factory* get() noexcept { return nullptr; }
};

template <typename Tuple>
struct factory_of_tuple;
template <typename... Classes>
struct factory_of_tuple<std::tuple<Classes...>> : factory_of<Classes...> {};

template <typename Class, bool IsTaken>
using taken_if = std::conditional_t<IsTaken, std::tuple<Class>, std::tuple<>>;

}  // namespace detail

template <auto Init, typename... Classes>
struct plugin {
    static_assert(sizeof...(Classes) > 0, "a plugin offers at least one component or adapter");
    static_assert(((detail::component_class<Classes> != detail::adapter_class<Classes>) && ...),
                  "each class of a plugin derives either from pipeline_component or from send_adapter");

    using components = decltype(std::tuple_cat(std::declval<detail::taken_if<Classes, detail::component_class<Classes>>>()...));
    using adapters = decltype(std::tuple_cat(std::declval<detail::taken_if<Classes, detail::adapter_class<Classes>>>()...));

    static hawser_status init(const hawser_error* error) noexcept {
        return detail::guard(error, [] {
            if constexpr (!std::is_null_pointer_v<decltype(Init)>) {
                Init();
            }
            (detail::descriptor_data::of<Classes>(), ...);   // a spec() that throws does so here, where it can be told
        });
    }
    static const hawser_factory* get_factory(hawser_string id) noexcept {
        if (from_abi(id) == HAWSER_PIPELINE_COMPONENT) {
            return detail::factory_of_tuple<components>::get();
        }
        return from_abi(id) == HAWSER_SEND_ADAPTER ? detail::factory_of_tuple<adapters>::get() : nullptr;
    }
    // Everything that this SDK uses was there in minor 0.
    static constexpr hawser_entry entry{HAWSER_ABI_MAJOR, 0, &init, nullptr, &get_factory};
};

}  // namespace sdk_1
}  // namespace hawser

#define HAWSER_PLUGIN(...) \
    extern "C" const hawser_entry hawser_plugin_entry_1 = ::hawser::plugin<nullptr, __VA_ARGS__>::entry;
#define HAWSER_PLUGIN_WITH_INIT(function, ...) \
    extern "C" const hawser_entry hawser_plugin_entry_1 = ::hawser::plugin<&function, __VA_ARGS__>::entry;
