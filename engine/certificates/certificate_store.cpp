#include "certificates/certificate_store.hpp"

namespace hawser::engine {

std::vector<std::string> certificate_snapshot::problems() const {
    std::vector<std::string> all;
    for (const certificate_folder* folder : {&personal, &other_people, &trusted}) {
        all.insert(all.end(), folder->problems.begin(), folder->problems.end());
    }
    return all;
}

certificate_store::certificate_store(sources from)
    : from_(std::move(from)),
      personal_(from_.personal, from_.passwords),
      other_people_(from_.other_people, from_.passwords),
      trusted_(from_.trusted, from_.passwords) {
    reload();
}

std::shared_ptr<const certificate_snapshot> certificate_store::current() const {
    const std::shared_lock lock(mutex_);
    return current_;
}

bool certificate_store::refresh(folder_look look) {
    const std::lock_guard one_at_a_time(refresh_mutex_);
    bool has_changed = look == folder_look::at_once;
    for (folder_reader* folder : {&personal_, &other_people_, &trusted_}) {
        has_changed = (!folder->name().empty() && folder->refresh(look)) || has_changed;
    }
    if (!has_changed) {
        return false;
    }
    auto fresh = std::make_shared<certificate_snapshot>();
    fresh->personal = personal_.content();
    fresh->other_people = other_people_.content();
    fresh->trusted = trusted_.content();
    fresh->has_trusted = !from_.trusted.empty();
    const std::unique_lock lock(mutex_);
    fresh->revision = current_ ? current_->revision + 1 : 1;
    current_ = std::move(fresh);
    return true;
}

}  // namespace hawser::engine
