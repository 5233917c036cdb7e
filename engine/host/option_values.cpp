#include "host/option_values.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace hawser::command {
namespace {

std::string empty_text(const std::string& name) {
    return name + ": its value is empty (a variable that is not set?): give one, or leave it out";
}

}  // namespace

CLI::Validator whole_number_from(std::int64_t minimum) {
    return {[minimum](const std::string& text) {
                std::int64_t value = 0;
                const char* const last = text.data() + text.size();
                const auto [end, failure] = std::from_chars(text.data(), last, value);
                return failure == std::errc{} && end == last && value >= minimum
                           ? std::string()
                           : "\"" + text + "\" is no whole number from " + std::to_string(minimum) + " on";
            },
            ""};
}

std::string empty_value_problem(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        const auto& given = option->results();
        if (option->get_items_expected_max() > 0 && std::find(given.begin(), given.end(), "") != given.end()) {
            return empty_text(option->get_name());
        }
    }
    const auto& below = app.get_subcommands();
    return below.empty() ? "" : empty_value_problem(*below.front());
}

std::string unfinished_option_problem(int count, const char* const* words) {
    for (int i = 1; i < count && std::string_view(words[i]) != "--"; ++i) {
        const std::string_view word = words[i];
        if (word.starts_with("--") && word.find('=') + 1 == word.size()) {
            return empty_text(std::string(word.substr(0, word.size() - 1)));
        }
    }
    return {};
}

}  // namespace hawser::command
