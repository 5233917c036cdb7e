#include "host/exit_code.hpp"
#include "host/output.hpp"
#include "host/plugin_source.hpp"
#include "host/verbs.hpp"

namespace hawser::command {

int schema(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_plugins_or_complain(given, given.bindings);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    std::string text = loaded->json_schema();
    if (!text.ends_with('\n')) {
        text += '\n';
    }
    print(text);
    return exit_code::done;
}

}  // namespace hawser::command
