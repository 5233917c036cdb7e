// A secret property of a delivery, in memory that is wiped.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>

#include "hawser/sdk/adapter.hpp"
#include "secret_text.hpp"

namespace hawser::smtp {

inline secret_text secret_of(const delivery_context& handle, std::string_view name) {
    std::string value = handle.secret(name);
    secret_text taken(value);
    OPENSSL_cleanse(value.data(), value.size());
    return taken;
}

}  // namespace hawser::smtp
