// Keeps a body that has to be sent more than once (to more recipients than one transaction takes), because a delivery's
// stream can be read only once: in memory while it is small, else in a file without a name. Used by one coroutine.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace hawser::smtp {

class body_keeper {
public:
    void add(std::string_view bytes);                      // throws hawser::failure where there is no room
    void rewind();                                         // reading begins (anew); nothing is added any more
    std::size_t read(char* buffer, std::size_t capacity);  // 0 = end

private:
    static constexpr std::size_t memory_size_max = 256 * 1024;
    struct closer {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };
    std::string memory_;
    std::unique_ptr<std::FILE, closer> file_;
    std::size_t position_ = 0;
};

}  // namespace hawser::smtp
