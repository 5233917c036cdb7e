// The SQLite store on a box that is open and owned; see message_box.hpp for the contract.
#pragma once

#include <memory>
#include <string>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/database.hpp"
#include "messagebox/sqlite/owner_lock.hpp"

namespace hawser::engine::sqlite {

// The connection is the writer's, with its schema in place. Throws sqlite_error, std::runtime_error.
std::unique_ptr<message_box> make_sqlite_message_box(const std::string& path, owner_lock lock, database connection);

}  // namespace hawser::engine::sqlite
