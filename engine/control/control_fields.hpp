// How the fields of the control protocol's JSON are read and written: every missing field, wrong type and unknown word
// is a bad_frame. For the files of control_codec alone. Stateless.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "control/control_codec.hpp"

namespace hawser::engine::control {

using nlohmann::json;

template <typename Value>
using word_table = std::initializer_list<std::pair<Value, const char*>>;

inline const word_table<answer_code> answer_words = {
    {answer_code::done, "done"},           {answer_code::accepted, "accepted"},
    {answer_code::suspended, "suspended"}, {answer_code::not_accepted, "not_accepted"},
    {answer_code::bad_input, "bad_input"}, {answer_code::no_subscriber, "no_subscriber"},
    {answer_code::not_found, "not_found"}};
inline const word_table<wait_for> wait_words = {
    {wait_for::nothing, "nothing"}, {wait_for::first_attempt, "first_attempt"}, {wait_for::end, "end"}};

template <typename Value>
const char* word_of(const word_table<Value>& table, Value value) {
    for (const auto& [candidate, word] : table) {
        if (candidate == value) {
            return word;
        }
    }
    return "";
}

template <typename Value>
Value value_of(const word_table<Value>& table, const std::string& word) {
    for (const auto& [candidate, name] : table) {
        if (word == name) {
            return candidate;
        }
    }
    throw bad_frame("unknown word \"" + word + "\"");
}

inline const json& field(const json& object, const char* name) {
    if (!object.is_object()) {
        throw bad_frame("an object was expected");
    }
    const auto found = object.find(name);
    if (found == object.end()) {
        throw bad_frame(std::string("the field \"") + name + "\" is missing");
    }
    return *found;
}

[[noreturn]] inline void fail_type(const char* name, const char* wanted) {
    throw bad_frame(std::string("the field \"") + name + "\" is not " + wanted);
}

inline std::string text(const json& object, const char* name) {
    const json& value = field(object, name);
    if (!value.is_string()) {
        fail_type(name, "a string");
    }
    return value.get<std::string>();
}

inline bool flag(const json& object, const char* name) {
    const json& value = field(object, name);
    if (!value.is_boolean()) {
        fail_type(name, "true or false");
    }
    return value.get<bool>();
}

inline std::int64_t whole(const json& object, const char* name) {
    const json& value = field(object, name);
    if (!value.is_number_integer() ||
        (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX})) {
        fail_type(name, "a whole number");
    }
    return value.get<std::int64_t>();
}

inline std::uint64_t natural(const json& object, const char* name) {
    const json& value = field(object, name);
    if (!value.is_number_unsigned()) {
        fail_type(name, "a whole number of 0 or more");
    }
    return value.get<std::uint64_t>();
}

inline std::uint32_t natural32(const json& object, const char* name) {
    const std::uint64_t value = natural(object, name);
    if (value > UINT32_MAX) {
        fail_type(name, "a number below 2^32");
    }
    return static_cast<std::uint32_t>(value);
}

inline const json& array(const json& value) {
    if (!value.is_array()) {
        throw bad_frame("a list was expected");
    }
    return value;
}

template <typename Value, typename Write>
json list_of(const std::vector<Value>& values, Write write) {
    json list = json::array();
    for (const Value& one : values) {
        list.push_back(write(one));
    }
    return list;
}

template <typename Value, typename Read>
std::vector<Value> list_from(const json& value, Read read) {
    std::vector<Value> list;
    for (const json& one : array(value)) {
        list.push_back(read(one));
    }
    return list;
}

inline std::vector<std::string> strings_from(const json& value) {
    return list_from<std::string>(value, [](const json& one) {
        if (!one.is_string()) {
            throw bad_frame("a list of strings was expected");
        }
        return one.get<std::string>();
    });
}

inline std::vector<std::int64_t> whole_numbers_from(const json& value) {
    return list_from<std::int64_t>(value, [](const json& one) {
        if (!one.is_number_integer()) {
            throw bad_frame("a list of whole numbers was expected");
        }
        return one.get<std::int64_t>();
    });
}

}  // namespace hawser::engine::control
