// A file descriptor with an owner: closed when it goes. Moves, does not copy; not thread-safe, like any value.
#pragma once

#include <unistd.h>

#include <utility>

namespace hawser::engine {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            number_ = std::exchange(other.number_, -1);
        }
        return *this;
    }
    ~descriptor() { reset(); }

    int get() const noexcept { return number_; }
    bool is_open() const noexcept { return number_ >= 0; }
    void reset() noexcept {
        if (number_ >= 0) {
            ::close(number_);
        }
        number_ = -1;
    }

private:
    int number_ = -1;
};

}  // namespace hawser::engine
