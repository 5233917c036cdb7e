// p11-kit's loader of PKCS#11 modules, opened on first use: a host without tokens never loads it. Thread-safe.
#pragma once

#include <p11-kit/p11-kit.h>

namespace hawser::engine {

struct p11_kit_library {
    static const p11_kit_library& get();  // throws std::runtime_error where it is not installed

    decltype(&::p11_kit_module_load) module_load;
    decltype(&::p11_kit_module_initialize) module_initialize;
    decltype(&::p11_kit_module_finalize) module_finalize;
    decltype(&::p11_kit_module_release) module_release;
    decltype(&::p11_kit_message) message;
    decltype(&::p11_kit_strerror) strerror;
};

}  // namespace hawser::engine
