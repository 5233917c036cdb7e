#include "control/control_calls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.hpp"
#include "control/control_codec.hpp"
#include "hawser/host.hpp"

namespace hawser::engine::control {
namespace {

using nlohmann::json;

constexpr std::int64_t progress_interval_ms = 100;

std::string answer_frame(json answer) {
    std::string text = dump_frame({{"v", protocol_version}, {"answer", std::move(answer)}}, utf8_rule::lenient);
    if (text.size() > answer_size_max) {
        return error_frame("protocol.answer-too-large",
                           "the answer is too large: ask for fewer messages at once (--limit)");
    }
    return text;
}

const json& member(const json& request, const char* name) {
    const auto found = request.find(name);
    if (found == request.end()) {
        throw bad_frame(fmt::format("the field \"{}\" is missing", name));
    }
    return *found;
}

std::string text_member(const json& request, const char* name) {
    const json& value = member(request, name);
    if (!value.is_string()) {
        throw bad_frame(fmt::format("the field \"{}\" is not a string", name));
    }
    return value.get<std::string>();
}

// A regular file that may be used in this direction; anything else could hold up the host for ever, or is no file at
// all.
void check_regular(int number, int access) {
    struct stat found {};
    const int flags = ::fcntl(number, F_GETFL);
    if (flags < 0 || ::fstat(number, &found) != 0 || !S_ISREG(found.st_mode)) {
        throw bad_frame("a descriptor is not one of a regular file");
    }
    const int mode = flags & O_ACCMODE;
    if ((flags & O_PATH) != 0 || (mode != O_RDWR && mode != access)) {
        throw bad_frame("a descriptor is not open in the direction that it is needed for");
    }
}

// A position of the host's own in the same file. Where the file cannot be opened again (its mode allows only whoever
// opened it first), the client's description is used; it must then not repeat the submission while this one runs, and
// does not.
descriptor open_again(descriptor given, std::int64_t offset) {
    check_regular(given.get(), O_RDONLY);
    const std::string path = fmt::format("/proc/self/fd/{}", given.get());
    descriptor own(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!own.is_open()) {
        own = std::move(given);
    }
    if (offset < 0 || ::lseek(own.get(), offset, SEEK_SET) != offset) {
        throw bad_frame("a part's offset is not one of its file");
    }
    return own;
}

std::string carry_out_submit(hawser::bus& target, const json& request, std::vector<descriptor>& given,
                             const call_context& context) {
    std::vector<part_place> places;
    submission message = submission_from(member(request, "message"), places);
    bool wants_progress = false;
    submit_options options = submit_options_from(member(request, "options"), wants_progress);
    std::vector<descriptor> bodies;
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].index >= given.size() || !given[places[i].index].is_open()) {
            throw bad_frame("a part names a descriptor that is not there, or one of another part");
        }
        bodies.push_back(open_again(std::move(given[places[i].index]), places[i].offset));
        message.parts[i].descriptor = bodies.back().get();
    }
    options.is_abandoned = context.is_abandoned;
    std::int64_t last_ms = 0;
    if (wants_progress) {
        options.on_progress = [&](std::uint64_t bytes) {
            const std::int64_t now_ms = system_clock().monotonic_ms();
            if (now_ms - last_ms >= progress_interval_ms) {
                last_ms = now_ms;
                context.send_progress(bytes);
            }
        };
    }
    return answer_frame(to_json(target.submit(message, options)));
}

std::string carry_out_save(hawser::bus& target, const json& request, std::vector<descriptor>& given) {
    if (given.size() != 1) {
        throw bad_frame("save takes one descriptor");
    }
    check_regular(given.front().get(), O_WRONLY);
    const json& delivery = member(request, "delivery");
    if (!delivery.is_number_integer()) {
        throw bad_frame("the field \"delivery\" is not a whole number");
    }
    const std::string point = text_member(request, "point");
    if (point != "before" && point != "after") {
        throw bad_frame("the field \"point\" is neither \"before\" nor \"after\"");
    }
    return answer_frame(to_json(target.save(
        delivery.get<std::int64_t>(), text_member(request, "part"),
        point == "after" ? content_point::after_pipeline : content_point::before_pipeline, given.front().get())));
}

message_filter filter_member(const json& request) { return message_filter_from(member(request, "filter")); }

std::string dispatch(hawser::bus& target, const json& request, std::vector<descriptor>& given,
                     const call_context& context) {
    const std::string call = text_member(request, "call");
    if (call == "hello") {
        return answer_frame({{"version", HAWSER_VERSION}, {"process_id", ::getpid()}});
    }
    if (call == "submit") {
        return carry_out_submit(target, request, given, context);
    }
    if (call == "save") {
        return carry_out_save(target, request, given);
    }
    if (!given.empty()) {
        throw bad_frame("descriptors came with a call that takes none");
    }
    if (call == "list") {
        message_filter filter = filter_member(request);
        filter.count_max = std::min(filter.count_max, list_count_max);
        return answer_frame(to_json(target.list(filter)));
    }
    if (call == "show") {
        return answer_frame(to_json(target.show(text_member(request, "id"))));
    }
    if (call == "resume") {
        return answer_frame(to_json(target.resume(filter_member(request), edits_from(member(request, "edits")))));
    }
    if (call == "terminate") {
        return answer_frame(to_json(target.terminate(filter_member(request))));
    }
    if (call == "ports") {
        return answer_frame(to_json(target.ports()));
    }
    if (call == "set_port_state") {
        return answer_frame(
            to_json(target.set_port_state(text_member(request, "port"), text_member(request, "action"))));
    }
    if (call == "groups") {
        return answer_frame(to_json(target.groups()));
    }
    if (call == "receive_ports") {
        return answer_frame(to_json(target.receive_ports()));
    }
    if (call == "set_group_state") {
        return answer_frame(
            to_json(target.set_group_state(text_member(request, "group"), text_member(request, "action"))));
    }
    if (call == "reload") {
        return answer_frame(to_json(target.reload(reload_options_from(member(request, "options")))));
    }
    if (call == "status") {
        return answer_frame(to_json(target.status()));
    }
    throw bad_frame(fmt::format("there is no call \"{}\"", call.substr(0, 64)));
}

}  // namespace

std::string error_frame(const std::string& code, const std::string& text) {
    return dump_frame({{"v", protocol_version}, {"error", {{"code", code}, {"text", text}}}}, utf8_rule::lenient);
}

std::string carry_out(hawser::bus& target, frame request, const call_context& context) {
    try {
        const json parsed = parse_frame(request.json);
        const json& version = member(parsed, "v");
        if (!version.is_number_integer() || version.get<std::int64_t>() != protocol_version) {
            return error_frame(
                "protocol.version",
                fmt::format(
                    "this host speaks version {} of the control protocol (Hawser {}): use the command of the same "
                    "release",
                    protocol_version, HAWSER_VERSION));
        }
        return dispatch(target, parsed, request.descriptors, context);
    } catch (const bad_frame& failure) {
        return error_frame("protocol.bad-request", failure.what());
    } catch (const std::exception& failure) {  // the bus: box damaged, I/O error, no memory
        return error_frame("host.failed", failure.what());
    }
}

}  // namespace hawser::engine::control
