#include "messagebox/sqlite/database.hpp"

#include <cerrno>
#include <utility>

namespace hawser::engine::sqlite {
namespace {

constexpr int busy_wait_ms = 60 * 1000;  // the writer waits for a checkpoint, a reader for recovery

[[noreturn]] void throw_failure(sqlite3* handle, int code) {
    throw sqlite_error(handle == nullptr ? code : sqlite3_extended_errcode(handle),
                       handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle));
}

}  // namespace

bool is_out_of_space(const sqlite_error& failure, int system_error) noexcept {
    return failure.primary() == SQLITE_FULL ||
           (failure.primary() == SQLITE_IOERR && (system_error == EDQUOT || system_error == ENOSPC));
}

database::database(const std::string& path, bool is_read_only) {
    const int flags = (is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) {
        const std::string text = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
        sqlite3_close_v2(std::exchange(handle_, nullptr));
        throw sqlite_error(code, text);
    }
    sqlite3_busy_timeout(handle_, busy_wait_ms);
}

database& database::operator=(database&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

database::~database() { sqlite3_close_v2(handle_); }

void database::execute(const char* sql) {
    if (const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); code != SQLITE_OK) {
        throw_failure(handle_, code);
    }
}

std::int64_t database::query_integer(const char* sql) {
    statement one(*this, sql);
    one.bind();
    return one.step() ? one.integer(0) : 0;
}

std::string database::query_text(const char* sql) {
    statement one(*this, sql);
    one.bind();
    return one.step() ? std::string(one.text(0)) : std::string();
}

void database::reset_statements() noexcept {
    for (sqlite3_stmt* one = sqlite3_next_stmt(handle_, nullptr); one != nullptr;
         one = sqlite3_next_stmt(handle_, one)) {
        sqlite3_reset(one);
    }
}

statement::statement(const database& owner, const char* sql) {
    if (const int code = sqlite3_prepare_v3(owner.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
        code != SQLITE_OK) {
        throw_failure(owner.handle(), code);
    }
}

statement& statement::operator=(statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
}

statement::~statement() { sqlite3_finalize(handle_); }

bool statement::step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    sqlite3* owner = sqlite3_db_handle(handle_);
    const sqlite_error failure(sqlite3_extended_errcode(owner), sqlite3_errmsg(owner));
    reset();
    throw failure;
}

std::string_view statement::text(int column) const noexcept {
    const void* bytes = sqlite3_column_blob(handle_, column);
    const int size = sqlite3_column_bytes(handle_, column);
    return bytes == nullptr ? std::string_view{}
                            : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

void statement::bind_one(int index, std::string_view value) {
    check(sqlite3_bind_text64(handle_, index, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
}

void statement::bind_one(int index, nullable_text value) {
    if (value.text != nullptr) {
        bind_one(index, std::string_view(*value.text));
    } else {
        bind_one(index, null{});
    }
}

void statement::bind_one(int index, nullable_blob value) {
    if (value.bytes != nullptr) {
        bind_one(index, blob{*value.bytes});
    } else {
        bind_one(index, null{});
    }
}

void statement::bind_one(int index, nullable_integer value) {
    if (value.value != nullptr) {
        bind_one(index, *value.value);
    } else {
        bind_one(index, null{});
    }
}

void statement::bind_one(int index, blob value) {
    check(sqlite3_bind_blob64(handle_, index, value.bytes.data() == nullptr ? "" : value.bytes.data(),
                              value.bytes.size(), SQLITE_STATIC));
}

void statement::check(int code) const {
    if (code != SQLITE_OK) {
        throw_failure(sqlite3_db_handle(handle_), code);
    }
}

}  // namespace hawser::engine::sqlite
