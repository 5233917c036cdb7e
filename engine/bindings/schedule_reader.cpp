#include "bindings/schedule_reader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/time_zone.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t retry_interval_max_ms = std::int64_t{525600} * 60 * 1000;  // spec section 4
constexpr std::uint16_t minutes_of_day = 24 * 60;

void read_backoff(field_reader& transport, transport_binding& out, diagnostics& problems) {
    const json_value* object = transport.of("backoff", json_value::kind::object);
    if (object == nullptr) {
        return;
    }
    field_reader fields(*object, transport.at("backoff"), problems);
    out.backoff.factor = fields.number("factor", 1, 1, 100);
    out.backoff.jitter = fields.number("jitter", 0, 0, 1);
    out.backoff.interval_max_ms = fields.duration_ms("maxInterval", 0, retry_interval_max_ms, 1000);
    fields.finish();
    if (object->find("factor") == nullptr && object->find("jitter") == nullptr) {
        problems.error(object->position, fields.pointer(),
                       "a back-off needs a \"factor\" by which each wait is longer than the one before, or a "
                       "\"jitter\": {\"factor\": 2, \"maxInterval\": \"6h\", \"jitter\": 0.2}");
    }
    if (out.backoff.interval_max_ms != 0 && out.backoff.interval_max_ms < out.retry_interval_ms) {
        problems.error(object->find("maxInterval")->position, fields.at("maxInterval"),
                       "this is shorter than the retryInterval, which is the first wait");
    }
}

// "HH:MM"; -1 = it is none.
int minute_of_time(const std::string& text) {
    const auto is_digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    if (text.size() != 5 || text[2] != ':' || !is_digit(0) || !is_digit(1) || !is_digit(3) || !is_digit(4)) {
        return -1;
    }
    const int hour = (text[0] - '0') * 10 + (text[1] - '0');
    const int minute = (text[3] - '0') * 10 + (text[4] - '0');
    return minute < 60 && hour * 60 + minute <= minutes_of_day ? hour * 60 + minute : -1;
}

std::uint16_t read_time(field_reader& fields, const std::string& key, std::uint16_t last, diagnostics& problems) {
    const json_value* value = fields.any(key);
    const int minute = value != nullptr && value->is(json_value::kind::string) ? minute_of_time(value->text) : -1;
    if (minute >= 0 && minute <= last) {
        return static_cast<std::uint16_t>(minute);
    }
    problems.error(value == nullptr ? fields.position() : value->position, fields.at(key),
                   last == minutes_of_day ? "a service window ends at a time like \"06:00\", at most \"24:00\""
                                          : "a service window begins at a time like \"22:00\", at most \"23:59\"");
    return last;
}

std::uint8_t read_weekdays(field_reader& fields, diagnostics& problems) {
    static const std::vector<std::string> names{"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};
    const std::vector<std::string> written = fields.words("days", names);
    const json_value* list = fields.any("days");
    if (list == nullptr) {
        return 0x7f;
    }
    if (list->is(json_value::kind::array) && list->elements.empty()) {
        problems.error(list->position, fields.at("days"), "without a day the window never opens: name one, or no days");
    }
    std::uint8_t days = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (std::find(written.begin(), written.end(), names[i]) != written.end()) {
            days = static_cast<std::uint8_t>(days | (1U << i));
        }
    }
    return days;
}

std::string read_time_zone(field_reader& fields, diagnostics& problems) {
    const std::string zone = fields.string("timeZone");
    const json_value* value = fields.any("timeZone");
    if (value == nullptr || !value->is(json_value::kind::string) || is_time_zone(zone)) {
        return zone;
    }
    if (time_zone_names().empty()) {
        problems.error(value->position, fields.at("timeZone"),
                       "this system knows no time zones: install the package tzdata");
        return "";
    }
    const std::string near = nearest_time_zone(zone);
    problems.error(
        value->position, fields.at("timeZone"),
        "there is no time zone \"" + printable(zone, 60) + "\": it is a name like \"Europe/Berlin\" or \"UTC\"",
        near.empty() ? "" : "did you mean \"" + near + "\"?");
    return "";
}

void read_service_window(field_reader& transport, transport_binding& out, diagnostics& problems) {
    const json_value* object = transport.of("serviceWindow", json_value::kind::object);
    if (object == nullptr) {
        return;
    }
    field_reader fields(*object, transport.at("serviceWindow"), problems);
    service_window_binding window;
    window.from_minute = read_time(fields, "from", minutes_of_day - 1, problems);
    window.to_minute = read_time(fields, "to", minutes_of_day, problems);
    window.weekdays = read_weekdays(fields, problems);
    window.time_zone = read_time_zone(fields, problems);
    fields.finish();
    if (window.from_minute == window.to_minute) {
        problems.error(object->position, fields.pointer(),
                       "a service window has a length: \"from\" and \"to\" are the same time (all day long is "
                       "\"00:00\" to \"24:00\")");
    }
    out.window = std::move(window);
}

}  // namespace

void read_schedule(field_reader& fields, transport_binding& transport, diagnostics& problems) {
    transport.retry_count = static_cast<std::uint32_t>(fields.integer("retryCount", 3, 0, 1000));
    transport.retry_interval_ms =
        fields.duration_ms("retryInterval", transport.retry_interval_ms, retry_interval_max_ms);
    read_backoff(fields, transport, problems);
    read_service_window(fields, transport, problems);
}

}  // namespace hawser::engine
