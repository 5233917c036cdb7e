// messages save: a part, the context, or everything that there is of a message, out of the box into files.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string_view>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/save_target.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

int save_part(const arguments& given, hawser::bus& bus, std::int64_t delivery, const std::string& part,
              content_point point, const std::string& path) {
    return save_into(given, path, [&](int number) {
        const change_answer answer = bus.save(delivery, part, point, number);
        const int code = exit_code_of(answer.code);
        return code == exit_code::done
                   ? code
                   : report_failure(given, "save.failed",
                                    answer.text.empty() ? "there is no such message or part" : answer.text, code);
    });
}

int save_context(const arguments& given, const message_detail& detail, const std::string& path) {
    return save_into(given, path, [&](int number) {
        return write_whole(number, json_of(detail)) ? exit_code::done : save_failure(given, path, std::strerror(errno));
    });
}

// A name of a file in a folder, made of what the message says: no folder, nothing hidden, none twice.
std::string safe_name(const part_summary& part, const std::set<std::string>& taken) {
    std::string name = part.file_name.empty() ? part.name : part.file_name;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '/' || c == '\\' || c == '\0'; }, '_');
    constexpr std::size_t size_max = 200;
    name.resize(std::min(name.size(), size_max));
    if (name.empty() || name.front() == '.') {
        name.insert(0, "_");
    }
    const std::string wanted = name;
    for (int i = 2; taken.count(name) > 0; ++i) {
        name = wanted + "-" + std::to_string(i);
    }
    return name;
}

// Every part in a file of its name, and context.json, which says which is which.
int save_all(const arguments& given, hawser::bus& bus, const message_detail& detail) {
    std::error_code failure;
    if (std::filesystem::exists(given.folder, failure) &&
        (!std::filesystem::is_directory(given.folder, failure) || !std::filesystem::is_empty(given.folder, failure)) &&
        !failure) {
        return report_failure(given, "input.bad",
                              "--folder " + given.folder + ": it is not an empty folder: name a new or an empty one",
                              exit_code::bad_input);
    }
    std::filesystem::create_directories(given.folder, failure);
    if (failure) {
        return save_failure(given, given.folder, failure.message());
    }
    const std::filesystem::path folder = given.folder;
    std::set<std::string> taken{"context.json", "body.after-pipeline"};
    for (const part_summary& part : detail.parts) {
        const std::string name = safe_name(part, taken);
        taken.insert(name);
        if (const int code = save_part(given, bus, detail.summary.delivery, part.name, content_point::before_pipeline,
                                       (folder / name).string());
            code != exit_code::done) {
            return code;
        }
        print(plain((folder / name).string()) + ": " + plain(part.name) + ", " + human_size(part.size) + "\n");
    }
    if (detail.size_after >= 0) {
        const std::string path = (folder / "body.after-pipeline").string();
        if (const int code = save_part(given, bus, detail.summary.delivery, "", content_point::after_pipeline, path);
            code != exit_code::done) {
            return code;
        }
        print(plain(path) + ": the body after the pipeline, " +
              human_size(static_cast<std::uint64_t>(detail.size_after)) + "\n");
    }
    print(plain((folder / "context.json").string()) + ": " + "the context, " +
          counted(detail.history.size(), "attempt") + "\n");
    return save_context(given, detail, (folder / "context.json").string());
}

// Every delivery of a message has the same parts; but one that has ended may have kept none.
const message_detail& with_parts(const std::vector<message_detail>& deliveries) {
    const auto found = std::find_if(deliveries.begin(), deliveries.end(),
                                    [](const message_detail& one) { return !one.parts.empty(); });
    return found == deliveries.end() ? deliveries.front() : *found;
}

}  // namespace

int messages_save(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::vector<message_detail> found = access.bus().show(given.names.front());
    if (found.empty()) {
        return report_failure(given, "message.unknown", "there is no message " + given.names.front(),
                              exit_code::not_found);
    }
    const content_point point = given.point == "after" ? content_point::after_pipeline : content_point::before_pipeline;
    if (point == content_point::after_pipeline && found.size() > 1) {
        return report_failure(given, "input.bad",
                              "the message has several deliveries, each with its own body after the pipeline: give a"
                              " delivery's number",
                              exit_code::bad_input);
    }
    const message_detail& detail = with_parts(found);
    if (!given.folder.empty()) {
        return save_all(given, access.bus(), detail);
    }
    return given.wants_context
               ? save_context(given, detail, given.output)
               : save_part(given, access.bus(), detail.summary.delivery, given.part, point, given.output);
}

}  // namespace hawser::command
