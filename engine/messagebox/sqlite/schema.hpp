// The message box's tables, their version, and the settings every connection to them needs.
#pragma once

#include <string>

#include "base/result.hpp"

namespace hawser::engine::sqlite {

class database;

inline constexpr int schema_version = 3;
inline constexpr int application_id = 0x48777372;  // "Hwsr"

// Creates or checks the schema of a box opened for writing. Codes: box.newer-schema, box.not-a-box, box.damaged.
result<void> prepare_schema(database& writer, const std::string& path);

// A row of `counter` with this and a property's name says that the property is indexed: every message of that sequence
// or a later one that has the property has it in property_value. Whoever stops indexing a property removes the row.
inline constexpr const char* indexed_property_prefix = "indexed:";

// The states of a delivery row. held is below ready, so that "waits" is state<=2, and in no index that claims look
// into.
enum class row_state : int { held = -1, ready = 1, later = 2, active = 3, suspended = 4, suspended_not_resumable = 5 };

// How a tracked delivery ended.
enum class tracked_outcome : int { delivered = 1, terminated = 2, failed = 3 };

}  // namespace hawser::engine::sqlite
