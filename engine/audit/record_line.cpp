#include "audit/record_line.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "audit/encoding.hpp"
#include "audit/facts.hpp"

namespace hawser::engine::audit {
namespace {

// Takes `text` from the front of `line`; false where it does not stand there.
bool take(std::string_view& line, std::string_view text) {
    if (!line.starts_with(text)) {
        return false;
    }
    line.remove_prefix(text.size());
    return true;
}

// Up to the next quote, which it takes too.
std::optional<std::string_view> take_quoted(std::string_view& line) {
    const std::size_t end = line.find('"');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view text = line.substr(0, end);
    line.remove_prefix(end + 1);
    return text;
}

}  // namespace

line_writer::line_writer(const chain_head& head, std::int64_t unix_ms, std::string_view kind) {
    line_ = "{\"record\":" + std::to_string(head.next) + ",\"previous\":\"" + head.previous + "\",\"time\":\"" +
            time_text(unix_ms) + "\",\"kind\":\"";
    line_ += kind;
    line_ += '"';
}

line_writer& line_writer::text(std::string_view name, std::string_view value) { return json(name, json_string(value)); }

line_writer& line_writer::number(std::string_view name, std::int64_t value) { return json(name, std::to_string(value)); }

line_writer& line_writer::json(std::string_view name, std::string_view value) {
    line_ += ",\"";
    line_ += name;
    line_ += "\":";
    line_ += value;
    return *this;
}

line_writer& line_writer::subject(const record_subject& about) {
    return text("port", about.port)
        .text("messageId", about.message_id)
        .text("uniqueId", about.unique_id)
        .number("delivery", about.delivery)
        .number("attempt", about.attempt);
}

void add_line(std::string& lines, chain_head& head, const std::string& line) {
    lines += line;
    lines += '\n';
    head.previous = sha256_hex(line);
    ++head.next;
}

std::optional<line_head> read_line_head(std::string_view line) {
    line_head head;
    if (line.empty() || line.back() != '}' || !take(line, "{\"record\":")) {
        return std::nullopt;
    }
    const auto [end, failure] = std::from_chars(line.data(), line.data() + line.size(), head.record);
    if (failure != std::errc{} || line.front() == '0') {
        return std::nullopt;
    }
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    for (const auto& [name, value] : {std::pair{",\"previous\":\"", &head.previous},
                                      std::pair{",\"time\":\"", &head.time}, std::pair{",\"kind\":\"", &head.kind}}) {
        if (!take(line, name)) {
            return std::nullopt;
        }
        const std::optional<std::string_view> text = take_quoted(line);
        if (!text) {
            return std::nullopt;
        }
        *value = *text;
    }
    return is_hash_text(head.previous) ? std::optional(head) : std::nullopt;
}

std::optional<line_signature> read_line_signature(std::string_view line) {
    const nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || !record.contains("signature") || !record["signature"].is_object()) {
        return std::nullopt;
    }
    const nlohmann::json& object = record["signature"];
    const auto text = [&object](const char* name) {
        const auto found = object.find(name);
        return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    std::optional<std::string> value = base64_decoded(text("value"));
    if (!value || value->empty()) {
        return std::nullopt;
    }
    return line_signature{text("algorithm"), text("key"), std::move(*value)};
}

}  // namespace hawser::engine::audit
