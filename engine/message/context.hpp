// A message context: the named, typed properties of a message ("BTS.MessageID", "SMTP.Subject"), some of them promoted.
// A plain value: copied for each delivery attempt (the working context), no locks; one thread at a time.
// Only promoted properties route, and a promoted value is at most 255 bytes (spec section 1).
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hawser::engine {

enum class property_type : std::uint8_t { string = 1, integer, boolean, date_time };

// Who gave a value. It decides what is trusted: a file named by the bindings is the operator's own, one named by a
// message has to be beneath the port's attachmentRoots.
enum class property_origin : std::uint8_t { message = 1, bindings, component, engine };

struct context_property {
    std::string value;  // text form: integers in decimal, booleans "true"/"false", dateTime RFC 3339
    property_type type = property_type::string;
    property_origin origin = property_origin::message;
    bool is_promoted = false;

    bool operator==(const context_property&) const = default;
};

inline constexpr std::size_t promoted_value_size_max = 255;
inline constexpr std::size_t property_name_size_max = 255;
inline constexpr std::size_t property_value_size_max = 1024 * 1024;
inline constexpr std::size_t property_count_max = 1000;

class message_context {
public:
    using map_type = std::map<std::string, context_property, std::less<>>;

    // nullptr where the property is absent. Valid until the next change of this context.
    const context_property* find(std::string_view name) const;
    std::string text_or(std::string_view name, std::string_view fallback) const;

    // Refuses (code "context.…") a name that is not Namespace.Name, a value that does not fit its type, and sizes over
    // the limits.
    result<void> set(std::string_view name, context_property property);
    void erase(std::string_view name);
    std::size_t size() const;
    // Every property, in the order of the names: visit(const map_type::value_type&).
    template <typename Visit>
    void for_each(Visit&& visit) const {
        const map_type& given = shared_ ? *shared_ : nothing_shared();
        auto own = properties_.begin();
        auto other = given.begin();
        while (own != properties_.end() || other != given.end()) {
            const int order = own == properties_.end() ? 1
                              : other == given.end()   ? -1
                                                       : own->first.compare(other->first);
            visit(order <= 0 ? *own : *other);
            own = order <= 0 ? std::next(own) : own;
            other = order >= 0 ? std::next(other) : other;
        }
    }
    map_type all() const;  // a copy

    // What a port gives every message, shared by all of them instead of copied: it stands over what the context has so
    // far, or counts only where the context has nothing. Its entries must be such as set() takes. A later set or erase
    // concerns this context alone. Once.
    using shared_properties = std::shared_ptr<const map_type>;
    void lay_over(const shared_properties& shared);
    void lay_under(shared_properties shared) { shared_ = std::move(shared); }

    // For the message box: a compact, versioned, length-prefixed form. decode refuses anything that is not exactly
    // that.
    std::string encode() const;
    static result<message_context> decode(std::string_view bytes);

    bool operator==(const message_context& other) const { return all() == other.all(); }

private:
    static const map_type& nothing_shared();
    map_type properties_;  // its own, which count first
    shared_properties shared_;
};

// "string", "int", "bool", "dateTime" (spec section 1) and back; nullptr-like: unknown names give no value.
std::string_view name_of(property_type type) noexcept;

}  // namespace hawser::engine
