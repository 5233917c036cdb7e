#include "messagebox/sqlite/schema.hpp"

#include <fmt/format.h>

#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {
namespace {

// A message is stored once, with one delivery row a subscriber. `sequence` is the order of publication. Small bodies
// stand in the message row, large ones in files beside the database that part_file names. The partial indexes keep a
// delivery in one of them at a time, so that a claim or a completion touches as few pages as can be.
constexpr const char* schema_1 = R"sql(
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE port(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT '',
  declared TEXT NOT NULL DEFAULT '');
CREATE TABLE message(
  sequence INTEGER PRIMARY KEY, message_id TEXT NOT NULL, submission_key TEXT, published INTEGER NOT NULL,
  delivery_count INTEGER NOT NULL, open_count INTEGER NOT NULL, size INTEGER NOT NULL,
  context BLOB NOT NULL, parts BLOB NOT NULL, bodies BLOB NOT NULL);
CREATE INDEX message_by_id ON message(message_id);
CREATE TABLE part_file(message INTEGER NOT NULL, part INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY(message,
  part)) WITHOUT ROWID;
CREATE TABLE delivery(
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL, port INTEGER NOT NULL, unique_id TEXT NOT NULL,
    state INTEGER NOT NULL,
  priority INTEGER NOT NULL, due INTEGER NOT NULL, epoch INTEGER NOT NULL, crash_count INTEGER NOT NULL,
  attempt INTEGER NOT NULL, total_attempts INTEGER NOT NULL, is_on_backup INTEGER NOT NULL,
  resume_state BLOB, resume_scope TEXT, overlay BLOB, code TEXT, text TEXT);
CREATE INDEX delivery_ready ON delivery(port, priority, message) WHERE state = 1;
CREATE INDEX delivery_later ON delivery(port, due) WHERE state = 2;
CREATE INDEX delivery_active ON delivery(port) WHERE state = 3;
CREATE INDEX delivery_suspended ON delivery(port) WHERE state >= 4;
CREATE INDEX delivery_by_message ON delivery(message);
CREATE TABLE attempt(
  delivery INTEGER NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL, started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
  transport TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY(delivery, number)) WITHOUT ROWID;
CREATE TABLE submission_key(key TEXT PRIMARY KEY, sha256 BLOB NOT NULL, message_id TEXT NOT NULL,
  expires INTEGER) WITHOUT ROWID;
CREATE INDEX submission_key_expiry ON submission_key(expires) WHERE expires IS NOT NULL;
)sql";

// order_key: what an ordered delivery is in order with (a dynamic port's location), '' = everything of its port; NULL =
// not ordered. A part's file may belong to several messages. property_value has the promoted properties that the
// bindings want indexed, tracked what is kept of deliveries that have ended; a tracked row may hold on to its message
// (keeps_message: 1 for its parts, 2 for its context too, which context_before then need not repeat).
// delivery_retrying and delivery_edited are for listing and counting: a delivery that goes out at the first attempt is
// in neither, so they cost the way of a message nothing.
constexpr const char* schema_2 = R"sql(
ALTER TABLE delivery ADD COLUMN order_key TEXT;
CREATE INDEX delivery_ordered ON delivery(port, order_key, message) WHERE state = 1 AND order_key IS NOT NULL;
CREATE INDEX delivery_retrying ON delivery(port) WHERE state <= 2 AND total_attempts > 0;
CREATE INDEX delivery_edited ON delivery(port) WHERE overlay IS NOT NULL;
CREATE INDEX part_file_by_file ON part_file(file);
CREATE TABLE property_value(message INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(message, name)) WITHOUT ROWID;
CREATE INDEX property_value_by_value ON property_value(name, value, message);
CREATE TABLE tracked(
  delivery INTEGER PRIMARY KEY, message INTEGER NOT NULL, message_id TEXT NOT NULL, unique_id TEXT NOT NULL,
  port INTEGER NOT NULL, published INTEGER NOT NULL, ended INTEGER NOT NULL, outcome INTEGER NOT NULL,
  attempts INTEGER NOT NULL, size INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, context_before BLOB,
  context_after BLOB, file_after INTEGER, size_after INTEGER NOT NULL, keeps_message INTEGER NOT NULL,
  body_after BLOB);
CREATE INDEX tracked_by_end ON tracked(ended);
CREATE INDEX tracked_by_port ON tracked(port, delivery);
CREATE INDEX tracked_by_message_id ON tracked(message_id);
CREATE INDEX tracked_by_unique_id ON tracked(unique_id);
CREATE INDEX tracked_not_delivered ON tracked(delivery) WHERE outcome<>1;
CREATE INDEX tracked_by_file ON tracked(file_after) WHERE file_after IS NOT NULL;
)sql";

// held_for: the group that a delivery in state held waits for; 0 = none, -1 = it was resumed. Only those that are held
// are in the new indexes, so that a claim finds them in none of those that it reads.
constexpr const char* schema_3 = R"sql(
CREATE TABLE port_group(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT '',
  declared TEXT NOT NULL DEFAULT '');
ALTER TABLE delivery ADD COLUMN held_for INTEGER NOT NULL DEFAULT 0;
CREATE INDEX delivery_held ON delivery(held_for, message) WHERE state=-1;
CREATE INDEX delivery_held_by_port ON delivery(port) WHERE state=-1;
)sql";

constexpr const char* migrations[schema_version] = {schema_1, schema_2, schema_3};  // from each version to the next

void create(database& writer) {
    // Before the first table, or it has no effect.
    writer.execute("PRAGMA auto_vacuum=INCREMENTAL");
    writer.execute(fmt::format("PRAGMA application_id={}", application_id).c_str());
    writer.execute("PRAGMA journal_mode=WAL");
}

// All steps in one transaction: an interrupted migration has not begun.
void migrate(database& writer, std::int64_t from) {
    writer.execute("BEGIN IMMEDIATE");
    try {
        for (std::int64_t version = from; version < schema_version; ++version) {
            writer.execute(migrations[version]);
        }
        writer.execute(fmt::format("PRAGMA user_version={}", schema_version).c_str());
        writer.execute("COMMIT");
    } catch (const sqlite_error&) {
        sqlite3_exec(writer.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

}  // namespace

result<void> prepare_schema(database& writer, const std::string& path) {
    try {
        const std::int64_t table_count = writer.query_integer("SELECT count(*) FROM sqlite_schema");
        const std::int64_t version = table_count == 0 ? 0 : writer.query_integer("PRAGMA user_version");
        if (table_count == 0) {
            create(writer);
        } else if (writer.query_integer("PRAGMA application_id") != application_id) {
            return engine::fail(
                "box.not-a-box",
                path + " is a database, but not a Hawser message box: name another path in messageBox.path");
        } else if (version > schema_version) {
            return engine::fail("box.newer-schema",
                                fmt::format("{} was written by a newer Hawser (schema {}, this one knows {}): "
                                            "start that version again, or use another message box",
                                            path, version, schema_version));
        }
        if (writer.query_text("PRAGMA journal_mode=WAL") != "wal") {
            return engine::fail("box.io", path +
                                              " cannot have a write-ahead log here: put the message box on a local "
                                              "file system with shared memory");
        }
        writer.execute(
            "PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST; PRAGMA wal_autocheckpoint=0;"
            "PRAGMA cache_size=-8192; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA "
            "journal_size_limit=16777216");
        if (version < schema_version) {
            migrate(writer, version);
        }
    } catch (const sqlite_error& failure) {
        if (failure.is_damage()) {
            return engine::fail("box.damaged",
                                path + " is damaged or no SQLite database (" + failure.what() +
                                    "): keep a copy of it and its -wal file, then restore a backup or recover it as "
                                    "docs/operating.md says");
        }
        throw;
    }
    return {};
}

}  // namespace hawser::engine::sqlite
