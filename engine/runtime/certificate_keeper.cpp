#include "runtime/certificate_keeper.hpp"

#include "base/log.hpp"
#include "runtime/certificate_use.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t hour_ms = std::int64_t{3600} * 1000;
constexpr std::int64_t day_seconds = std::int64_t{24} * 3600;

}  // namespace

void certificate_keeper::start() {
    thread_ = std::thread([this] { run(); });
}

void certificate_keeper::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void certificate_keeper::run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        lock.unlock();
        look();
        lock.lock();
        changed_.wait_for(lock, interval, [this] { return is_stopping_; });
    }
}

void certificate_keeper::look() {
    const std::shared_ptr<const host_generation> current = generation_();
    const bool has_changed = current->services->certificates.refresh(folder_look::settled);
    log_changes(*current, has_changed);
    // The ends are looked at where something may be another now, and now and then.
    const std::uint64_t revision = current->services->certificates.current()->revision;
    if (revision != revision_ || former_.lock() != current || looked_at_ends_ms_ == 0 ||
        time_.monotonic_ms() - looked_at_ends_ms_ >= hour_ms) {
        warn_of_ends(*current);
        revision_ = revision;
        former_ = current;
        looked_at_ends_ms_ = time_.monotonic_ms();
    }
}

void certificate_keeper::log_changes(const host_generation& current, bool has_changed) {
    const std::shared_ptr<const certificate_snapshot> all = current.services->certificates.current();
    if (all->revision == revision_ && former_.lock().get() == &current) {
        return;
    }
    std::set<std::string> found;
    for (const std::string& problem : all->problems()) {
        if (found.insert(problem).second && problems_.count(problem) == 0) {
            log::warning("a certificate file or token has a problem", {{"problem", problem}});
        }
    }
    problems_ = std::move(found);
    if (has_changed) {
        log::info("changed certificate files or tokens were read",
                  {{"revision", std::to_string(all->revision)}, {"problems", std::to_string(problems_.size())}});
    }
}

void certificate_keeper::warn_of_ends(const host_generation& current) {
    const std::int64_t now_unix = time_.unix_ms() / 1000;
    const std::shared_ptr<const certificate_snapshot> all = current.services->certificates.current();
    std::map<std::string, std::int64_t> warned;
    for (const expiry_warning& one : expiry_warnings(current.bindings(), seals_of(current), *all, now_unix)) {
        const auto last = warned_.find(one.sha256);
        const bool is_due = last == warned_.end() || now_unix - last->second >= day_seconds;
        if (is_due) {
            log::warning("a certificate ends soon", {{"warning", one.text}});
        }
        warned[one.sha256] = is_due ? now_unix : last->second;
    }
    warned_ = std::move(warned);
}

}  // namespace hawser::engine
