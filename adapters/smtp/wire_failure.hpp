// Why a connection is of no more use: thrown by whatever waits for the server, or for something on its way to it.
#pragma once

#include <stdexcept>

namespace hawser::smtp {

class wire_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};
class tls_failure : public wire_failure {
public:
    using wire_failure::wire_failure;
};

}  // namespace hawser::smtp
