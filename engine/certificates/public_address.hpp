// Which addresses are of the public network: a certificate may not lead the host to others unless its operator says so.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace hawser::engine {

bool is_public(const boost::asio::ip::address& address);

}  // namespace hawser::engine
