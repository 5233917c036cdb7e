// Reads and checks "host.certificates": the folders, the PKCS#11 tokens, who signs, the passwords of files.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

certificate_sources read_certificate_sources(field_reader& host, const std::string& base_directory,
                                             diagnostics& problems);

}  // namespace hawser::engine
