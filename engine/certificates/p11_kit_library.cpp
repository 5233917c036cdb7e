#include "certificates/p11_kit_library.hpp"

#include "base/shared_library.hpp"

namespace hawser::engine {
namespace {

p11_kit_library open_p11_kit() {
    const shared_library library("libp11-kit.so.0", "libp11-kit0");
    p11_kit_library found{};
    library.find("p11_kit_module_load", found.module_load);
    library.find("p11_kit_module_initialize", found.module_initialize);
    library.find("p11_kit_module_finalize", found.module_finalize);
    library.find("p11_kit_module_release", found.module_release);
    library.find("p11_kit_message", found.message);
    library.find("p11_kit_strerror", found.strerror);
    return found;
}

}  // namespace

const p11_kit_library& p11_kit_library::get() {
    static const p11_kit_library library = open_p11_kit();  // tried again at the next call where it throws
    return library;
}

}  // namespace hawser::engine
