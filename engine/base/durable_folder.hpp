// Folders and names that outlast a loss of power: what is synced in a folder is gone all the same where the folder's
// own name is not. Any thread. Failure: std::runtime_error, which says what cannot be made or synced.
#pragma once

#include <string>

namespace hawser::engine {

// With the folders above it, each for its owner alone; those that are there stay as they are.
void make_durable_folder(const std::string& path);

// The names in it. Where the file system cannot do that, or the folder may not be read, nothing is done.
void sync_names(const std::string& path);

}  // namespace hawser::engine
