// A few threads that run jobs in the order in which they are given. Where the system gives fewer threads than were
// asked for, those do the work. A job that throws is over, and nothing else. give() is thread-safe; the rest is its
// owner's.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace hawser::smtp {

class worker_threads {
public:
    explicit worker_threads(unsigned count);  // throws std::system_error where not even one can be made
    ~worker_threads() { stop(); }
    worker_threads(const worker_threads&) = delete;
    worker_threads& operator=(const worker_threads&) = delete;

    template <typename Job>
    void give(Job job) {
        boost::asio::post(io_, std::move(job));
    }
    void stop();  // what runs is waited for, what waits is dropped

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::vector<std::thread> threads_;
};

}  // namespace hawser::smtp
