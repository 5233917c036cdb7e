#include "base/random_share.hpp"

#include <random>

namespace hawser::engine {

double random_share() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace hawser::engine
