#include "messagebox/reference_box.hpp"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <utility>

#include "base/clock.hpp"
#include "messagebox/reference_listing.hpp"
#include "messagebox/reference_transaction.hpp"

namespace hawser::engine::test {
namespace {

class memory_reader final : public body_reader {
public:
    explicit memory_reader(shared_bytes bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = bytes_->copy(static_cast<char*>(buffer), capacity, offset_);
        offset_ += size;
        return size;
    }

private:
    shared_bytes bytes_;
    std::size_t offset_ = 0;
};

class memory_stager final : public body_stager {
public:
    explicit memory_stager(std::function<staged_body(std::string)> keep) : keep_(std::move(keep)) {}
    result<void> append(const void* bytes, std::size_t size) override {
        bytes_.append(static_cast<const char*>(bytes), size);
        return {};
    }
    result<void> flush() override { return {}; }
    result<staged_body> finish() override { return keep_(std::move(bytes_)); }

private:
    std::function<staged_body(std::string)> keep_;
    std::string bytes_;
};

}  // namespace

// ---- One host's view ----

class reference_box final : public message_box {
public:
    reference_box(reference_store& store, int host) : store_(store), host_(host) {}
    ~reference_box() override { on_due({}); }

    void commit(std::vector<operation> batch, std::function<void(const commit_answer&)> answer) override {
        store_.post([this, batch = std::move(batch), answer = std::move(answer)] {
            const commit_answer done = carry_out(batch);
            if (answer) {
                answer(done);
            }
        });
    }
    bool try_commit(std::vector<operation>& batch, std::function<void(const commit_answer&)>& answer,
                    room_line) override {
        commit(std::move(batch), std::move(answer));
        return true;
    }
    void wait_for_room(const std::vector<operation>&) override {}
    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms,
               std::function<void(result<std::vector<claimed_delivery>>)> answer) override {
        store_.post([this, wanted = std::move(wanted), now_unix_ms, answer = std::move(answer)] {
            answer(take(wanted, now_unix_ms));
        });
    }
    std::int64_t lease_ms() const noexcept override { return reference_store::lease_ms; }
    void on_due(std::function<void(const std::string&)> tell) override {
        std::promise<void> is_set;
        store_.post([&] {  // after whatever is told just now
            store_.listeners_[host_] = std::move(tell);
            is_set.set_value();
        });
        is_set.get_future().wait();
    }
    std::optional<std::int64_t> next_due(const std::vector<std::string>& ports) override {
        const std::lock_guard lock(store_.mutex_);
        std::optional<std::int64_t> earliest;
        for (const auto& [id, one] : store_.data_.deliveries) {
            if (std::find(ports.begin(), ports.end(), one.port) == ports.end()) {
                continue;
            }
            std::optional<std::int64_t> due;
            if (one.state == reference_state::later) {
                due = one.due_unix_ms;
            } else if (one.state == reference_state::active && one.host != host_) {
                due = system_clock().unix_ms() + std::max<std::int64_t>(one.lease_end_ms - store_.now_ms(), 0);
            }
            earliest = due && earliest ? std::min(*due, *earliest) : due ? due : earliest;
        }
        return earliest;
    }
    std::unique_ptr<body_stager> stage_body() override {
        return std::make_unique<memory_stager>([this](std::string bytes) {
            const std::lock_guard lock(store_.mutex_);
            const staged_body staged{++store_.last_staged_, bytes.size()};
            store_.data_.staged[staged.id] = std::make_shared<const std::string>(std::move(bytes));
            return staged;
        });
    }
    void discard_body(const staged_body& body) noexcept override {
        const std::lock_guard lock(store_.mutex_);
        store_.data_.staged.erase(body.id);
    }
    std::unique_ptr<body_reader> open_body(std::int64_t sequence, std::size_t part_index) override {
        const std::lock_guard lock(store_.mutex_);
        const auto found = store_.data_.messages.find(sequence);
        if (found == store_.data_.messages.end()) {
            throw std::runtime_error("the message is gone from the message box");
        }
        return std::make_unique<memory_reader>(found->second.bodies.at(part_index));
    }
    std::unique_ptr<body_reader> open_tracked_body(delivery_id id) override {
        const std::lock_guard lock(store_.mutex_);
        const auto found = store_.data_.ended.find(id);
        if (found == store_.data_.ended.end() || !found->second.body_after) {
            throw std::runtime_error("the body after the pipeline is not kept");
        }
        return std::make_unique<memory_reader>(found->second.body_after);
    }
    void set_retention(const tracking_retention& limits) override {
        const std::lock_guard lock(store_.mutex_);
        store_.retention_ = limits;
        prune();
    }
    void set_limits(const box_limits& limits) override {
        const std::lock_guard lock(store_.mutex_);
        store_.limits_ = limits;
    }
    std::vector<std::string> warnings() override {
        const std::lock_guard lock(store_.mutex_);
        std::uint64_t depth = 0;
        for (const auto& [id, one] : store_.data_.deliveries) {
            depth += one.state <= reference_state::active ? 1 : 0;
        }
        const bool is_full = store_.limits_.queue_depth_max > 0 && depth >= store_.limits_.queue_depth_max;
        return is_full ? std::vector<std::string>{"no messages are taken: the queue is full"}
                       : std::vector<std::string>{};
    }
    std::vector<delivery_summary> list(const delivery_filter& filter) override {
        const std::lock_guard lock(store_.mutex_);
        return list_reference(store_.data_, filter);
    }
    std::optional<delivery_detail> show(delivery_id id) override {
        const std::lock_guard lock(store_.mutex_);
        return show_reference(store_.data_, id);
    }
    std::vector<port_counts> counts() override {
        const std::lock_guard lock(store_.mutex_);
        return count_reference(store_.data_);
    }
    std::vector<held_count> held_counts() override {
        const std::lock_guard lock(store_.mutex_);
        return count_held_reference(store_.data_);
    }
    std::vector<port_state_record> port_states() override {
        const std::lock_guard lock(store_.mutex_);
        std::vector<port_state_record> all;
        for (const auto& [name, one] : store_.data_.ports) {
            all.push_back(one);
        }
        return all;
    }

private:
    commit_answer carry_out(const std::vector<operation>& batch) {
        std::set<std::string> woken;
        commit_answer answer;
        {
            const std::lock_guard lock(store_.mutex_);
            const reference_data before = store_.data_;
            reference_transaction one(store_.data_, store_.limits_, host_, store_.now_ms());
            answer = one.apply(batch);
            if (answer.status == commit_status::done) {
                woken = one.woken();
                prune();
            } else {
                store_.data_ = before;
                forget_staged(batch, answer.status);
            }
        }
        store_.tell_others(host_, woken);
        return answer;
    }

    void forget_staged(const std::vector<operation>& batch, commit_status status) {
        for (const operation& one : batch) {
            if (const auto* published = std::get_if<publish_operation>(&one); published && batch.size() == 1) {
                for (const new_part& part : published->message.parts) {
                    const auto* staged = std::get_if<staged_body>(&part.body);
                    store_.data_.staged.erase(staged != nullptr ? staged->id : 0);
                }
            }
            const auto* completed = std::get_if<complete_operation>(&one);
            const bool is_kept = completed && completed->tracked && completed->tracked->body_after;
            if (is_kept && status != commit_status::refused) {
                const auto* staged = std::get_if<staged_body>(&*completed->tracked->body_after);
                store_.data_.staged.erase(staged != nullptr ? staged->id : 0);
            }
        }
    }

    std::vector<claimed_delivery> take(const std::vector<port_claim>& wanted, std::int64_t now_unix_ms) {
        const std::lock_guard lock(store_.mutex_);
        return take_reference(store_.data_, wanted, host_, store_.now_ms(), now_unix_ms);
    }

    void prune() {
        prune_reference(store_.data_, store_.retention_, system_clock().unix_ms());
        std::erase_if(store_.data_.keys, [this](const auto& one) {
            return one.second.expires_ms != 0 && one.second.expires_ms <= store_.now_ms();
        });
    }

    reference_store& store_;
    const int host_;
};

reference_store::reference_store() : thread_([this] { run(); }) {}

reference_store::~reference_store() {
    {
        const std::lock_guard lock(task_mutex_);
        is_stopping_ = true;
    }
    task_changed_.notify_all();
    thread_.join();
}

std::unique_ptr<message_box> reference_store::open_host() {
    const std::lock_guard lock(mutex_);
    return std::make_unique<reference_box>(*this, ++last_host_);
}

void reference_store::pass(std::int64_t ms) {
    const std::lock_guard lock(mutex_);
    passed_ms_ += ms;
}

std::size_t reference_store::large_body_count() {
    const std::lock_guard lock(mutex_);
    std::set<shared_bytes> bodies;
    for (const auto& [id, bytes] : data_.staged) {
        bodies.insert(bytes);
    }
    for (const auto& [sequence, message] : data_.messages) {
        bodies.insert(message.bodies.begin(), message.bodies.end());
    }
    for (const auto& [id, one] : data_.ended) {
        bodies.insert(one.body_after ? one.body_after : std::make_shared<const std::string>());
    }
    return static_cast<std::size_t>(std::count_if(
        bodies.begin(), bodies.end(), [](const shared_bytes& bytes) { return bytes->size() > inline_body_size_max; }));
}

std::int64_t reference_store::now_ms() const { return system_clock().monotonic_ms() + passed_ms_; }

void reference_store::tell_others(int host, const std::set<std::string>& ports) {
    for (const auto& [listener, tell] : listeners_) {
        for (const std::string& port : ports) {
            if (listener != host && tell) {
                tell(port);
            }
        }
    }
}

void reference_store::post(std::function<void()> task) {
    {
        const std::lock_guard lock(task_mutex_);
        tasks_.push_back(std::move(task));
    }
    task_changed_.notify_one();
}

void reference_store::run() {
    std::unique_lock lock(task_mutex_);
    while (true) {
        task_changed_.wait(lock, [this] { return !tasks_.empty() || is_stopping_; });
        if (tasks_.empty()) {
            return;
        }
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        lock.lock();
    }
}

}  // namespace hawser::engine::test
