// How much of a content the decoder's layers take at once.
#pragma once

#include <cstddef>

namespace hawser::smime {

inline constexpr std::size_t content_block_size = 32 * 1024;

}  // namespace hawser::smime
