#include "final_account.hpp"

#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <thread>

namespace hawser::crash {
namespace {

constexpr std::uint32_t page_size = 1000;
constexpr auto drain_wait_max = std::chrono::minutes(5);
constexpr auto look_interval = std::chrono::milliseconds(100);

std::vector<message_summary> everything(bus& host) {
    message_filter filter;
    filter.count_max = 1'000'000;
    return host.list(filter);
}

bool is_kept(const message_summary& one) { return one.state == "suspendedNotResumable"; }

std::string saved_sha256(bus& host, std::int64_t delivery) {
    const int file = ::memfd_create("saved", MFD_CLOEXEC);
    const change_answer answer = host.save(delivery, "", content_point::before_pipeline, file);
    std::string bytes(static_cast<std::size_t>(std::max<off_t>(0, ::lseek(file, 0, SEEK_END))), '\0');
    const ssize_t size = ::pread(file, bytes.data(), bytes.size(), 0);
    ::close(file);
    const bool is_saved = answer.code == answer_code::done && size == static_cast<ssize_t>(bytes.size());
    return is_saved ? sha256_hex(bytes) : "not saved: " + answer.text;
}

std::vector<message_summary> wait_until_only_kept(bus& host, std::set<std::int64_t>& suspended_by_crashes) {
    const auto deadline = std::chrono::steady_clock::now() + drain_wait_max;
    while (true) {
        resume_suspended(host, suspended_by_crashes);
        std::vector<message_summary> left = everything(host);
        if (std::all_of(left.begin(), left.end(), is_kept)) {
            return left;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            const auto open = std::find_if_not(left.begin(), left.end(), is_kept);
            throw std::runtime_error("the box does not drain: " + std::to_string(left.size()) +
                                     " are left, like delivery " + std::to_string(open->delivery) + " on port " +
                                     open->port + " (" + open->state + ", " + open->text + ')');
        }
        std::this_thread::sleep_for(look_interval);
    }
}

std::int64_t query(sqlite3* database, const std::string& sql) {
    sqlite3_stmt* one = nullptr;
    std::int64_t result = -1;
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &one, nullptr) == SQLITE_OK && sqlite3_step(one) == SQLITE_ROW) {
        result = sqlite3_column_int64(one, 0);
    }
    sqlite3_finalize(one);
    return result;
}

}  // namespace

void resume_suspended(bus& host, std::set<std::int64_t>& suspended_by_crashes) {
    message_filter filter;
    filter.state = "suspended";
    filter.count_max = page_size;
    filter.error = "delivery.crashed";
    for (const message_summary& one : host.list(filter)) {
        suspended_by_crashes.insert(one.delivery);
    }
    filter.error.clear();
    std::vector<std::int64_t> resumable;
    filter.count_max = 10 * page_size;
    for (const message_summary& one : host.list(filter)) {
        if (!is_kept(one) && resumable.size() < page_size) {
            resumable.push_back(one.delivery);
        }
    }
    if (!resumable.empty()) {
        filter.deliveries = std::move(resumable);
        host.resume(filter, {});
    }
}

std::set<std::pair<std::string, std::string>> drain(bus& host, const std::vector<acknowledged_message>& acknowledged,
                                                    std::set<std::int64_t>& suspended_by_crashes,
                                                    std::vector<std::string>& violations) {
    std::map<std::string, const acknowledged_message*> by_id;
    for (const acknowledged_message& one : acknowledged) {
        by_id[one.message_id] = &one;
    }
    std::set<std::pair<std::string, std::string>> kept;
    for (const message_summary& one : wait_until_only_kept(host, suspended_by_crashes)) {
        const auto known = by_id.find(one.message_id);
        const std::string what = "delivery " + std::to_string(one.delivery) + " on port " + one.port;
        if (known == by_id.end()) {
            violations.push_back(what + " is in the box and was never acknowledged: " + one.message_id);
        } else if (const std::string found = saved_sha256(host, one.delivery); found != known->second->sha256) {
            violations.push_back(what + " is in the box with other bytes than were submitted: " + found);
        } else {
            kept.emplace(one.message_id, one.port);
        }
        message_filter only;
        only.deliveries = {one.delivery};
        if (host.terminate(only).count != 1) {
            violations.push_back(what + " cannot be terminated");
        }
    }
    if (const std::size_t left = everything(host).size(); left != 0) {
        violations.push_back(std::to_string(left) + " deliveries are in the box after all were removed");
    }
    return kept;
}

void check_empty_box(const std::string& box_path, std::vector<std::string>& violations) {
    for (const auto& entry : std::filesystem::directory_iterator(box_path + ".bodies")) {
        violations.push_back("a body was left behind: " + entry.path().string());
    }
    sqlite3* database = nullptr;
    if (sqlite3_open_v2(box_path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
        violations.push_back("the box cannot be opened: " + box_path);
    }
    if (query(database, "SELECT count(*)=1 AND max(integrity_check)='ok' FROM pragma_integrity_check") != 1) {
        violations.push_back("PRAGMA integrity_check finds damage in " + box_path);
    }
    for (const char* table : {"message", "delivery", "attempt", "part_file"}) {
        if (const std::int64_t rows = query(database, std::string("SELECT count(*) FROM ") + table); rows != 0) {
            violations.push_back(std::to_string(rows) + " rows were left behind in the table " + table);
        }
    }
    sqlite3_close_v2(database);
}

}  // namespace hawser::crash
