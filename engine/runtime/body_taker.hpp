// Takes the bytes of one part into the message box: small ones stay in memory, a larger one is staged as it comes.
// Made for each part of a submission; used on one thread. `digest`, if not nullptr, gets the bytes too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine {

class content_digest;

class body_taker {
public:
    // `on_progress` hears of the bytes so far of a part that is staged; may be empty.
    body_taker(message_box& box, const std::function<void(std::uint64_t)>& on_progress,
               content_digest* digest = nullptr)
        : box_(box), on_progress_(on_progress), digest_(digest) {}

    result<void> take(std::string_view bytes);  // code not_accepted: the store refused them
    result<new_part> finish(part_info info);    // `info` with the size that it has

private:
    result<void> append(std::string_view bytes);

    message_box& box_;
    const std::function<void(std::uint64_t)>& on_progress_;
    content_digest* digest_;
    std::string memory_;
    std::unique_ptr<body_stager> stager_;
    std::uint64_t size_ = 0;
};

// Of a publication that will not be committed: nothing of it stays in the box.
void discard_bodies(message_box& box, const std::vector<new_part>& parts) noexcept;

}  // namespace hawser::engine
