// The loop of a thread that runs an io_context: an exception that leaves a handler ends neither the thread nor the
// process. It is told to `report` as a const char*, and the next handler runs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <exception>

namespace hawser::smtp {

// Returns when the context is stopped, or has nothing more to do.
template <typename Report>
void run_handlers(boost::asio::io_context& io, const Report& report) noexcept {
    const auto tell = [&report](const char* what) noexcept {
        try {
            report(what);
        } catch (...) {
            // There is no memory even for that.
        }
    };
    while (true) {
        try {
            io.run();
            return;
        } catch (const std::exception& failed) {
            tell(failed.what());
        } catch (...) {
            tell("an exception of an unknown type");
        }
    }
}

}  // namespace hawser::smtp
