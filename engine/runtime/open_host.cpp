// The embedding API's entry points that need a message box.
#include "control/control_client.hpp"
#include "runtime/local_host.hpp"

namespace hawser {
opened<host> open_host(const configuration& loaded, const host_options& options) {
    using namespace engine;
    const loaded_configuration& own = loaded_configuration::from(loaded);
    result<std::unique_ptr<message_box>> box = open_sqlite_message_box(own.message_box_path(), options.lock_wait_ms);
    if (!box) {
        return {nullptr, box.error().code, box.error().text};
    }
    try {
        const std::shared_ptr<const loaded_configuration> borrowed(std::shared_ptr<void>(), &own);
        return {std::make_unique<local_host>(borrowed, options, std::move(*box)), "", ""};
    } catch (const std::exception& failure) {
        return {nullptr, "host.failed", failure.what()};
    }
}

opened<bus> connect(const std::string& message_box_path) { return engine::connect_control(message_box_path + ".sock"); }

opened<bus> connect(const configuration& loaded) { return connect(loaded.message_box_path()); }

}  // namespace hawser
