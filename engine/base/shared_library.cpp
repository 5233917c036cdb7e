#include "base/shared_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <utility>

namespace hawser::engine {

shared_library::shared_library(std::string name, const char* package)
    : name_(std::move(name)), handle_(::dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) {
        throw std::runtime_error(name_ + " cannot be loaded: install " + package);
    }
}

void* shared_library::address_of(const char* symbol) const {
    void* address = ::dlsym(handle_, symbol);
    if (address == nullptr) {
        throw std::runtime_error(name_ + " has no " + symbol);
    }
    return address;
}

}  // namespace hawser::engine
