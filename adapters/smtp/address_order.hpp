// The order in which the addresses of one server are tried (RFC 8305 section 4): the families by turns, each in the
// resolver's order, beginning with the family that the resolver put first. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace hawser::smtp {

template <typename Address, typename FamilyOf>
std::vector<Address> by_turns(const std::vector<Address>& addresses, FamilyOf family_of) {
    std::vector<Address> preferred;
    std::vector<Address> others;
    for (const Address& one : addresses) {
        (family_of(one) == family_of(addresses.front()) ? preferred : others).push_back(one);
    }
    std::vector<Address> order;
    for (std::size_t i = 0; i < std::max(preferred.size(), others.size()); ++i) {
        if (i < preferred.size()) {
            order.push_back(preferred[i]);
        }
        if (i < others.size()) {
            order.push_back(others[i]);
        }
    }
    return order;
}

}  // namespace hawser::smtp
