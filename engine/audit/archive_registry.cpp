#include "audit/archive_registry.hpp"

#include <algorithm>
#include <utility>

namespace hawser::engine::audit {

std::shared_ptr<archive> archive_registry::open(const archive_settings& settings) {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) {
        thread_ = std::thread([this] { run(); });
    }
    place& in = places_[settings.folder];
    std::shared_ptr<archive> found;
    changed_.wait(lock, [&] {
        found = in.open.lock();
        return found || !in.is_taken || is_finishing_;
    });
    if (found) {
        return found;
    }
    in.is_taken = true;
    lock.unlock();
    return make(in, settings);
}

std::shared_ptr<archive> archive_registry::make(place& in, const archive_settings& settings) {
    std::unique_ptr<archive> made;
    try {
        made = std::make_unique<archive>(settings, time_);
    } catch (...) {
        vacate(in);
        throw;
    }
    std::shared_ptr<archive> opened(made.release(), [this, &in](archive* one) { retire(in, one); });
    const std::lock_guard lock(mutex_);
    in.open = opened;
    changed_.notify_all();
    return opened;
}

void archive_registry::vacate(place& one) {
    const std::lock_guard lock(mutex_);
    one.is_taken = false;
    changed_.notify_all();
}

std::vector<std::string> archive_registry::troubles() const {
    std::vector<std::shared_ptr<archive>> all;  // outlives the lock: letting go of one takes it
    std::vector<std::string> texts;
    const auto add = [&](const std::string& folder, const std::weak_ptr<archive>& one) {
        if (std::shared_ptr<archive> found = one.lock()) {
            const std::string trouble = found->trouble();
            if (!trouble.empty()) {
                texts.push_back("the audit archive " + folder +
                                " cannot be written, and its ports send nothing: " + trouble);
            }
            all.push_back(std::move(found));
        }
    };
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [folder, one] : places_) {
            add(folder, one.open);
        }
    }
    return texts;
}

void archive_registry::retire(place& from, archive* one) noexcept {
    std::unique_ptr<archive> owned(one);
    const std::lock_guard lock(mutex_);
    if (!is_finishing_) {  // else it was closed
        from.left = std::move(owned);
        changed_.notify_all();
    }
}

archive_registry::place* archive_registry::find_left() {
    const auto found =
        std::find_if(places_.begin(), places_.end(), [](const auto& one) { return one.second.left != nullptr; });
    return found == places_.end() ? nullptr : &found->second;
}

void archive_registry::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        place* found = nullptr;
        changed_.wait(lock, [&] { return (found = find_left()) != nullptr || is_finishing_; });
        if (found == nullptr) {
            return;
        }
        std::unique_ptr<archive> one = std::move(found->left);
        lock.unlock();
        one.reset();
        vacate(*found);
        lock.lock();
    }
}

void archive_registry::finish() {
    std::vector<std::shared_ptr<archive>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [folder, one] : places_) {
            if (std::shared_ptr<archive> found = one.open.lock()) {
                all.push_back(std::move(found));
            }
        }
    }
    for (const std::shared_ptr<archive>& one : all) {
        one->close();
    }
    {
        const std::lock_guard lock(mutex_);
        is_finishing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace hawser::engine::audit
