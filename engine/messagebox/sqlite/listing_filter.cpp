#include "messagebox/sqlite/listing_filter.hpp"

#include <algorithm>
#include <stdexcept>

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t neighbours = 16;  // rows in order that say a time together

}  // namespace

bool has_properties(std::string_view encoded_context, const std::vector<std::pair<std::string, std::string>>& wanted) {
    const auto can_fit = [encoded_context](const auto& one) {  // without decoding
        return encoded_context.find(one.first) != std::string_view::npos &&
               encoded_context.find(one.second) != std::string_view::npos;
    };
    if (!std::all_of(wanted.begin(), wanted.end(), can_fit) || encoded_context.empty()) {
        return wanted.empty();
    }
    const result<message_context> context = message_context::decode(encoded_context);
    if (!context) {
        throw std::runtime_error(context.error().text);
    }
    return std::all_of(wanted.begin(), wanted.end(), [&context](const auto& one) {
        const context_property* property = context->find(one.first);
        return property != nullptr && property->value == one.second;
    });
}

delivery_id first_published_at(const database& connection, const std::string& table, const std::string& number,
                               std::int64_t unix_ms, neighbour which) {
    const std::string select = "SELECT ";
    const std::string from = " FROM " + table;
    statement ends(
        connection,
        (select + "(SELECT min(" + number + ")" + from + "), (SELECT max(" + number + ")" + from + ")").c_str());
    ends.bind();
    ends.step();
    delivery_id low = ends.integer(0);
    const delivery_id newest = ends.integer(1);
    delivery_id high = newest + 1;
    ends.reset();
    statement probe(connection, (select + (which == neighbour::latest ? "max" : "min") + "(published), min(" + number +
                                 ") FROM (" + select + "published, " + number + from + " WHERE " + number +
                                 ">=? ORDER BY " + number + " LIMIT ?)")
                                    .c_str());
    while (low < high) {
        const delivery_id middle = low + (high - low) / 2;
        probe.bind(middle, neighbours);
        probe.step();
        if (probe.is_null(0) || probe.integer(0) >= unix_ms) {
            high = middle;
        } else {
            low = std::max(middle, probe.integer(1)) + 1;
        }
        probe.reset();
    }
    return low > newest ? id_max : low;
}

}  // namespace hawser::engine::sqlite
