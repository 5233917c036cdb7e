// A library that is opened with dlopen on first use, so that a host which does not need it never has it in memory.
// Never closed. Thread-safe.
#pragma once

#include <string>

namespace hawser::engine {

class shared_library {
public:
    // Throws std::runtime_error naming the Debian package to install where it is not there.
    shared_library(std::string name, const char* package);

    // Throws std::runtime_error where the library has no such function.
    template <typename Function>
    void find(const char* symbol, Function& function) const {
        function = reinterpret_cast<Function>(address_of(symbol));
    }

private:
    void* address_of(const char* symbol) const;
    std::string name_;
    void* handle_;
};

}  // namespace hawser::engine
