#include "messagebox/sqlite/claim_table.hpp"

namespace hawser::engine::sqlite {

const held_claim* claim_table::find(const claim_token& token) const {
    const auto found = held_.find(token.delivery);
    return found == held_.end() || found->second.epoch != token.epoch ? nullptr : &found->second;
}

void claim_table::hold(delivery_id delivery, held_claim claim) {
    remember(delivery);
    held_[delivery] = claim;
}

void claim_table::end(delivery_id delivery) {
    remember(delivery);
    held_.erase(delivery);
}

void claim_table::remember(delivery_id delivery) {
    const auto found = held_.find(delivery);
    undo_.emplace_back(delivery, found == held_.end() ? std::nullopt : std::optional(found->second));
}

void claim_table::undo_to(std::size_t mark) {
    while (undo_.size() > mark) {
        auto& [delivery, before] = undo_.back();
        if (before) {
            held_[delivery] = *before;
        } else {
            held_.erase(delivery);
        }
        undo_.pop_back();
    }
}

}  // namespace hawser::engine::sqlite
