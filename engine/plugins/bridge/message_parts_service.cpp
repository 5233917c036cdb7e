// hawser.draft.message-parts/1 over working_message.
#include "hawser/abi_draft.h"
#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/service_tables.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {
namespace {

part_info info_of(const hawser_part& part) {
    part_info info;
    info.name = from_abi(part.name);
    info.content_type = from_abi(part.content_type);
    info.charset = from_abi(part.charset);
    info.file_name = from_abi(part.file_name);
    return info;
}

bool is_whole(const hawser_part* part) noexcept { return part != nullptr && part->struct_size >= sizeof(hawser_part); }

hawser_status add(hawser_message* m, const hawser_part* part, const hawser_stream* in,
                  const hawser_error* error) noexcept {
    return guard(error, [&] {
        if (!is_whole(part) || in == nullptr) {
            return report(error, HAWSER_MISUSE, "add: no stream, or the part's struct_size is wrong");
        }
        const result<void> added = working_message::from(m).add_part(info_of(*part), *in);
        return added ? HAWSER_OK : report(error, HAWSER_FAILED, added.error().text);
    });
}

hawser_status describe_body(hawser_message* m, const hawser_part* part, const hawser_error* error) noexcept {
    return guard(error, [&] {
        if (!is_whole(part)) {
            return report(error, HAWSER_MISUSE, "describe_body: the part's struct_size is wrong");
        }
        const result<void> done = working_message::from(m).describe_body(info_of(*part));
        return done ? HAWSER_OK : report(error, HAWSER_FAILED, done.error().text);
    });
}

constexpr hawser_draft_message_parts_api parts_table{sizeof(hawser_draft_message_parts_api), 0, &add, &describe_body};

}  // namespace

const void* message_parts_service_table() noexcept { return &parts_table; }

}  // namespace hawser::engine
