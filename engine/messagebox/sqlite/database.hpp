// SQLite connections and prepared statements as C++ values. A connection is used by one thread at a time.
// Failure: sqlite_error, with SQLite's extended result code.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace hawser::engine::sqlite {

class sqlite_error : public std::runtime_error {
public:
    sqlite_error(int code, const std::string& text) : std::runtime_error(text), code_(code) {}
    int code() const noexcept { return code_; }  // extended
    int primary() const noexcept { return code_ & 0xff; }
    bool is_damage() const noexcept {
        return primary() == SQLITE_CORRUPT || primary() == SQLITE_NOTADB;
    }  // of the file

private:
    int code_;
};

// The disk, or a quota; `system_error` is sqlite3_system_errno() of the connection.
bool is_out_of_space(const sqlite_error& failure, int system_error) noexcept;

class database {
public:
    database() = default;
    database(const std::string& path, bool is_read_only);
    database(database&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
    database& operator=(database&& other) noexcept;
    ~database();

    sqlite3* handle() const noexcept { return handle_; }
    void execute(const char* sql);
    std::int64_t query_integer(const char* sql);
    std::string query_text(const char* sql);
    void reset_statements() noexcept;  // all that this connection has

private:
    sqlite3* handle_ = nullptr;
};

// One execution at a time: bind in order, step, read columns, reset (done by the next bind or by the destructor).
class statement {
public:
    statement() = default;
    statement(const database& owner, const char* sql);
    statement(statement&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
    statement& operator=(statement&& other) noexcept;
    ~statement();

    template <typename... Values>
    statement& bind(const Values&... values) {
        reset();
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }
    bool step();  // true: a row is there
    void run() {  // to the end, then ready again
        while (step()) {
        }
        reset();
    }
    void reset() noexcept { sqlite3_reset(handle_); }

    std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }
    std::string_view text(int column) const noexcept;  // also of a BLOB; valid until the next step
    bool is_null(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

    struct blob {
        std::string_view bytes;
    };
    struct null {};
    struct nullable_text {
        const std::string* text;  // nullptr = NULL
    };
    struct nullable_blob {
        const std::string* bytes = nullptr;
    };
    struct nullable_integer {
        const std::int64_t* value;
    };

private:
    void bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(handle_, index, value)); }
    void bind_one(int index, std::string_view value);
    void bind_one(int index, blob value);
    void bind_one(int index, nullable_text value);
    void bind_one(int index, nullable_blob value);
    void bind_one(int index, nullable_integer value);
    void bind_one(int index, null) { check(sqlite3_bind_null(handle_, index)); }
    void check(int code) const;

    sqlite3_stmt* handle_ = nullptr;
};

}  // namespace hawser::engine::sqlite
