#include "host/output.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"

namespace hawser::command {
namespace {

// Quoted for a shell where that is needed.
std::string shell_word(const std::string& text) {
    const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("_-./=+:,@%").find(c) != std::string_view::npos;
    });
    if (is_plain) {
        return text;
    }
    std::string quoted = "'";
    for (const char c : text) {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return quoted + "'";
}

}  // namespace

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void complain(std::string_view text) {
    std::fprintf(stderr, "hawser: %.*s\n", static_cast<int>(text.size()), text.data());
}

bool flush_output() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

int report_failure(const arguments& given, const std::string& code, const std::string& text, int exit_code) {
    if (given.is_json) {
        print(json_of_failure(code, text, exit_code));
    } else {
        complain(plain(text));
    }
    return exit_code;
}

load_options load_options_of(const arguments& given) {
    return {.overlays = given.overlays, .plugin_folders = given.plugin_folders};
}

std::unique_ptr<configuration> load_or_complain(const arguments& given) {
    load_result loaded = load(given.bindings, load_options_of(given));
    if (loaded.value) {
        return std::move(loaded.value);
    }
    std::size_t errors = 0;
    for (const problem& one : loaded.problems) {
        if (one.is_error) {
            std::fprintf(stderr, "%s\n", plain(one.line_text()).c_str());
            ++errors;
        }
    }
    report_failure(given, "bindings.bad",
                   given.bindings + ": " + counted(errors, "error") +
                       (given.verb == "run" ? "; nothing was started" : "; nothing was done"),
                   exit_code::bad_bindings);
    return nullptr;
}

std::string retyped(const arguments& given) {
    std::string text = shell_word(given.bindings);
    for (const std::string& overlay : given.overlays) {
        text += " --overlay " + shell_word(overlay);
    }
    return text;
}

}  // namespace hawser::command
