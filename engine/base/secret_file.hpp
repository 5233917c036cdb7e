// A file that holds a secret (a password, a private key), read so that no copy of it stays in memory: through no buffer
// that nobody would wipe, and into one that never has to grow. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "base/secret_text.hpp"

namespace hawser::engine {

// All of it; of one that is larger than size_max the first size_max + 1 bytes, which tell that it is. Failure: the
// system's reason.
result<secret_text> read_secret_file(const std::string& path, std::size_t size_max);

}  // namespace hawser::engine
