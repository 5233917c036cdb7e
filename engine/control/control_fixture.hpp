// For the tests of this room: a bus that remembers what it was asked, a folder of its own, and raw connections.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "control/control_protocol.hpp"
#include "control/control_socket.hpp"
#include "hawser/host.hpp"

namespace hawser::engine::control::test {

class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-control-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("no temporary folder");
        }
        path_ = pattern;
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

inline std::string read_all(int number) {
    std::string bytes;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = ::read(number, buffer, sizeof buffer)) > 0) {
        bytes.append(buffer, static_cast<std::size_t>(size));
    }
    return bytes;
}

inline void write_text(const std::string& path, const std::string& text) {
    const descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw std::runtime_error("cannot write " + path);
    }
}

class fake_bus final : public hawser::bus {
public:
    submit_answer submit(const submission& message, const submit_options& options) override {
        std::vector<std::string> read;
        for (const submission_part& part : message.parts) {
            read.push_back(part.descriptor >= 0 ? read_all(part.descriptor) : part.bytes);
        }
        {
            const std::lock_guard lock(mutex);
            submissions.push_back(message);
            bodies.push_back(std::move(read));
            options_seen.push_back(options);
        }
        if (on_submit) {
            return on_submit(message, options);
        }
        return {.code = answer_code::done, .message_id = "m-1"};
    }
    std::vector<message_summary> list(const message_filter& filter) override {
        filters.push_back(filter);
        return summaries;
    }
    std::vector<message_detail> show(const std::string& id) override {
        ids.push_back(id);
        return details;
    }
    change_answer resume(const message_filter& which, const message_edits& changes) override {
        filters.push_back(which);
        edits = changes;
        return {.code = answer_code::done, .count = 3, .text = "resumed", .skipped = {{.delivery = 8, .text = "gone"}}};
    }
    change_answer terminate(const message_filter& which) override {
        filters.push_back(which);
        return {.code = answer_code::not_found, .count = 0, .text = "none"};
    }
    change_answer save(std::int64_t delivery, const std::string& part, content_point point, int target) override {
        ids.push_back(std::to_string(delivery) + "/" + part + (point == content_point::after_pipeline ? "/after" : ""));
        const std::string bytes = saved;
        return ::write(target, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())
                   ? change_answer{.code = answer_code::done, .count = bytes.size()}
                   : change_answer{.code = answer_code::not_accepted};
    }
    std::vector<port_summary> ports() override { return port_list; }
    std::vector<receive_port_summary> receive_ports() override { return receive_port_list; }
    change_answer set_port_state(const std::string& port, const std::string& action) override {
        ids.push_back(port + " " + action);
        return {.code = answer_code::done, .count = 1};
    }
    std::vector<group_summary> groups() override { return status_value.groups; }
    change_answer set_group_state(const std::string& group, const std::string& action) override {
        ids.push_back("group " + group + " " + action);
        return {.code = answer_code::done, .count = 1};
    }
    reload_answer reload(const reload_options& options) override {
        reload_seen = options;
        return reload_value;
    }
    host_status status() override {
        if (fails) {
            throw std::runtime_error("the message box is damaged");
        }
        return status_value;
    }

    std::mutex mutex;  // of what submit writes; the rest is used by one client at a time
    std::vector<submission> submissions;
    std::vector<std::vector<std::string>> bodies;
    std::vector<submit_options> options_seen;
    std::function<submit_answer(const submission&, const submit_options&)> on_submit;
    std::vector<message_filter> filters;
    std::vector<std::string> ids;
    message_edits edits;
    std::vector<message_summary> summaries;
    std::vector<message_detail> details;
    std::vector<port_summary> port_list;
    std::vector<receive_port_summary> receive_port_list;
    host_status status_value;
    reload_options reload_seen;
    reload_answer reload_value;
    std::string saved;
    std::atomic<bool> fails{false};
};

// Sends `json` raw and returns the answer's JSON, or "closed"/"broken"/"idle" where none came.
inline std::string ask_raw(const std::string& socket_path, const std::string& json,
                           const std::vector<int>& descriptors = {}) {
    result<descriptor> connection = connect_to(socket_path);
    if (!connection) {
        return "not connected";
    }
    write_frame(connection->get(), json, descriptors);  // a refusal may come before all of it is read
    frame answer;
    switch (read_frame(connection->get(), answer_size_max, 10'000, answer)) {
    case frame_status::done: return answer.json;
    case frame_status::closed: return "closed";
    case frame_status::idle: return "idle";
    default: return "broken";
    }
}

}  // namespace hawser::engine::control::test
