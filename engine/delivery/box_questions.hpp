// What delivery asks of the message box, counted until it is answered: the answers reach into the engine and its
// adapters, so these stay until the last one has returned. Thread-safe.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/live_count.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

class box_questions {
public:
    explicit box_questions(message_box& box) : box_(box) {}

    // As message_box's; `answer` takes what it answers with.
    template <typename Answer>
    void commit(std::vector<operation> batch, Answer answer) {
        ask([&] { box_.commit(std::move(batch), counted(std::move(answer))); });
    }
    template <typename Answer>
    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms, Answer answer) {
        ask([&] { box_.claim(std::move(wanted), now_unix_ms, counted(std::move(answer))); });
    }

    // Not on the store's own threads. The store answers everything, even while it is closed.
    void wait_until_answered() { open_.wait_until_none(); }

private:
    template <typename Answer>
    auto counted(Answer answer) {
        return [this, answer = std::move(answer)](auto&& given) mutable {
            answer(std::forward<decltype(given)>(given));
            open_.remove();
        };
    }
    template <typename Question>
    void ask(const Question& question) {
        open_.add();
        try {
            question();
        } catch (...) {  // it was not asked
            open_.remove();
            throw;
        }
    }

    message_box& box_;
    live_count open_;
};

}  // namespace hawser::engine
