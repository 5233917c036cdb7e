#include "routing/subscriptions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

using namespace hawser::engine;

namespace {

using ports = std::vector<std::string>;

message_context context_of(const std::map<std::string, std::string>& promoted) {
    message_context context;
    for (const auto& [name, value] : promoted) {
        REQUIRE(context.set(name, {.value = value, .is_promoted = true}));
    }
    return context;
}

// Both ways to ask must agree.
bool takes(const filter_groups& filter, const message_context& context) {
    const bool is_match = matches(filter, context);
    CHECK(subscriptions({{{"Port"}, filter}}).match(context) == (is_match ? ports{"Port"} : ports{}));
    return is_match;
}

}  // namespace

TEST_CASE("all conditions of a group have to hold, and any group of a filter") {
    const filter_groups filter{{{"BTS.ReceivePortName", "==", "Invoices"}, {"Invoice.Amount", ">", "1000"}},
                               {{"Invoice.IsUrgent", "exists", ""}}};
    CHECK(takes(filter, context_of({{"BTS.ReceivePortName", "Invoices"}, {"Invoice.Amount", "1001"}})));
    CHECK_FALSE(takes(filter, context_of({{"BTS.ReceivePortName", "Invoices"}, {"Invoice.Amount", "1000"}})));
    CHECK_FALSE(takes(filter, context_of({{"BTS.ReceivePortName", "Orders"}, {"Invoice.Amount", "1001"}})));
    CHECK_FALSE(takes(filter, context_of({{"BTS.ReceivePortName", "Invoices"}})));
    CHECK(takes(filter, context_of({{"Invoice.IsUrgent", "false"}})));
    CHECK_FALSE(takes(filter, {}));
}

TEST_CASE("a filter without groups takes nothing, a group without conditions everything") {
    CHECK_FALSE(takes({}, context_of({{"T.P", "a"}})));
    CHECK(takes({{}}, context_of({{"T.P", "a"}})));
    CHECK(takes({{}}, {}));
}

TEST_CASE("a range needs both of its bounds") {
    const filter_groups filter{{{"Invoice.Amount", ">=", "10"}, {"Invoice.Amount", "<", "20"}}};
    CHECK_FALSE(takes(filter, context_of({{"Invoice.Amount", "9"}})));
    CHECK(takes(filter, context_of({{"Invoice.Amount", "10"}})));
    CHECK(takes(filter, context_of({{"Invoice.Amount", "19"}})));
    CHECK_FALSE(takes(filter, context_of({{"Invoice.Amount", "20"}})));
    CHECK_FALSE(takes(filter, context_of({{"Invoice.Amount", "100"}})));
}

TEST_CASE("no operator holds for a property that is absent or not promoted") {
    message_context context;
    REQUIRE(context.set("T.P", {.value = "6"}));
    REQUIRE(context.set("T.Q", {.value = "6", .is_promoted = true}));
    for (const std::string comparison : {"==", "!=", "<", "<=", ">", ">=", "exists", "&"}) {
        CAPTURE(comparison);
        for (const std::string operand : {"6", "5", "7"}) {
            CHECK_FALSE(takes({{{"T.P", comparison, operand}}}, context));
            CHECK_FALSE(takes({{{"T.Absent", comparison, operand}}}, context));
            CHECK_FALSE(takes({{{"T.Q", "exists", ""}, {"T.P", comparison, operand}}}, context));
        }
    }
    CHECK(takes({{{"T.Q", "==", "6"}}}, context));
}

TEST_CASE("a dateTime is routed by its instant") {
    const auto at = [](const std::string& value) {
        message_context context;
        REQUIRE(context.set("T.D", {.value = value, .type = property_type::date_time, .is_promoted = true}));
        return context;
    };
    const filter_groups same{{{"T.D", "==", "2026-01-01T00:00:00Z"}}};
    const filter_groups later{{{"T.D", ">", "2026-01-01T00:00:00Z"}}};
    CHECK(takes(same, at("2026-01-01T02:00:00+02:00")));
    CHECK_FALSE(takes(later, at("2026-01-01T02:00:00+02:00")));
    CHECK_FALSE(takes(later, at("2026-01-01T01:00:00+02:00")));
    CHECK(takes(later, at("2026-01-01T00:00:00.001Z")));
    CHECK_FALSE(takes(same, at("2026-01-01T00:00:00.001Z")));
}

TEST_CASE("each port once, in the order of the subscriptions, whatever found them") {
    const filter_groups equal{{{"T.P", "==", "7"}}};
    const filter_groups bound{{{"T.P", ">", "1"}}};
    const filter_groups exists{{{"T.P", "exists", ""}}};
    const filter_groups twice{{{"T.P", "==", "07"}}, {{"T.P", "<", "100"}}};
    const filter_groups never{{{"T.P", "==", "8"}}};
    const subscriptions all({{{"Exists"}, exists},
                             {{"Twice"}, twice},
                             {{"Group1", "Twice", "Group2", "Group1"}, bound},
                             {{"Never", "Exists"}, never},
                             {{"Group2", "Equal"}, equal},
                             {{}, equal},
                             {{"Always", "Exists"}, {{}}}});
    CHECK(all.match(context_of({{"T.P", "7"}})) == ports{"Exists", "Twice", "Group1", "Group2", "Equal", "Always"});
    CHECK(all.match(context_of({{"T.P", "8"}})) == ports{"Exists", "Twice", "Group1", "Group2", "Never", "Always"});
    CHECK(all.match({}) == ports{"Always", "Exists"});
}

TEST_CASE("no subscriptions take nothing") { CHECK(subscriptions({}).match(context_of({{"T.P", "7"}})).empty()); }

TEST_CASE("an index that is moved finds what it found") {
    std::vector<subscription> all;
    for (int i = 0; i < 50; ++i) {
        const std::string number = std::to_string(i);
        all.push_back({{"Equal" + number}, {{{"Text.P" + number, "==", "v" + number}}}});
        all.push_back({{"Bound" + number}, {{{"Text.P" + number, "<", "u" + number}}}});
    }
    subscriptions first(all);
    const subscriptions second(std::move(first));
    CHECK(second.match(context_of({{"Text.P31", "v31"}})) == ports{"Equal31"});
    CHECK(second.match(context_of({{"Text.P31", "u1"}})) == ports{"Bound31"});
}

TEST_CASE("an operator that there is not is refused, not taken for another") {
    CHECK_THROWS_AS(subscriptions({{{"Port"}, {{{"T.P", "like", "a"}}}}}), std::invalid_argument);
    CHECK_THROWS_AS(matches({{{"T.P", "like", "a"}}}, context_of({{"T.P", "a"}})), std::invalid_argument);
}

namespace {

// Few names, values and ports, so that filters often match and often just miss.
class random_routing {
public:
    explicit random_routing(unsigned seed) : random_(seed) {}

    std::vector<subscription> all_subscriptions() {
        // Of few different values many groups share each: then there are indexes within the index.
        value_count_ = up_to(1) == 0 ? 2 + up_to(2) : values_.size();
        std::vector<subscription> all(up_to(60));
        for (subscription& one : all) {
            one.ports.resize(up_to(3));
            std::generate(one.ports.begin(), one.ports.end(), [this] { return "Port" + std::to_string(up_to(20)); });
            one.filter.resize(up_to(3));
            for (auto& group : one.filter) {
                const bool is_empty = up_to(40) == 0;
                group.resize(is_empty ? 0 : 1 + up_to(3));
                std::generate(group.begin(), group.end(), [this] { return condition(); });
            }
        }
        return all;
    }
    message_context context() {
        message_context made;
        for (const std::string& name : names_) {
            if (up_to(3) != 0) {
                context_property property{.value = value(), .is_promoted = up_to(5) != 0};
                property.type = static_cast<property_type>(1 + up_to(3));
                if (!made.set(name, property)) {  // the value does not fit the type
                    property.type = property_type::string;
                    REQUIRE(made.set(name, property));
                }
            }
        }
        return made;
    }

private:
    std::size_t up_to(std::size_t largest) { return std::uniform_int_distribution<std::size_t>(0, largest)(random_); }
    const std::string& any_of(const std::vector<std::string>& list) { return list[up_to(list.size() - 1)]; }
    filter_condition condition() {
        filter_condition made{any_of(names_), any_of(operators_), value()};
        const bool is_number = read_filter_value(made.value, property_type::string).form == value_form::integer;
        if (is_number && up_to(1) == 0) {
            made.written = property_type::integer;
        }
        return made;
    }
    const std::string& value() { return values_[up_to(value_count_ - 1)]; }

    std::mt19937 random_;
    std::vector<std::string> names_{"A.B", "A.C", "A.b", "BTS.ReceivePortName", "Z.Z", "A.B.C"};
    std::vector<std::string> operators_{"==", "==", "!=", "<", "<=", ">", ">=", "exists", "&"};
    std::vector<std::string> values_{"0",
                                     "-0",
                                     "7",
                                     "07",
                                     "-7",
                                     "9",
                                     "10",
                                     "4x",
                                     "9x",
                                     "a",
                                     "A",
                                     "ab",
                                     "",
                                     "+7",
                                     "7 ",
                                     "7.",
                                     "255",
                                     "true",
                                     "-10",
                                     "1",
                                     "1x",
                                     "99999999999999999999",
                                     "2026-01-01T00:00:00Z",
                                     "2026-01-01T01:00:00+01:00",
                                     "2026-01-01T00:00:00.5Z",
                                     "2025-02-30T00:00:00Z"};
    std::size_t value_count_ = values_.size();
};

ports expected_ports(const std::vector<subscription>& all, const message_context& context) {
    ports expected;
    for (const subscription& one : all) {
        if (!matches(one.filter, context)) {
            continue;
        }
        for (const std::string& port : one.ports) {
            if (std::find(expected.begin(), expected.end(), port) == expected.end()) {
                expected.push_back(port);
            }
        }
    }
    return expected;
}

}  // namespace

TEST_CASE("the index answers as testing every filter does, for random filters and messages") {
    constexpr unsigned seed = 20261124;
    CAPTURE(seed);
    random_routing random(seed);
    std::size_t filters = 0;
    std::size_t routed = 0;
    std::size_t unrouted = 0;
    for (int round = 0; round < 400; ++round) {
        CAPTURE(round);
        const std::vector<subscription> all = random.all_subscriptions();
        const subscriptions index(all);
        filters += all.size();
        for (int i = 0; i < 50; ++i) {
            const message_context context = random.context();
            const ports expected = expected_ports(all, context);
            REQUIRE(index.match(context) == expected);
            ++(expected.empty() ? unrouted : routed);
        }
    }
    // What was tried is worth something: many filters, and both answers often.
    CHECK(filters > 5000);
    CHECK(routed > 5000);
    CHECK(unrouted > 500);
}
