#include "certificates/public_address.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v4.hpp>

namespace hawser::engine {
namespace {

namespace asio = boost::asio;

bool is_public(const asio::ip::address_v4& address) {
    static const std::array<asio::ip::network_v4, 13> closed{
        asio::ip::make_network_v4("0.0.0.0/8"),      asio::ip::make_network_v4("10.0.0.0/8"),
        asio::ip::make_network_v4("100.64.0.0/10"),  asio::ip::make_network_v4("127.0.0.0/8"),
        asio::ip::make_network_v4("169.254.0.0/16"), asio::ip::make_network_v4("172.16.0.0/12"),
        asio::ip::make_network_v4("192.0.0.0/24"),   asio::ip::make_network_v4("192.88.99.0/24"),
        asio::ip::make_network_v4("192.168.0.0/16"), asio::ip::make_network_v4("198.18.0.0/15"),
        asio::ip::make_network_v4("203.0.113.0/24"), asio::ip::make_network_v4("224.0.0.0/4"),
        asio::ip::make_network_v4("240.0.0.0/4")};
    return std::none_of(closed.begin(), closed.end(), [&](const asio::ip::network_v4& one) {
        return asio::ip::network_v4(address, one.prefix_length()).canonical() == one;
    });
}

// Global unicast (2000::/3) without those parts of it that lead elsewhere: 6to4 and Teredo.
bool is_public(const asio::ip::address_v6& address) {
    if (address.is_v4_mapped()) {
        return is_public(asio::ip::make_address_v4(asio::ip::v4_mapped, address));
    }
    const asio::ip::address_v6::bytes_type bytes = address.to_bytes();
    const bool is_global = (bytes[0] & 0xe0U) == 0x20U;
    const bool is_six_to_four = bytes[0] == 0x20U && bytes[1] == 0x02U;
    const bool is_teredo = bytes[0] == 0x20U && bytes[1] == 0x01U && bytes[2] == 0 && bytes[3] == 0;
    return is_global && !is_six_to_four && !is_teredo;
}

}  // namespace

bool is_public(const asio::ip::address& address) {
    return address.is_v4() ? is_public(address.to_v4()) : is_public(address.to_v6());
}

}  // namespace hawser::engine
