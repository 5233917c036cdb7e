#include "host/stand_in_engine.hpp"

#include <unistd.h>

#include "hawser/log.hpp"

namespace hawser {
namespace {

using command::test::script;

class scripted_configuration final : public configuration {
public:
    std::string json_schema() const override { return "{\"$schema\":\"x\"}"; }
    std::vector<plugin_help> plugins() const override { return script.plugins; }
    std::string message_box_path() const override { return "box.db"; }
    configuration_summary summary() const override { return script.summary; }
};

class scripted_host final : public host {
public:
    submit_answer submit(const submission& message, const submit_options& options) override {
        note("submit " + message.port);
        script.submissions.push_back(message);
        script.options.push_back(options);
        script.has_running_host = script.has_running_host && !script.host_ends_at_submit;
        for (const submission_part& part : message.parts) {
            char buffer[100];
            const ssize_t size = ::read(part.descriptor, buffer, sizeof buffer);
            script.bodies.emplace_back(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
        }
        if (script.submit_answers.empty()) {
            return {};
        }
        submit_answer answer = script.submit_answers.front();
        if (script.submit_answers.size() > 1) {
            script.submit_answers.erase(script.submit_answers.begin());
        }
        return answer;
    }
    std::vector<message_summary> list(const message_filter& filter) override {
        note("list");
        script.filters.push_back(filter);
        std::vector<message_summary> page;
        for (const message_summary& one : script.summaries) {
            if (one.delivery > filter.after && page.size() < filter.count_max) {
                page.push_back(one);
            }
        }
        return page;
    }
    std::vector<message_detail> show(const std::string& id) override {
        note("show " + id);
        return script.details;
    }
    change_answer resume(const message_filter& which, const message_edits& edits) override {
        note("resume");
        script.filters.push_back(which);
        script.edits = edits;
        return script.on_change ? script.on_change(which) : script.change;
    }
    change_answer terminate(const message_filter& which) override {
        note("terminate");
        script.filters.push_back(which);
        return script.on_change ? script.on_change(which) : script.change;
    }
    change_answer save(std::int64_t delivery, const std::string& part, content_point point, int descriptor) override {
        note("save " + std::to_string(delivery) + " " + part +
             (point == content_point::after_pipeline ? " after" : ""));
        if (::write(descriptor, script.saved.data(), script.saved.size()) < 0) {
            return {.code = answer_code::not_accepted};
        }
        return script.change;
    }
    std::vector<port_summary> ports() override {
        note("ports");
        return script.ports;
    }
    change_answer set_port_state(const std::string& port, const std::string& action) override {
        note(action + " " + port);
        return script.change;
    }
    std::vector<group_summary> groups() override {
        note("groups");
        return script.groups;
    }
    std::vector<receive_port_summary> receive_ports() override {
        note("receive_ports");
        return script.receive_ports;
    }
    change_answer set_group_state(const std::string& group, const std::string& action) override {
        note(action + " group " + group);
        return script.change;
    }
    reload_answer reload(const reload_options& options) override {
        note(options.suspends_removed ? "reload suspending" : "reload");
        return script.on_reload ? script.on_reload(*this, options) : script.reload;
    }
    reload_answer reload(load_result, const reload_options&) override {
        note("put in place");
        return script.reload;
    }
    host_status status() override {
        note("status");
        return script.status;
    }
    void start() override { note("start"); }
    void stop(std::int64_t) override { note("stop"); }
    void submit_async(const submission&, std::function<void(const submit_answer&)>) override {}
    void drain() override {}

private:
    static void note(const std::string& call) { script.calls.push_back(call); }
};

}  // namespace

const char* version() noexcept { return "0.0.0"; }

std::string problem::line_text() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + (is_error ? "error" : "warning") +
           ": " + text;
}

load_result load(const std::string& path, const load_options& options) {
    load_result result{.value = nullptr, .problems = script.problems, .message_box_path = script.message_box_path};
    script.calls.push_back("load " + path + (options.overlays.empty() ? "" : " +" + options.overlays.front()));
    for (const problem& one : script.problems) {
        if (one.is_error) {
            return result;
        }
    }
    result.value = std::make_unique<scripted_configuration>();
    return result;
}

load_result load_plugins(const std::vector<std::string>& names, const load_options& options) {
    return load(names.front(), options);
}

opened<host> open_host(const configuration&, const host_options& options) {
    if (script.locked_times-- > 0) {
        return {.value = nullptr, .code = "box.locked", .text = "locked by another process"};
    }
    script.calls.push_back(std::string("open delivers=") + (options.delivers ? "1" : "0") +
                           " serves=" + (options.serves_clients ? "1" : "0") +
                           " ports=" + (options.only_ports.empty() ? "" : options.only_ports.front()));
    script.on_reload = options.on_reload;
    if (!script.open_code.empty()) {
        return {.value = nullptr, .code = script.open_code, .text = "why it did not open"};
    }
    return {.value = std::make_unique<scripted_host>(), .code = {}, .text = {}};
}

opened<bus> connect(const configuration& loaded) { return connect(loaded.message_box_path()); }

opened<bus> connect(const std::string&) {
    if (!script.has_running_host) {
        return {.value = nullptr, .code = "host.not-running", .text = "no host is running"};
    }
    return {.value = std::make_unique<scripted_host>(), .code = {}, .text = {}};
}

change_answer preview(const configuration&, const submission& message, int descriptor) {
    script.calls.push_back("preview " + message.port);
    if (::write(descriptor, "Subject: x\r\n\r\n", 14) != 14) {
        return {.code = answer_code::not_accepted};
    }
    return script.change;
}

certificate_report inspect_certificates(const configuration&, std::int64_t within_ms) {
    script.calls.push_back("certificates " + std::to_string(within_ms));
    return script.certificates;
}

probe_answer probe(const configuration&, const std::string& type, const submission& message) {
    script.calls.push_back("probe " + type + ' ' + message.port);
    return script.probe;
}

bool configure_log(const std::string&, const std::string&) { return true; }
void log_event(const std::string& event, const std::array<log_field, 3>&) { script.calls.push_back("log " + event); }

}  // namespace hawser
