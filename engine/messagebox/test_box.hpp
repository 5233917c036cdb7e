// Shared by the store's tests: a box in a folder of its own, and its asynchronous calls as blocking ones.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine::test {

class box_folder {
public:
    box_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-box-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    box_folder(const box_folder&) = delete;
    box_folder& operator=(const box_folder&) = delete;
    ~box_folder() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const noexcept { return path_; }
    std::string box_path() const { return (path_ / "box.db").string(); }
    std::unique_ptr<message_box> open() const {
        auto opened = open_sqlite_message_box(box_path(), 0);
        if (!opened) {
            throw std::runtime_error(opened.error().code + ": " + opened.error().text);
        }
        return std::move(opened).value();
    }
    std::size_t body_file_count() const {
        const std::filesystem::directory_iterator files(path_ / "box.db.bodies");
        return static_cast<std::size_t>(std::distance(begin(files), end(files)));
    }

private:
    std::filesystem::path path_;
};

inline std::int64_t now() { return system_clock().unix_ms(); }

inline staged_body stage(message_box& box, const std::string& bytes) {
    auto stager = box.stage_body();
    auto appended = stager->append(bytes.data(), bytes.size());
    auto flushed = stager->flush();
    auto staged = stager->finish();
    if (!appended || !flushed || !staged) {
        throw std::runtime_error("a body cannot be staged");
    }
    return *staged;
}

inline message_context context_of(const std::map<std::string, std::string>& values) {
    message_context context;
    for (const auto& [name, value] : values) {
        if (!context.set(name, {.value = value})) {
            throw std::runtime_error("a property cannot be set: " + name);
        }
    }
    return context;
}

inline commit_answer commit_batch(message_box& box, std::vector<operation> batch) {
    auto answered = std::make_shared<std::promise<commit_answer>>();
    auto future = answered->get_future();
    box.commit(std::move(batch), [answered](const commit_answer& answer) { answered->set_value(answer); });
    return future.get();
}

// Without the copy of an initializer list.
inline std::vector<operation> batch_of(operation one) {
    std::vector<operation> batch;
    batch.push_back(std::move(one));
    return batch;
}

// Keeps the store's thread busy with an answer, so that it gives no other until this is gone.
class busy_store {
public:
    explicit busy_store(message_box& box) {
        box.commit(batch_of(release_operation{}),
                   [done = done_.get_future().share()](const commit_answer&) { done.wait(); });
    }
    busy_store(const busy_store&) = delete;
    busy_store& operator=(const busy_store&) = delete;
    ~busy_store() { done_.set_value(); }

private:
    std::promise<void> done_;
};

inline commit_answer commit(message_box& box, operation one) { return commit_batch(box, batch_of(std::move(one))); }

struct test_publication {
    std::vector<std::string> ports;
    std::string body = "body";
    std::uint8_t priority = 5;
    std::string key;
    std::string digest;
    std::string message_id = make_uuid();
    std::optional<staged_body> staged;
    std::optional<std::string> order_key;  // of an ordered port
    std::string held_for;                  // a group
    std::int64_t due_unix_ms = 0;
};

inline publication make_publication(test_publication wanted) {
    publication message;
    message.message_id = std::move(wanted.message_id);
    message.key = std::move(wanted.key);
    message.content_sha256 = std::move(wanted.digest);
    message.published_unix_ms = now();
    new_part part;
    part.info.name = "body";
    part.info.is_body = true;
    part.info.size = wanted.staged ? wanted.staged->size : wanted.body.size();
    if (wanted.staged) {
        part.body = std::move(*wanted.staged);
    } else {
        part.body = std::move(wanted.body);
    }
    message.parts.push_back(std::move(part));
    for (const std::string& port : wanted.ports) {
        message.deliveries.push_back({port, wanted.priority, wanted.due_unix_ms, wanted.order_key.has_value(),
                                      wanted.order_key.value_or(""), wanted.held_for});
    }
    return message;
}

inline std::vector<operation> publication_batch(test_publication wanted) {
    return batch_of(publish_operation{make_publication(std::move(wanted))});
}

inline commit_answer publish(message_box& box, test_publication wanted) {
    return commit_batch(box, publication_batch(std::move(wanted)));
}

inline std::vector<claimed_delivery> claim(message_box& box, const std::string& port, std::uint32_t count = 1,
                                           bool is_ordered = false, std::int64_t at = now(),
                                           bool stops_on_failure = false) {
    auto answered = std::make_shared<std::promise<std::vector<claimed_delivery>>>();
    auto future = answered->get_future();
    box.claim({{port, count, is_ordered, false, stops_on_failure}}, at,
              [answered](result<std::vector<claimed_delivery>> given) {
                  answered->set_value(given ? std::move(*given) : std::vector<claimed_delivery>{});
              });
    return future.get();
}

inline std::string read_all(body_reader& reader) {
    std::string all;
    char buffer[7000];
    while (const std::size_t size = reader.read(buffer, sizeof buffer)) {
        all.append(buffer, size);
    }
    return all;
}

inline bool holds(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// True as soon as the condition holds; false where the time is over.
template <typename Condition>
bool within_seconds(int seconds, Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

template <typename Condition>
bool becomes(Condition&& condition) {
    return within_seconds(10, std::forward<Condition>(condition));
}

// Runs in a child that ends without any clean-up, as kill -9 would have it; its exit code, -1 where it died by itself.
template <typename Function>
int run_in_child(Function&& function) {
    const pid_t child = ::fork();
    if (child == 0) {
        function();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace hawser::engine::test
