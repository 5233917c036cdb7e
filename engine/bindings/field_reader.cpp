#include "bindings/field_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint32_t rate_count_max = 1'000'000;

std::string join(const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& word : words) {
        joined += (joined.empty() ? "" : ", ") + word;
    }
    return joined;
}

}  // namespace

field_reader::field_reader(const json_value& object, std::string pointer, diagnostics& problems)
    : object_(object), pointer_(std::move(pointer)), problems_(problems) {
    if (!object.is(json_value::kind::object)) {
        problems.error(object.position, pointer_, std::string("this must be an object, not ") + name_of(object.type));
    }
}

const json_value* field_reader::any(const std::string& key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        known_.push_back(key);
    }
    return object_.find(key);
}

const json_value* field_reader::of(const std::string& key, json_value::kind type) {
    const json_value* value = any(key);
    if (value != nullptr && !value->is(type)) {
        problems_.error(value->position, at(key),
                        std::string("this must be ") + name_of(type) + ", not " + name_of(value->type));
        return nullptr;
    }
    return value;
}

std::string field_reader::string(const std::string& key, std::string otherwise) {
    const json_value* value = of(key, json_value::kind::string);
    if (value == nullptr) {
        return otherwise;
    }
    if (value->text.find('\0') != std::string::npos) {
        problems_.error(value->position, at(key), "a NUL cannot stand here");
        return otherwise;
    }
    return value->text;
}

bool field_reader::boolean(const std::string& key, bool otherwise) {
    const json_value* value = of(key, json_value::kind::boolean);
    return value == nullptr ? otherwise : value->boolean;
}

std::int64_t field_reader::integer(const std::string& key, std::int64_t otherwise, std::int64_t minimum,
                                   std::int64_t maximum) {
    const json_value* value = of(key, json_value::kind::number);
    if (value == nullptr) {
        return otherwise;
    }
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
    if (failure != std::errc{} || end != value->text.data() + value->text.size() || number < minimum ||
        number > maximum) {
        problems_.error(
            value->position, at(key),
            "this must be a whole number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
        return otherwise;
    }
    return number;
}

double field_reader::number(const std::string& key, double otherwise, double minimum, double maximum) {
    const json_value* value = of(key, json_value::kind::number);
    if (value == nullptr) {
        return otherwise;
    }
    double number = 0;
    const auto [end, failure] = std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
    if (failure != std::errc{} || end != value->text.data() + value->text.size() || number < minimum ||
        number > maximum) {
        problems_.error(value->position, at(key), fmt::format("this must be a number from {} to {}", minimum, maximum));
        return otherwise;
    }
    return number;
}

std::string field_reader::word(const std::string& key, const std::vector<std::string>& words, std::string otherwise) {
    const json_value* value = of(key, json_value::kind::string);
    if (value == nullptr) {
        return otherwise;
    }
    if (std::find(words.begin(), words.end(), value->text) == words.end()) {
        refuse_word(*value, at(key), words);
        return otherwise;
    }
    return value->text;
}

void field_reader::refuse_word(const json_value& value, const std::string& pointer,
                               const std::vector<std::string>& words) {
    problems_.error(value.position, pointer,
                    '"' + printable(value.text, 60) + "\" is not allowed: one of " + join(words) + " is",
                    suggest(value.text, words));
}

std::vector<std::string> field_reader::words(const std::string& key, const std::vector<std::string>& allowed) {
    std::vector<std::string> all;
    const json_value* list = of(key, json_value::kind::array);
    for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
        const json_value& one = list->elements[i];
        const std::string pointer = at(key) + '/' + std::to_string(i);
        if (!one.is(json_value::kind::string)) {
            problems_.error(one.position, pointer, "this must be a string: one of " + join(allowed));
        } else if (std::find(allowed.begin(), allowed.end(), one.text) == allowed.end()) {
            refuse_word(one, pointer, allowed);
        } else if (std::find(all.begin(), all.end(), one.text) != all.end()) {
            problems_.error(one.position, pointer, '"' + one.text + "\" stands here twice");
        } else {
            all.push_back(one.text);
        }
    }
    return all;
}

std::vector<std::string> field_reader::strings(const std::string& key) {
    std::vector<std::string> all;
    const json_value* list = of(key, json_value::kind::array);
    if (list == nullptr) {
        return all;
    }
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
        if (list->elements[i].is(json_value::kind::string)) {
            all.push_back(list->elements[i].text);
        } else {
            problems_.error(list->elements[i].position, at(key) + '/' + std::to_string(i), "this must be a string");
        }
    }
    return all;
}

std::int64_t field_reader::duration_ms(const std::string& key, std::int64_t otherwise_ms, std::int64_t maximum_ms,
                                       std::int64_t minimum_ms) {
    const json_value* value = any(key);
    if (value == nullptr) {
        return otherwise_ms;
    }
    std::int64_t count = 0;
    const std::string& text = value->text;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t unit_ms = 0;
    if (value->is(json_value::kind::number) && unit.empty()) {
        unit_ms = 60 * 1000;
    } else if (value->is(json_value::kind::string)) {
        unit_ms = unit == "s"   ? 1000
                  : unit == "m" ? 60 * 1000
                  : unit == "h" ? 3600 * 1000
                  : unit == "d" ? 24 * 3600 * 1000
                                : 0;
    }
    if (failure != std::errc{} || unit_ms == 0 || count < 0 || count > maximum_ms / unit_ms ||
        count * unit_ms < minimum_ms) {
        problems_.error(value->position, at(key),
                        "this must be a duration like \"30s\", \"5m\" or \"2h\", or a number of minutes, " +
                            (minimum_ms > 0 ? "of at least " + std::to_string(minimum_ms / 1000) + " s and " : "of ") +
                            "at most " + std::to_string(maximum_ms / 60000) + " minutes");
        return otherwise_ms;
    }
    return count * unit_ms;
}

rate_binding field_reader::rate_limit(const std::string& key) {
    rate_binding rate;
    const json_value* value = any(key);
    if (value == nullptr) {
        return rate;
    }
    const std::string& text = value->text;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), rate.count);
    const std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    rate.period_ms = unit == "/s" ? 1000 : unit == "/m" ? 60 * 1000 : unit == "/h" ? 3600 * 1000 : 0;
    if (!value->is(json_value::kind::string) || failure != std::errc{} || rate.period_ms == 0 || rate.count == 0 ||
        rate.count > rate_count_max) {
        problems_.error(
            value->position, at(key),
            "this must be a rate like \"10/s\", \"600/m\" or \"1000/h\", of 1 to " + std::to_string(rate_count_max));
        return {};
    }
    return rate;
}

std::int64_t field_reader::size_bytes(const std::string& key, std::int64_t otherwise, std::int64_t maximum) {
    const json_value* value = any(key);
    if (value == nullptr) {
        return otherwise;
    }
    constexpr std::pair<const char*, std::int64_t> units[] = {
        {"B", 1},           {"KB", 1000},       {"MB", 1000'000},   {"GB", 1000'000'000}, {"TB", 1000'000'000'000},
        {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}};
    std::int64_t count = 0;
    const std::string& text = value->text;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    std::int64_t unit_bytes = value->is(json_value::kind::number) && unit.empty() ? 1 : 0;
    for (const auto& [name, bytes] : units) {
        unit_bytes = value->is(json_value::kind::string) && unit == name ? bytes : unit_bytes;
    }
    if (failure != std::errc{} || unit_bytes == 0 || count < 0 || count > maximum / unit_bytes) {
        problems_.error(value->position, at(key),
                        "this must be a size like \"500MB\" or \"10GiB\", or a number of bytes, of at most " +
                            std::to_string(maximum) + " bytes");
        return otherwise;
    }
    return count * unit_bytes;
}

void field_reader::refuse(const std::string& key, const std::string& reason) {
    refused_.push_back(key);
    if (const json_value* value = object_.find(key); value != nullptr) {
        problems_.error(value->position, at(key), reason);
    }
}

void field_reader::finish() {
    for (const json_member& member : object_.members) {
        if (std::find(known_.begin(), known_.end(), member.key) != known_.end() ||
            std::find(refused_.begin(), refused_.end(), member.key) != refused_.end()) {
            continue;
        }
        const std::string suggestion = suggest(member.key, known_);
        problems_.error(member.key_position, at(member.key), "unknown key \"" + printable(member.key, 60) + '"',
                        suggestion.empty() ? "allowed are " + join(known_) : suggestion);
    }
}

}  // namespace hawser::engine
