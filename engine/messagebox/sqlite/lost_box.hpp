// A box whose database is gone while what stands beside it is still there.
#pragma once

#include <string>

namespace hawser::engine::sqlite {

// The first such file, a -wal with something in it or the file of a body; "" = none, or the database is not empty. To
// be asked before SQLite opens it: it would make a new one, drop the WAL, and leave the bodies to nobody.
std::string remains_of_lost_box(const std::string& path);

}  // namespace hawser::engine::sqlite
