// A random number for jitter, so that what failed together is not tried again together. Not for secrets. Any thread.
#pragma once

namespace hawser::engine {

double random_share();  // from 0 up to, not including, 1

}  // namespace hawser::engine
