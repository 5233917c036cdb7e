// hawser.draft.private-keys/1: what a private key does that stays in a PKCS#11 token, for the components that may see
// private keys.
#include <string.h>  // explicit_bzero

#include "hawser/abi_draft.h"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/bridge/service_tables.hpp"

namespace hawser::engine {
namespace {

hawser_status status_of(const std::string& code) {
    return code == token_is_out            ? HAWSER_TRY_LATER
           : code == token_does_not        ? HAWSER_UNSUPPORTED
           : code == token_has_no_such_key ? HAWSER_NOT_FOUND
                                           : HAWSER_FAILED;
}

hawser_status use_private_key(const hawser_host* host, hawser_string key, std::uint32_t operation, hawser_string input,
                              const hawser_text_sink* out, const hawser_error* error) noexcept {
    return guard(error, [&] {
        const instance_host& instance = instance_host::from(host);
        if (out == nullptr || operation < HAWSER_DRAFT_KEY_SIGN_PKCS1 || operation > HAWSER_DRAFT_KEY_DERIVE_ECDH) {
            return report(error, HAWSER_MISUSE, "use: no sink, or an unknown operation");
        }
        if (!instance.may_see_private_keys()) {
            return report(error, HAWSER_MISUSE, "use: the component does not declare HAWSER_FLAG_NEEDS_PRIVATE_KEY");
        }
        if (instance.services().certificates == nullptr) {
            return report(error, HAWSER_NOT_FOUND, "this host has no certificates");
        }
        result<std::string> made = instance.services().certificates->use_key(
            std::string(from_abi(key)), {static_cast<key_operation>(operation), from_abi(input)});
        if (!made) {
            return report(error, status_of(made.error().code), made.error().text);
        }
        out->append(out->self, to_abi(*made));
        ::explicit_bzero(made->data(), made->size());  // it may be a message's key
        return HAWSER_OK;
    });
}

constexpr hawser_draft_private_keys_api private_keys_table{sizeof(hawser_draft_private_keys_api), 0, &use_private_key};

}  // namespace

const void* private_keys_service_table() noexcept { return &private_keys_table; }

}  // namespace hawser::engine
