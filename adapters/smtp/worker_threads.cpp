#include "worker_threads.hpp"

#include "run_handlers.hpp"

namespace hawser::smtp {

worker_threads::worker_threads(unsigned count) : work_(boost::asio::make_work_guard(io_)) {
    threads_.reserve(count);
    while (threads_.size() < count) {
        try {
            threads_.emplace_back([this] { run_handlers(io_, [](const char*) {}); });
        } catch (const std::exception&) {
            if (threads_.empty()) {
                throw;
            }
            return;
        }
    }
}

void worker_threads::stop() {
    io_.stop();
    for (std::thread& one : threads_) {
        one.join();
    }
    threads_.clear();
}

}  // namespace hawser::smtp
