#include "audit/facts.hpp"

#include <nlohmann/json.hpp>

namespace hawser::engine::audit {
namespace {

using json = nlohmann::json;

// Text that is UTF-8 already.
void append_string(std::string& out, std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            if (static_cast<unsigned char>(c) < 0x20) {
                out += "\\u00";
                out += digits[static_cast<unsigned char>(c) >> 4U];
                out += digits[static_cast<unsigned char>(c) & 15U];
            } else {
                out += c;
            }
        }
    }
    out += '"';
}

// Writes what the parser finds; never deeper than facts_depth_max.
class compact_writer final : public nlohmann::json_sax<json> {
public:
    bool null() override { return value("null"); }
    bool boolean(bool is_true) override { return value(is_true ? "true" : "false"); }
    bool number_integer(number_integer_t number) override { return value(std::to_string(number)); }
    bool number_unsigned(number_unsigned_t number) override { return value(std::to_string(number)); }
    bool number_float(number_float_t, const string_t& text) override { return value(text); }
    bool string(string_t& text) override {
        if (!begin_value()) {
            return false;
        }
        append_string(text_, text);
        return true;
    }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open('{'); }
    bool end_object() override { return close('}'); }
    bool start_array(std::size_t) override { return depth_ > 0 && open('['); }  // the whole is an object
    bool end_array() override { return close(']'); }
    bool key(string_t& name) override {
        separate();
        append_string(text_, name);
        text_ += ':';
        needs_comma_ = false;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& failure) override {
        problem_ = failure.what();
        return false;
    }
    std::string take_text() { return std::move(text_); }
    const std::string& problem() const noexcept { return problem_; }

private:
    void separate() {
        if (needs_comma_) {
            text_ += ',';
        }
        needs_comma_ = true;
    }
    bool begin_value() {
        if (depth_ == 0) {
            return false;
        }
        separate();
        return true;
    }
    bool value(std::string_view text) {
        if (!begin_value()) {
            return false;
        }
        text_ += text;
        return true;
    }
    bool open(char bracket) {
        if (depth_ == facts_depth_max) {
            problem_ = "they are nested too deeply";
            return false;
        }
        separate();
        text_ += bracket;
        needs_comma_ = false;
        ++depth_;
        return true;
    }
    bool close(char bracket) {
        text_ += bracket;
        needs_comma_ = true;
        --depth_;
        return true;
    }

    std::string text_;
    std::string problem_ = "they are no object";
    unsigned depth_ = 0;
    bool needs_comma_ = false;
};

}  // namespace

result<std::string> compact_facts(std::string_view text) {
    if (text.size() > facts_size_max) {
        return fail("audit.misuse",
                    "the facts of an audit record have " + std::to_string(text.size()) + " bytes, and may have 16 MiB");
    }
    compact_writer writer;
    if (!json::sax_parse(text.begin(), text.end(), &writer)) {
        return fail("audit.misuse", "the facts of an audit record are one JSON object: " + writer.problem());
    }
    return writer.take_text();
}

std::string json_string(std::string_view text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace hawser::engine::audit
