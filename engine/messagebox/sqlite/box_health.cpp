#include "messagebox/sqlite/box_health.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr const char* how_to_recover =
    "stop the host, keep a copy of the box, and recover it as docs/operating.md says under \"When the disk is full, "
    "read-only or broken\"";

constexpr int exit_io_error = 74;

}  // namespace

void end_process_unsynced(const std::string& why) {
    log::error("the message box cannot be synced to disk: the process ends, and starts again from what is durable",
               {{"error", why}});
    std::_Exit(exit_io_error);
}

void end_process_displaced(const std::string& path) {
    log::error(
        "a file of the message box was removed or replaced while the host ran: the process ends, and answers nothing "
        "more",
        {{"file", path}, {"next", "put it back, or restore a backup of all of the box, and start the host"}});
    std::_Exit(exit_io_error);
}

std::string explain(const sqlite_error& failure) {
    switch (failure.primary()) {
    case SQLITE_FULL: return "the disk of the message box is full: free some space, then try again";
    case SQLITE_READONLY:
        return fmt::format(
            "the message box is read-only ({}): make its file, its folder and the mount writable for this user, then "
            "try again; nothing has to be restarted",
            failure.what());
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fmt::format("the message box is damaged ({}): {}", failure.what(), how_to_recover);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return fmt::format(
            "the message box cannot be read or written ({}, SQLite code {}): look for the disk in the system's log, "
            "then try again; nothing has to be restarted",
            failure.what(), failure.code());
    default: return fmt::format("the message box cannot store it now ({}): try again", failure.what());
    }
}

void box_health::note_write_failed(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (failure_.empty()) {
        failed_unix_ms_ = system_clock().unix_ms();
        log::error("the message box cannot be written: no messages are taken until it can; results are offered again",
                   {{"reason", why}});
    }
    failure_ = why;
}

void box_health::note_written() noexcept {
    const std::lock_guard lock(mutex_);
    if (!failure_.empty()) {
        log::info("the message box can be written again",
                  {{"after_ms", std::to_string(system_clock().unix_ms() - failed_unix_ms_)}});
        failure_.clear();
    }
}

void box_health::note_set_aside(const std::string& port, delivery_id id, const std::string& why) {
    const std::lock_guard lock(mutex_);
    ++set_aside_count_;
    log::error("a delivery is damaged in the message box: it is suspended, and the others go on",
               {{"port", port}, {"delivery", std::to_string(id)}, {"reason", why}, {"next", how_to_recover}});
}

void box_health::note_unreadable(const std::string& port, delivery_id id, const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (unreadable_.insert(id).second) {
        log::error("a delivery is damaged in the message box and cannot even be suspended: the others go on",
                   {{"port", port}, {"delivery", std::to_string(id)}, {"reason", why}, {"next", how_to_recover}});
    }
}

void box_health::note_port_unreadable(const std::string& port, const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (unreadable_ports_.insert(port).second) {
        log::error("the queue of a port is damaged in the message box: the other ports go on",
                   {{"port", port}, {"reason", why}, {"next", how_to_recover}});
    }
}

std::vector<std::string> box_health::warnings() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    if (!failure_.empty()) {
        all.push_back("no messages are taken: " + failure_);
    }
    if (set_aside_count_ > 0) {
        all.push_back(
            fmt::format("{} damaged deliveries were suspended since the host started (hawser messages list --error "
                        "box.damaged): {}",
                        set_aside_count_, how_to_recover));
    }
    if (!unreadable_.empty()) {
        all.push_back(
            fmt::format("{} deliveries are damaged and cannot be read: {}", unreadable_.size(), how_to_recover));
    }
    for (const std::string& port : unreadable_ports_) {
        all.push_back(fmt::format("{}: its queue is damaged: {}", port, how_to_recover));
    }
    return all;
}

}  // namespace hawser::engine::sqlite
