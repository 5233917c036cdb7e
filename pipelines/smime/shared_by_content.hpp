// Objects that are made once from the bytes they stand for, and shared for as long as somebody has them: by all
// components of a process, whatever their hosts. Any thread; whoever wants one that is being made waits for it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace hawser::smime {

template <typename Object>
class shared_by_content {
public:
    // `digest` is of all that the object is made from.
    std::shared_ptr<const Object> find_or_make(const std::string& digest,
                                               const std::function<std::shared_ptr<const Object>()>& make) {
        const std::lock_guard lock(mutex_);
        if (std::shared_ptr<const Object> known = made_[digest].lock()) {
            return known;
        }
        std::erase_if(made_, [](const auto& one) { return one.second.expired(); });
        std::shared_ptr<const Object> made = make();
        made_[digest] = made;
        return made;
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<const Object>> made_;
};

}  // namespace hawser::smime
