#include "bindings/filter_reader.hpp"

#include <algorithm>
#include <charconv>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {
namespace {

const std::vector<std::string> comparisons{"==", "!=", "<", "<=", ">", ">=", "exists", "&"};

bool is_whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size();
}

// The value that a property is compared with, into `condition`: what a property can be, and nothing else.
void read_value(const json_value& value, const std::string& pointer, filter_condition& condition,
                diagnostics& problems) {
    const bool is_bitwise = condition.comparison == "&";
    switch (value.type) {
    case json_value::kind::boolean:
        condition.value = value.boolean ? "true" : "false";
        condition.written = property_type::boolean;
        break;
    case json_value::kind::number:
        condition.value = value.text;
        condition.written = property_type::integer;
        if (!is_whole_number(value.text)) {
            problems.error(value.position, pointer, printable(value.text, 60) + " is no whole number of 64 bits",
                           "an int property has whole numbers only; a text stands in quotes");
            return;
        }
        break;
    case json_value::kind::string: condition.value = value.text; break;
    case json_value::kind::null:
    case json_value::kind::array:
    case json_value::kind::object:
        problems.error(value.position, pointer,
                       std::string("a property is compared with a string, a whole number, true or false, not with ") +
                           name_of(value.type));
        return;
    }
    if (is_bitwise && !is_whole_number(condition.value)) {
        problems.error(value.position, pointer, "& compares bits: it needs a whole number of 64 bits, like 4");
    }
}

void read_condition(const json_value& value, const std::string& pointer, std::vector<filter_condition>& group,
                    diagnostics& problems) {
    const auto& triple = value.elements;
    if (!value.is(json_value::kind::array) || triple.size() < 2 || triple.size() > 3 ||
        !triple[0].is(json_value::kind::string) || !triple[1].is(json_value::kind::string)) {
        problems.error(
            value.position, pointer,
            "a condition is [property, operator, value], like [\"BTS.ReceivePortName\", \"==\", \"Invoices\"]");
        return;
    }
    filter_condition condition{triple[0].text, triple[1].text, ""};
    if (condition.property.find('.') == std::string::npos) {
        problems.error(triple[0].position, pointer + "/0",
                       "a property is named Namespace.Name, like BTS.ReceivePortName");
    }
    if (std::find(comparisons.begin(), comparisons.end(), condition.comparison) == comparisons.end()) {
        problems.error(triple[1].position, pointer + "/1",
                       "\"" + condition.comparison + "\" is no operator: ==, !=, <, <=, >, >=, exists and & are");
        return;
    }
    const bool needs_value = condition.comparison != "exists";
    if (needs_value != (triple.size() == 3)) {
        problems.error(value.position, pointer,
                       needs_value ? "this operator needs a value" : "\"exists\" takes no value");
    } else if (needs_value) {
        read_value(triple[2], pointer + "/2", condition, problems);
    }
    group.push_back(std::move(condition));
}

}  // namespace

filter_groups read_filter(const json_value& filter, const std::string& pointer, diagnostics& problems) {
    filter_groups groups;
    field_reader fields(filter, pointer, problems);
    const json_value* any_of = fields.of("anyOf", json_value::kind::array);
    fields.finish();
    if (any_of == nullptr) {
        problems.error(filter.position, pointer, "a filter is {\"anyOf\": [{\"allOf\": [conditions]}]}");
        return groups;
    }
    for (std::size_t i = 0; i < any_of->elements.size(); ++i) {
        const std::string at = pointer + "/anyOf/" + std::to_string(i);
        field_reader group(any_of->elements[i], at, problems);
        const json_value* all_of = group.of("allOf", json_value::kind::array);
        group.finish();
        if (all_of == nullptr || all_of->elements.empty()) {
            problems.error(any_of->elements[i].position, at,
                           "a group of conditions is {\"allOf\": [at least one condition]}");
            continue;
        }
        groups.emplace_back();
        for (std::size_t j = 0; j < all_of->elements.size(); ++j) {
            read_condition(all_of->elements[j], at + "/allOf/" + std::to_string(j), groups.back(), problems);
        }
    }
    return groups;
}

}  // namespace hawser::engine
