// hawser.draft.certificate-choice/1: which certificate a text of the bindings means.
#include "hawser/abi_draft.h"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/bridge/service_tables.hpp"

namespace hawser::engine {
namespace {

hawser_status find_recipient(const hawser_host* host, std::uint32_t set, hawser_string selector,
                             hawser_certificate_visitor visit, void* user, const hawser_error* error) noexcept {
    return guard(error, [&] {
        const instance_host& instance = instance_host::from(host);
        if (visit == nullptr || (set != HAWSER_CERTIFICATES_PERSONAL && set != HAWSER_CERTIFICATES_OTHER_PEOPLE)) {
            return report(error, HAWSER_MISUSE, "find_recipient: no visitor, or a set that has no files to choose of");
        }
        if (instance.services().certificates == nullptr) {
            return report(error, HAWSER_NOT_FOUND, "this host has no certificates");
        }
        const result<void> done = instance.services().certificates->find_recipient(
            set, std::string(from_abi(selector)),
            [&](const hawser_certificate& certificate) { visit(user, &certificate); });
        if (done) {
            return HAWSER_OK;
        }
        const bool may_come = done.error().code == token_is_out;
        return report(error, may_come ? HAWSER_TRY_LATER : HAWSER_NOT_FOUND, done.error().text);
    });
}

constexpr hawser_draft_certificate_choice_api certificate_choice_table{sizeof(hawser_draft_certificate_choice_api), 0,
                                                                       &find_recipient};

}  // namespace

const void* certificate_choice_service_table() noexcept { return &certificate_choice_table; }

}  // namespace hawser::engine
