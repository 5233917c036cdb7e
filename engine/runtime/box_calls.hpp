// The message box's asynchronous calls as blocking ones. Not for the store's own thread, which answers them.
#pragma once

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine {

inline commit_answer commit_and_wait(message_box& box, std::vector<operation> batch) {
    // Shared: the store's thread may still be in set_value when the answer has been taken.
    const auto promise = std::make_shared<std::promise<commit_answer>>();
    std::future<commit_answer> future = promise->get_future();
    box.commit(std::move(batch), [promise](const commit_answer& answer) { promise->set_value(answer); });
    return future.get();
}

}  // namespace hawser::engine
