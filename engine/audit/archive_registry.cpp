#include "audit/archive_registry.hpp"

#include <system_error>
#include <utility>

namespace hawser::engine::audit {

std::shared_ptr<archive> archive_registry::open(const archive_settings& settings) {
    {
        const std::lock_guard lock(mutex_);
        if (std::shared_ptr<archive> found = open_[settings.folder].lock()) {
            return found;
        }
    }
    auto made = std::make_unique<archive>(settings, time_);
    std::shared_ptr<archive> opened(made.release(), [this](archive* one) { retire(one); });
    const std::lock_guard lock(mutex_);
    open_[settings.folder] = opened;
    return opened;
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
        for (const auto& [folder, one] : open_) {
            add(folder, one);
        }
    }
    return texts;
}

void archive_registry::retire(archive* one) {
    std::unique_ptr<archive> owned(one);
    std::unique_lock lock(mutex_);
    if (is_finishing_) {  // it was closed
        lock.unlock();
        return;
    }
    retired_.push_back(std::move(owned));
    try {
        if (!thread_.joinable()) {
            thread_ = std::thread([this] { run(); });
        }
    } catch (const std::system_error&) {  // the next one, or finish(), has it closed
    }
    changed_.notify_all();
}

void archive_registry::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return is_finishing_ || !retired_.empty(); });
        if (retired_.empty()) {
            return;
        }
        std::unique_ptr<archive> one = std::move(retired_.front());
        retired_.pop_front();
        lock.unlock();
        one.reset();
        lock.lock();
    }
}

void archive_registry::finish() {
    std::vector<std::shared_ptr<archive>> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [folder, one] : open_) {
            if (std::shared_ptr<archive> found = one.lock()) {
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
    } else {
        run();  // those for which no thread could be made
    }
}

}  // namespace hawser::engine::audit
