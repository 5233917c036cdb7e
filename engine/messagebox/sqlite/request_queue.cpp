#include "messagebox/sqlite/request_queue.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace hawser::engine::sqlite {
namespace {

constexpr std::size_t entry_size = 128;  // of a list or map, with its own bookkeeping

template <typename Operation>
constexpr bool is_result =
    std::is_same_v<Operation, complete_operation> || std::is_same_v<Operation, reschedule_operation> ||
    std::is_same_v<Operation, release_operation> || std::is_same_v<Operation, suspend_operation> ||
    std::is_same_v<Operation, checkpoint_operation> || std::is_same_v<Operation, renew_operation>;

std::size_t memory_of(const message_context& context) {
    std::size_t size = 0;
    context.for_each([&size](const message_context::map_type::value_type& entry) {
        size += entry_size + entry.first.size() + entry.second.value.size();
    });
    return size;
}

std::size_t memory_of(const publication& message) {
    std::size_t size = sizeof(request) + memory_of(message.context) + message.deliveries.size() * entry_size;
    for (const new_part& part : message.parts) {
        const auto* bytes = std::get_if<std::string>(&part.body);
        size += 2 * entry_size + memory_of(part.info.properties) + (bytes != nullptr ? bytes->size() : 0);
    }
    return size;
}

}  // namespace

bool is_publication(const std::vector<operation>& batch) {
    bool publishes = false;
    for (const operation& one : batch) {
        const bool has_result =
            std::visit([](const auto& which) { return is_result<std::decay_t<decltype(which)>>; }, one);
        if (has_result) {
            return false;
        }
        publishes = publishes || std::holds_alternative<publish_operation>(one);
    }
    return publishes;
}

bool sees_all_before(const std::vector<operation>& batch) {
    return batch.empty() || std::any_of(batch.begin(), batch.end(), [](const operation& one) {
               return std::holds_alternative<release_held_operation>(one) ||
                      std::holds_alternative<suspend_waiting_operation>(one);
           });
}

std::size_t memory_of_batch(const std::vector<operation>& batch) {
    std::size_t size = 0;
    for (const operation& one : batch) {
        if (const auto* published = std::get_if<publish_operation>(&one)) {
            size += memory_of(published->message);
        }
    }
    return size;
}

bool request_queue::has_room(std::size_t size) const noexcept {
    return publication_count_ == 0 ||
           (publication_count_ < publication_count_max && publication_bytes_ + size <= publication_bytes_max);
}

void request_queue::add(request one) {
    if (one.is_publication) {
        ++publication_count_;
        publication_bytes_ += one.size;
    }
    if (one.is_publication || one.sees_all_before) {
        one.first_count_before = first_pushed_count_;
        publications_.push_back(std::move(one));
    } else {
        ++first_pushed_count_;
        first_.push_back(std::move(one));
    }
}

void request_queue::wait_for_turn(std::unique_lock<std::mutex>& lock, std::size_t size) {
    const std::uint64_t turn = next_turn_++;
    room_.wait(lock, [&] { return (turn == turn_ && has_room(size)) || is_closed_; });
    turn_ = turn + 1;
    if (next_turn_ != turn_) {
        room_.notify_all();
    }
}

void request_queue::push(request one) {
    {
        std::unique_lock lock(mutex_);
        if (one.is_publication) {
            wait_for_turn(lock, one.size);
        }
        add(std::move(one));
    }
    changed_.notify_one();
}

bool request_queue::try_push(request& one, room_line line) {
    {
        const std::lock_guard lock(mutex_);
        const bool must_line_up = line == room_line::is_joined && next_turn_ != turn_;
        if (one.is_publication && (must_line_up || !has_room(one.size))) {
            return false;
        }
        add(std::move(one));
    }
    changed_.notify_one();
    return true;
}

void request_queue::wait_for_room(std::size_t size) {
    std::unique_lock lock(mutex_);
    wait_for_turn(lock, size);
}

void request_queue::push_at_once(request one) {
    {
        const std::lock_guard lock(mutex_);
        add(std::move(one));
    }
    changed_.notify_one();
}

bool request_queue::wait(std::int64_t wait_ms) {
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return !first_.empty() || !publications_.empty(); };
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                      [&] { return has_work() || std::exchange(is_woken_, false) || is_closed_; });
    return has_work() || !is_closed_;
}

std::vector<request> request_queue::take_group() {
    std::vector<request> group;
    const auto take = [&group](std::deque<request>& from, std::deque<request>::iterator end) {
        std::move(from.begin(), end, std::back_inserter(group));
        from.erase(from.begin(), end);
    };
    const auto first_of = [](std::deque<request>& from, std::size_t count) {
        return from.begin() + static_cast<std::ptrdiff_t>(std::min(from.size(), count));
    };
    const std::lock_guard lock(mutex_);
    const std::size_t kept = std::min(publications_.size(), publication_share);
    take(first_, first_of(first_, group_count_max - kept));
    first_taken_count_ += group.size();
    const auto has_to_wait = [this](const request& one) {
        return one.sees_all_before && one.first_count_before > first_taken_count_;
    };
    take(publications_,
         std::find_if(publications_.begin(), first_of(publications_, group_count_max - group.size()), has_to_wait));
    return group;
}

void request_queue::release(const std::vector<request>& group) {
    {
        const std::lock_guard lock(mutex_);
        for (const request& one : group) {
            if (one.is_publication) {
                --publication_count_;
                publication_bytes_ -= one.size;
            }
        }
        if (next_turn_ == turn_) {
            return;
        }
    }
    room_.notify_all();
}

bool request_queue::is_empty() const {
    const std::lock_guard lock(mutex_);
    return first_.empty() && publications_.empty();
}

void request_queue::wake() {
    {
        const std::lock_guard lock(mutex_);
        is_woken_ = true;
    }
    changed_.notify_one();
}

void request_queue::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
    }
    changed_.notify_all();
    room_.notify_all();
}

}  // namespace hawser::engine::sqlite
