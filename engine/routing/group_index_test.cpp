#include "routing/group_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>

using namespace hawser::engine;

namespace {

constexpr property_id receive_port = 1;
constexpr property_id amount = 2;
constexpr property_id customer = 3;
constexpr property_id currency = 4;

condition tested(property_id property, const std::string& comparison, const std::string& operand) {
    return {property, predicate({"T.P", comparison, operand})};
}

// The index over these groups, and how many of them a message has to be tested on.
class indexed_groups {
public:
    explicit indexed_groups(std::vector<std::vector<condition>> groups) : groups_(std::move(groups)) {
        std::vector<open_group> open;
        for (std::vector<condition>& one : groups_) {
            open.push_back({static_cast<group_id>(open.size()), one});
        }
        index_ = group_index(open);
    }
    std::vector<group_id> candidates_for(const std::map<property_id, std::string>& message) const {
        std::vector<promoted_value> values;
        for (const auto& [property, text] : message) {
            values.push_back({property, read_filter_value(text, property_type::string)});
        }
        std::vector<group_id> candidates;
        index_.append_candidates(values, candidates);
        std::sort(candidates.begin(), candidates.end());
        CHECK(std::adjacent_find(candidates.begin(), candidates.end()) == candidates.end());
        return candidates;
    }

private:
    std::vector<std::vector<condition>> groups_;
    group_index index_;
};

using ids = std::vector<group_id>;

constexpr int group_count = 1000;

indexed_groups thousand_groups(const std::function<std::vector<condition>(const std::string&)>& group_of) {
    std::vector<std::vector<condition>> groups;
    for (int i = 0; i < group_count; ++i) {
        groups.push_back(group_of(std::to_string(i)));
    }
    return indexed_groups(std::move(groups));
}

}  // namespace

TEST_CASE("a message is tested on the groups of its own values alone") {
    const auto groups = thousand_groups([](const std::string& i) {
        return std::vector{tested(amount, ">", "0"), tested(receive_port, "==", "In" + i)};
    });
    CHECK(groups.candidates_for({{receive_port, "In7"}, {amount, "5"}}) == ids{7});
    CHECK(groups.candidates_for({{receive_port, "Elsewhere"}, {amount, "5"}}).empty());
    CHECK(groups.candidates_for({{amount, "5"}}).empty());
}

TEST_CASE("of two equalities the one that fewer groups share finds the group") {
    const auto groups = thousand_groups([](const std::string& i) {
        return std::vector{tested(receive_port, "==", "In"), tested(customer, "==", i)};
    });
    CHECK(groups.candidates_for({{receive_port, "In"}, {customer, "007"}}) == ids{7});
    CHECK(groups.candidates_for({{receive_port, "In"}}).empty());
}

TEST_CASE("a rare property finds its groups before a common value does") {
    std::vector<std::vector<condition>> all;
    for (property_id i = 0; i < group_count; ++i) {
        all.push_back({tested(receive_port, "==", "In"), tested(1000 + i, "exists", "")});
    }
    const indexed_groups groups(std::move(all));
    CHECK(groups.candidates_for({{receive_port, "In"}, {1007, ""}}) == ids{7});
    CHECK(groups.candidates_for({{receive_port, "In"}}).empty());
}

TEST_CASE("groups that share their value are told apart by their other conditions") {
    const auto groups = thousand_groups([](const std::string& i) {
        return std::vector{tested(receive_port, "==", "In"), tested(amount, ">=", i)};
    });
    CHECK(groups.candidates_for({{receive_port, "In"}, {amount, "3"}}) == ids{0, 1, 2, 3});
    CHECK(groups.candidates_for({{receive_port, "Elsewhere"}, {amount, "999"}}).empty());
    CHECK(groups.candidates_for({{receive_port, "In"}}).empty());
}

TEST_CASE("two values that only together are rare") {
    std::vector<std::vector<condition>> all;
    for (int i = 0; i < 40; ++i) {
        for (int j = 0; j < 40; ++j) {
            all.push_back({tested(customer, "==", std::to_string(i)), tested(currency, "==", std::to_string(j))});
        }
    }
    const indexed_groups groups(std::move(all));
    CHECK(groups.candidates_for({{customer, "3"}, {currency, "5"}}) == ids{3 * 40 + 5});
    CHECK(groups.candidates_for({{customer, "3"}}).empty());
}

TEST_CASE("groups that are all alike are all candidates, however many conditions they have") {
    std::vector<condition> same;
    std::map<property_id, std::string> message;
    for (property_id i = 0; i < 2000; ++i) {
        same.push_back(tested(i, "==", "a"));
        message[i] = "a";
    }
    const indexed_groups groups(std::vector(30, same));
    CHECK(groups.candidates_for(message).size() == 30);
}

TEST_CASE("a group without conditions is always a candidate") {
    const indexed_groups groups({{}, {tested(receive_port, "==", "In")}, {}});
    CHECK(groups.candidates_for({}) == ids{0, 2});
    CHECK(groups.candidates_for({{receive_port, "In"}}) == ids{0, 1, 2});
}
