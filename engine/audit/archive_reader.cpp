#include "audit/archive_reader.hpp"

#include <fcntl.h>

#include <cerrno>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace hawser::engine::audit {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

template <typename Number>
Number number_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

}  // namespace

result<void> read_lines(const std::string& folder, const std::function<bool(const placed_line&)>& visit) {
    const auto files = list_record_files(folder);
    if (!files) {
        return unexpected{files.error()};
    }
    if (files->empty()) {
        return fail("audit.missing", "there is no audit archive in " + folder + ": it has no files of records");
    }
    for (const record_file& one : *files) {
        const descriptor file(::open(one.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
        if (!file.is_open()) {
            throw std::runtime_error(failed_text("open", one.path, errno));
        }
        line_reader reader(file.get());
        std::string_view text;
        while (true) {
            const line_reader::found found = reader.next(text);
            if (found == line_reader::found::end) {
                break;
            }
            if (!visit({one, &one == &files->back(), reader.line_number() == 1, found, reader.line_number(), text})) {
                return {};
            }
            if (found == line_reader::found::unfinished) {
                break;  // a writer may finish it meanwhile: its rest is no line
            }
        }
    }
    return {};
}

bool read_entry(const placed_line& line, json& object, audit_entry& out) {
    const std::optional<line_head> head =
        line.found == line_reader::found::line ? read_line_head(line.text) : std::nullopt;
    if (!head || !is_shallow(line.text)) {
        return false;
    }
    object = json::parse(line.text, nullptr, false);
    if (!object.is_object()) {
        return false;
    }
    out = {};
    out.record = head->record;
    out.time = head->time;
    out.kind = head->kind;
    out.port = text_of(object, "port");
    out.message_id = text_of(object, "messageId");
    out.unique_id = text_of(object, "uniqueId");
    out.delivery = number_of<std::int64_t>(object, "delivery");
    out.attempt = number_of<std::uint32_t>(object, "attempt");
    out.hand_over = number_of<std::uint64_t>(object, "handOver");
    if (const auto content = object.find("content"); content != object.end() && content->is_object()) {
        out.has_content = true;
        out.sha256 = text_of(*content, "sha256");
        out.size = number_of<std::uint64_t>(*content, "size");
        out.content_file = text_of(*content, "file");
    }
    out.line = line.text;
    out.file = line.file.path;
    out.line_number = line.number;
    return true;
}

}  // namespace hawser::engine::audit
