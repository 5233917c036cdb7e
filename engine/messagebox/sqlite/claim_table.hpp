// The claims that this process holds, kept in step with the writer's transaction: what a transaction changed is undone
// with it. Used by the writer thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine::sqlite {

struct held_claim {  // what a completion would otherwise have to look up
    std::uint64_t epoch = 0;
    std::int64_t sequence = 0;
    std::int64_t delivery_count = 1;
    bool has_history = false;
    bool has_files = false;
    bool has_key = false;
};

class claim_table {
public:
    // nullptr: the token is stale, or its delivery has ended or was given back.
    const held_claim* find(const claim_token& token) const;
    void hold(delivery_id delivery, held_claim claim);
    void end(delivery_id delivery);

    std::size_t mark() const noexcept { return undo_.size(); }
    void undo_to(std::size_t mark);  // everything since that mark
    void keep() { undo_.clear(); }   // the transaction is durable

private:
    void remember(delivery_id delivery);

    std::unordered_map<delivery_id, held_claim> held_;
    std::vector<std::pair<delivery_id, std::optional<held_claim>>> undo_;  // what was there before, in order
};

}  // namespace hawser::engine::sqlite
