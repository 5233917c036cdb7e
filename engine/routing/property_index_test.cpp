#include "routing/property_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>

using namespace hawser::engine;

namespace {

// Files conditions as groups 0, 1, 2 … and says which of them a value finds.
class filed_conditions {
public:
    explicit filed_conditions(const std::vector<std::pair<std::string, std::string>>& all) {
        for (const auto& [comparison, operand] : all) {
            predicates_.emplace_back(filter_condition{"T.P", comparison, operand});
            index_.file(predicates_.back(), {static_cast<group_id>(predicates_.size() - 1), {}});
        }
        index_.seal(0);
    }
    std::vector<group_id> found_by(const std::string& value, property_type type = property_type::string) const {
        std::vector<group_id> found;
        index_.append_candidates(read_filter_value(value, type), {}, found);
        std::sort(found.begin(), found.end());
        return found;
    }

private:
    std::deque<predicate> predicates_;
    property_index index_;
};

using ids = std::vector<group_id>;

}  // namespace

TEST_CASE("an equality is found by its own value alone, however a number is written") {
    const filed_conditions filed({{"==", "7"}, {"==", "07"}, {"==", "a"}, {"==", "A"}, {"==", "7.0"}, {"==", ""}});
    CHECK(filed.found_by("7") == ids{0, 1});
    CHECK(filed.found_by("007") == ids{0, 1});
    CHECK(filed.found_by("a") == ids{2});
    CHECK(filed.found_by("7.0") == ids{4});
    CHECK(filed.found_by("") == ids{5});
    CHECK(filed.found_by("8").empty());
}

TEST_CASE("a bound is found by the values on its side alone") {
    const filed_conditions filed({{">", "9"}, {">", "100"}, {">=", "20"}, {"<", "9"}, {"<=", "100"}, {"<", "20"}});
    CHECK(filed.found_by("50") == ids{0, 2, 4});
    CHECK(filed.found_by("8") == ids{3, 4, 5});
    CHECK(filed.found_by("1000") == ids{0, 1, 2});
    // At the bound itself it is the whole test of the group that tells > from >=.
    CHECK(filed.found_by("100") == ids{0, 1, 2, 4});
}

TEST_CASE("numbers and texts are bounds of each other as texts") {
    const filed_conditions filed({{">", "10"}, {">", "9"}, {">", "4x"}, {"<", "4x"}, {"<", "10"}, {"<", "9"}});
    CHECK(filed.found_by("5") == ids{2, 4, 5});      // 5 < 9 < 10, but "5" > "4x"
    CHECK(filed.found_by("10") == ids{0, 1, 3, 4});  // 10 > 9, and "10" < "4x"
    CHECK(filed.found_by("5x") == ids{0, 2, 5});     // "10" < "4x" < "5x" < "9"
}

TEST_CASE("an instant finds its equals and its bounds in whatever zone they are written") {
    const filed_conditions filed({{"==", "2026-01-01T00:00:00Z"},
                                  {"==", "2026-01-01T01:00:00+01:00"},
                                  {">", "2025-12-31T23:00:00Z"},
                                  {">", "2026-01-01T00:30:00+01:00"},
                                  {"<", "2026-01-01T00:00:00.1Z"},
                                  {"<", "2026-01-01T00:30:00+01:00"},
                                  {">", "10"},
                                  {"<", "a"}});
    CHECK(filed.found_by("2026-01-01T02:00:00+02:00", property_type::date_time) == ids{0, 1, 2, 3, 4});
    CHECK(filed.found_by("2026-01-01T00:00:00Z") == ids{0, 1, 2, 5, 6, 7});  // a string: byte by byte
}

TEST_CASE("what any value may fulfil is found by every value") {
    const filed_conditions filed({{"exists", ""}, {"!=", "a"}, {"&", "2"}, {"==", "b"}});
    CHECK(filed.found_by("x") == ids{0, 1, 2});
    CHECK(filed.found_by("b") == ids{0, 1, 2, 3});
}
