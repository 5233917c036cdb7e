#include "control/control_client.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/uuid.hpp"
#include "control/body_file.hpp"
#include "control/control_codec.hpp"
#include "control/control_protocol.hpp"
#include "control/control_socket.hpp"

namespace hawser::engine {
namespace {

using namespace control;
using nlohmann::json;

constexpr std::int64_t hello_wait_ms = 10'000;
constexpr std::size_t idle_connections_max = 4;
constexpr const char* busy_code = "host.busy";
constexpr const char* lost_code = "host.lost";  // the connection broke before an answer came

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// What one exchange brought: an answer, or an error with its code.
using exchange_result = result<json>;

exchange_result read_answer(const std::string& text, const std::function<void(std::uint64_t)>& on_progress,
                            bool& is_progress) {
    is_progress = false;
    try {
        json parsed = parse_frame(text);
        if (const auto progress = parsed.find("progress"); progress != parsed.end() && progress->is_number_unsigned()) {
            is_progress = true;
            if (on_progress) {
                on_progress(progress->get<std::uint64_t>());
            }
            return json();
        }
        if (const auto error = parsed.find("error"); error != parsed.end() && error->is_object()) {
            return fail(error->value("code", "host.failed"), error->value("text", "the host gave no reason"));
        }
        if (const auto answer = parsed.find("answer"); answer != parsed.end()) {
            return std::move(*answer);
        }
        return fail("host.io", "the host's answer is neither an answer nor an error");
    } catch (const std::exception& failure) {  // bad_frame, or an error whose fields are of other types
        return fail("host.io", std::string("the host's answer makes no sense: ") + failure.what());
    }
}

// One request and its answer on a connection. `is_abandoned` closes the sending half once, which ends the wait at the
// host.
exchange_result exchange(int socket, const std::string& request, const std::vector<int>& descriptors,
                         std::int64_t wait_ms, const submit_options* options) {
    // A refusal may come before the request is read, so a failed write still looks for an answer.
    const bool is_written = write_frame(socket, request, descriptors);
    std::function<bool()> is_abandoned = options != nullptr ? options->is_abandoned : std::function<bool()>{};
    const std::function<void(std::uint64_t)> on_progress =
        options != nullptr ? options->on_progress : std::function<void(std::uint64_t)>{};
    while (true) {
        frame answer;
        switch (read_frame(socket, answer_size_max, is_written ? wait_ms : 0, answer, is_abandoned)) {
        case frame_status::done: {
            bool is_progress = false;
            exchange_result read = read_answer(answer.json, on_progress, is_progress);
            if (!is_progress) {
                return read;
            }
            break;
        }
        case frame_status::abandoned:
            ::shutdown(socket, SHUT_WR);
            is_abandoned = {};
            break;
        case frame_status::too_large: return fail("host.io", "the host's answer is too large");
        case frame_status::idle:
            return fail("host.io", fmt::format("the host has not answered for {} s", wait_ms / 1000));
        default: return fail(lost_code, "the host closed the connection before it answered");
        }
    }
}

class control_client final : public hawser::bus {
public:
    explicit control_client(std::string path) : path_(std::move(path)) {}

    result<void> greet() {
        exchange_result answer = ask({{"call", "hello"}}, {}, hello_wait_ms);
        if (!answer) {
            return unexpected{answer.error()};
        }
        return {};
    }

    submit_answer submit(const submission& message, const submit_options& options) override;

    std::vector<message_summary> list(const message_filter& filter) override {
        std::vector<message_summary> all;
        message_filter page = filter;
        while (all.size() < filter.count_max) {
            page.count_max = std::min(filter.count_max - static_cast<std::uint32_t>(all.size()), list_count_max);
            std::vector<message_summary> next =
                message_summaries_from(look({{"call", "list"}, {"filter", to_json(page)}}));
            const bool is_last = next.size() < page.count_max;
            for (message_summary& one : next) {
                page.after = std::max(page.after, one.delivery);
                all.push_back(std::move(one));
            }
            if (is_last) {
                break;
            }
        }
        return all;
    }
    std::vector<message_detail> show(const std::string& id) override {
        return message_details_from(look({{"call", "show"}, {"id", id}}));
    }
    std::vector<port_summary> ports() override { return port_summaries_from(look({{"call", "ports"}})); }
    host_status status() override { return host_status_from(look({{"call", "status"}})); }

    change_answer resume(const message_filter& which, const message_edits& edits) override {
        return change({{"call", "resume"}, {"filter", to_json(which)}, {"edits", to_json(edits)}});
    }
    change_answer terminate(const message_filter& which) override {
        return change({{"call", "terminate"}, {"filter", to_json(which)}});
    }
    change_answer set_port_state(const std::string& port, const std::string& action) override {
        return change({{"call", "set_port_state"}, {"port", port}, {"action", action}});
    }
    std::vector<group_summary> groups() override { return group_summaries_from(look({{"call", "groups"}})); }
    std::vector<receive_port_summary> receive_ports() override {
        return receive_port_summaries_from(look({{"call", "receive_ports"}}));
    }
    change_answer set_group_state(const std::string& group, const std::string& action) override {
        return change({{"call", "set_group_state"}, {"group", group}, {"action", action}});
    }
    reload_answer reload(const reload_options& options) override;
    change_answer save(std::int64_t delivery, const std::string& part, content_point point, int target) override;

private:
    // Takes an idle connection that still lives, or makes one.
    result<descriptor> take_connection() {
        {
            const std::lock_guard lock(mutex_);
            while (!idle_.empty()) {
                descriptor one = std::move(idle_.back());
                idle_.pop_back();
                pollfd watched{one.get(), POLLIN | POLLRDHUP,
                               0};  // nothing may come unasked: whatever did means its end
                if (::poll(&watched, 1, 0) == 0) {
                    return one;
                }
            }
        }
        result<descriptor> made = connect_to(path_);
        if (!made) {
            return made;
        }
        const result<uid_t> peer = peer_user(made->get());
        if (!peer || (::geteuid() != 0 && *peer != ::geteuid() && *peer != 0)) {
            return fail("host.refused", fmt::format("the process that listens on {} is another user's", path_));
        }
        return made;
    }

    void give_back(descriptor connection) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < idle_connections_max) {
            idle_.push_back(std::move(connection));
        }
    }

    exchange_result ask(json request, const std::vector<int>& descriptors, std::int64_t wait_ms,
                        const submit_options* options = nullptr) {
        request["v"] = protocol_version;
        const std::string text = dump_frame(request, utf8_rule::strict);
        if (text.size() > request_size_max) {
            return fail("protocol.bad-request",
                        fmt::format("the properties and names are too large for one message (at most {} bytes)",
                                    request_size_max));
        }
        result<descriptor> connection = take_connection();
        if (!connection) {
            return unexpected{connection.error()};
        }
        exchange_result answer = exchange(connection->get(), text, descriptors, wait_ms, options);
        const bool has_ended = options != nullptr && options->is_abandoned && options->is_abandoned();
        if (answer && !has_ended) {
            give_back(std::move(*connection));
        }
        return answer;
    }

    // For what changes nothing: repeated once when the connection breaks.
    json look(const json& request) {
        exchange_result answer = ask(request, {}, answer_wait_ms);
        if (!answer && answer.error().code == lost_code) {
            answer = ask(request, {}, answer_wait_ms);
        }
        if (!answer) {
            throw std::runtime_error(answer.error().text);
        }
        return std::move(*answer);
    }

    // For what changes something: a lost answer is told, because nobody knows whether it was done.
    change_answer change(const json& request) {
        exchange_result answer = ask(request, {}, answer_wait_ms);
        if (!answer) {
            if (answer.error().code == "protocol.bad-request") {
                return {.code = answer_code::bad_input, .text = answer.error().text};
            }
            if (answer.error().code == busy_code) {
                return {.code = answer_code::not_accepted, .text = answer.error().text};
            }
            throw std::runtime_error(answer.error().text + "; look with `hawser messages list` whether it was done");
        }
        return change_answer_from(*answer);
    }

    result<void> prepare_parts(const submission& message, const submit_options& options,
                               std::vector<part_place>& places, std::vector<int>& numbers,
                               std::vector<descriptor>& made);

    const std::string path_;
    std::mutex mutex_;
    std::vector<descriptor> idle_;
};

// Makes every part a regular file. `made` keeps those that were made here, `numbers` are what is passed.
result<void> control_client::prepare_parts(const submission& message, const submit_options& options,
                                           std::vector<part_place>& places, std::vector<int>& numbers,
                                           std::vector<descriptor>& made) {
    if (message.parts.size() > descriptors_max) {
        return fail(
            "protocol.bad-request",
            fmt::format("a message has at most {} parts when it is submitted through a running host", descriptors_max));
    }
    for (const submission_part& part : message.parts) {
        std::int64_t offset = 0;
        int number = part.descriptor;
        if (number >= 0 && is_regular_file(number)) {
            offset = ::lseek(number, 0, SEEK_CUR);
        } else {
            result<descriptor> file = number < 0 ? memory_file(part.bytes) : unnamed_file(folder_of(path_));
            if (!file) {
                return unexpected{file.error()};
            }
            if (number >= 0) {
                if (result<void> copied = copy_all(number, file->get(), options.on_progress); !copied) {
                    return copied;
                }
            }
            made.push_back(std::move(*file));
            number = made.back().get();
        }
        places.push_back({.index = numbers.size(), .offset = offset});
        numbers.push_back(number);
    }
    return {};
}

bool is_nothing_stored(answer_code code) {
    return code == answer_code::not_accepted || code == answer_code::bad_input || code == answer_code::no_subscriber;
}

std::string unknown_outcome(const std::string& why, const std::string& key) {
    return fmt::format("{}; it is not known whether the message was accepted: repeat it with --key {}", why, key);
}

submit_answer control_client::submit(const submission& message, const submit_options& options) {
    submission keyed{.port = message.port,
                     .receive_port = message.receive_port,
                     .key = message.key.empty() ? make_uuid() : message.key,
                     .properties = message.properties};
    std::vector<part_place> places;
    std::vector<int> numbers;
    std::vector<descriptor> made;
    if (const result<void> prepared = prepare_parts(message, options, places, numbers, made); !prepared) {
        const bool is_room = prepared.error().code == "body.spool";
        return {.code = is_room ? answer_code::not_accepted : answer_code::bad_input, .text = prepared.error().text};
    }
    for (const submission_part& part : message.parts) {  // without the bytes, which have gone into files
        keyed.parts.push_back({.name = part.name,
                               .content_type = part.content_type,
                               .charset = part.charset,
                               .file_name = part.file_name});
    }
    constexpr std::int64_t no_limit = -1;
    try {
        const json request = {{"call", "submit"}, {"message", to_json(keyed, places)}, {"options", to_json(options)}};
        exchange_result answer = ask(request, numbers, no_limit, &options);
        const bool was_lost = !answer && answer.error().code == lost_code;
        if (was_lost) {  // the key makes it one message, whatever became of the first
            answer = ask(request, numbers, no_limit, &options);
            if (!answer) {
                return {.code = answer_code::not_accepted, .text = unknown_outcome(answer.error().text, keyed.key)};
            }
        }
        if (!answer) {
            const bool is_bad =
                answer.error().code == "protocol.bad-request" || answer.error().code == "protocol.too-large";
            return {.code = is_bad ? answer_code::bad_input : answer_code::not_accepted, .text = answer.error().text};
        }
        for (const submission_part& part : message.parts) {
            if (part.descriptor >= 0 && is_regular_file(part.descriptor)) {
                ::lseek(part.descriptor, 0, SEEK_END);  // it has been read to its end, by another process
            }
        }
        submit_answer given = submit_answer_from(*answer);
        if (was_lost && is_nothing_stored(given.code)) {  // by the second: the first may have been, and its answer lost
            given.text = unknown_outcome(given.text, keyed.key);
        }
        return given;
    } catch (const bad_frame& failure) {
        return {.code = answer_code::bad_input, .text = failure.what()};
    }
}

reload_answer control_client::reload(const reload_options& options) {
    constexpr std::int64_t no_limit = -1;
    exchange_result answer = ask({{"call", "reload"}, {"options", to_json(options)}}, {}, no_limit);
    if (answer) {
        return reload_answer_from(*answer);
    }
    if (answer.error().code == busy_code) {
        return {.code = answer_code::not_accepted, .text = answer.error().text};
    }
    throw std::runtime_error(answer.error().text + "; the host's log says whether the bindings were reloaded");
}

change_answer control_client::save(std::int64_t delivery, const std::string& part, content_point point, int target) {
    const json request = {{"call", "save"},
                          {"delivery", delivery},
                          {"part", part},
                          {"point", point == content_point::after_pipeline ? "after" : "before"}};
    constexpr std::int64_t no_limit = -1;
    descriptor copy;
    int number = target;
    if (!is_regular_file(target)) {
        result<descriptor> file = unnamed_file(folder_of(path_));
        if (!file) {
            return {.code = answer_code::not_accepted, .text = file.error().text};
        }
        copy = std::move(*file);
        number = copy.get();
    }
    exchange_result answer = ask(request, {number}, no_limit);
    if (!answer) {
        throw std::runtime_error(answer.error().text);
    }
    const change_answer saved = change_answer_from(*answer);
    if (copy.is_open() && saved.code == answer_code::done) {
        ::lseek(copy.get(), 0, SEEK_SET);
        if (const result<void> copied = copy_all(copy.get(), target); !copied) {
            throw std::runtime_error(copied.error().text);
        }
    }
    return saved;
}

}  // namespace

hawser::opened<hawser::bus> connect_control(const std::string& socket_path) {
    auto client = std::make_unique<control_client>(socket_path);
    const result<void> greeted = client->greet();
    if (greeted) {
        return {.value = std::move(client), .code = {}, .text = {}};
    }
    const error& failure = greeted.error();
    if (failure.code == lost_code || failure.code == "host.stopping") {  // it stopped between connect and hello
        return {.value = nullptr, .code = "host.not-running", .text = failure.text};
    }
    if (failure.code == busy_code) {
        return {.value = nullptr, .code = "host.refused", .text = failure.text};
    }
    return {.value = nullptr,
            .code = failure.code == "protocol.version" ? "host.version" : failure.code,
            .text = failure.text};
}

}  // namespace hawser::engine
