// Reads host.serviceAccount: the account that adapters log in with where they are told to use the process's.
#pragma once

#include <string>

#include "bindings/bindings.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

service_account_binding read_service_account(field_reader& host, const std::string& base_directory,
                                             diagnostics& problems);

}  // namespace hawser::engine
