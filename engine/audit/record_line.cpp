#include "audit/record_line.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "audit/encoding.hpp"
#include "audit/facts.hpp"

namespace hawser::engine::audit {
namespace {

constexpr std::string_view value_begin = ",\"value\":\"";
constexpr std::string_view value_end = "\"}}";

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

line_writer& line_writer::number(std::string_view name, std::int64_t value) {
    return json(name, std::to_string(value));
}

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

std::string begin_signature_line(const chain_head& head, std::int64_t unix_ms, const std::string& algorithm,
                                 const std::string& key) {
    std::string line = line_writer(head, unix_ms, kind::signature)
                           .json("signature", "{\"algorithm\":\"" + algorithm + "\",\"key\":\"" + key + '"')
                           .finish();
    line.pop_back();
    return line;
}

std::string end_signature_line(std::string begun, std::string_view signature) {
    begun += value_begin;
    begun += base64(signature);
    begun += value_end;
    return begun;
}

bool is_shallow(std::string_view line) {
    constexpr std::size_t depth_max = facts_depth_max + 1;  // the record itself
    std::size_t depth = 0;
    bool is_in_string = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (is_in_string) {
            i += c == '\\' ? 1 : 0;
            is_in_string = c != '"';
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > depth_max) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth -= depth > 0 ? 1 : 0;
        }
    }
    return true;
}

std::optional<line_signature> read_line_signature(std::string_view line) {
    const std::size_t end = line.rfind(value_begin);
    if (end == std::string_view::npos || !line.ends_with(value_end) || !is_shallow(line)) {
        return std::nullopt;
    }
    const std::size_t value = end + value_begin.size();
    if (value + value_end.size() > line.size()) {
        return std::nullopt;
    }
    std::optional<std::string> bytes = base64_decoded(line.substr(value, line.size() - value - value_end.size()));
    const nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
    if (!bytes || bytes->empty() || !record.is_object() || !record.contains("signature") ||
        !record["signature"].is_object()) {
        return std::nullopt;
    }
    const auto key = record["signature"].find("key");
    if (key == record["signature"].end() || !key->is_string()) {
        return std::nullopt;
    }
    return line_signature{line.substr(0, end), key->get<std::string>(), std::move(*bytes)};
}

}  // namespace hawser::engine::audit
