// hawser.delivery/1 and hawser.secrets/1 over delivery_handle.
#include "plugins/bridge/delivery_handle.hpp"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/service_tables.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {
namespace {

hawser_message* message(hawser_delivery* d) noexcept { return delivery_handle::from(d).message().abi(); }

std::int64_t body_read(hawser_delivery* d, void* buffer, std::uint64_t capacity, const hawser_error* error) noexcept {
    try {
        return delivery_handle::from(d).body_read(buffer, capacity, error);
    } catch (const std::exception& failure) {
        return report(error, HAWSER_IO, failure.what());
    }
}

void body_on_ready(hawser_delivery* d, hawser_callback callback, void* user) noexcept {
    delivery_handle::from(d).body_on_ready(callback, user);
}

std::int64_t body_size(hawser_delivery* d) noexcept { return delivery_handle::from(d).body_size(); }

hawser_string resume_state(hawser_delivery* d) noexcept { return to_abi(delivery_handle::from(d).resume_state()); }

void checkpoint(hawser_delivery* d, hawser_string state, hawser_checkpoint_done done, void* user) noexcept {
    delivery_handle::from(d).checkpoint(from_abi(state), done, user);
}

std::int32_t is_cancelled(const hawser_delivery* d) noexcept {
    return delivery_handle::from(d).message().cancel_state().is_cancelled() ? 1 : 0;
}

void on_cancel(hawser_delivery* d, hawser_callback callback, void* user) noexcept {
    delivery_handle::from(d).message().cancel_state().on_cancel(callback, user);
}

void complete(hawser_delivery* d, const hawser_outcome* outcome) noexcept {
    if (outcome == nullptr || outcome->struct_size < sizeof(hawser_outcome)) {
        hawser_outcome broken{};
        broken.struct_size = sizeof broken;
        broken.verdict = HAWSER_RETRY;
        broken.code = to_abi("plugin.misbehaving");
        broken.text = to_abi("plugin misbehaving: it completed without a proper outcome");
        delivery_handle::from(d).complete(broken);
        return;
    }
    delivery_handle::from(d).complete(*outcome);
}

hawser_status secret(const hawser_host*, hawser_delivery* d, hawser_string name, hawser_string* out) noexcept {
    return guard(nullptr, [&] {
        const std::string* value = delivery_handle::from(d).secret(from_abi(name));
        if (value == nullptr) {
            return HAWSER_NOT_FOUND;
        }
        *out = to_abi(*value);
        return HAWSER_OK;
    });
}

constexpr hawser_delivery_api delivery_table{sizeof(hawser_delivery_api),
                                             0,
                                             &message,
                                             &body_read,
                                             &body_on_ready,
                                             &body_size,
                                             &resume_state,
                                             &checkpoint,
                                             &is_cancelled,
                                             &on_cancel,
                                             &complete};
constexpr hawser_secrets_api secrets_table{sizeof(hawser_secrets_api), 0, &secret};

}  // namespace

const void* delivery_service_table() noexcept { return &delivery_table; }
const void* secrets_service_table() noexcept { return &secrets_table; }

}  // namespace hawser::engine
