// A password, or another secret, in memory: wiped when it goes. A value; each copy is wiped by itself.
#pragma once

#include <string.h>  // explicit_bzero

#include <string>

namespace hawser::engine {

class secret_text {
public:
    secret_text() = default;
    explicit secret_text(std::string text) noexcept : text_(std::move(text)) { wipe(text); }
    secret_text(const secret_text&) = default;
    secret_text(secret_text&& other) noexcept : text_(std::move(other.text_)) { wipe(other.text_); }
    secret_text& operator=(secret_text other) noexcept {
        text_.swap(other.text_);
        return *this;
    }
    ~secret_text() { wipe(text_); }

    const std::string& text() const noexcept { return text_; }
    bool operator==(const secret_text&) const = default;

private:
    // All of its memory: a text moved out of a short string is still there.
    static void wipe(std::string& text) noexcept {
        text.resize(text.capacity());
        ::explicit_bzero(text.data(), text.size());
        text.clear();
    }

    std::string text_;
};

}  // namespace hawser::engine
