// The layout of ABI version 1 on LP64 (x86-64, AArch64): a size or an offset that changes here breaks every plugin that
// was ever built. The figures are counted by hand from abi.h (C11 6.7.2.1: members in order, each aligned to its own
// size).
#include <cstddef>
#include <type_traits>

#include <hawser/abi.h>

static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "these figures are those of LP64");

#define HAS_LAYOUT(type, size_now) \
    static_assert(sizeof(type) == (size_now) && std::is_standard_layout_v<type> && std::is_trivial_v<type>, #type)
#define HAS_OFFSET(type, member, offset) static_assert(offsetof(type, member) == (offset), #type "::" #member)

HAS_LAYOUT(hawser_string, 16);
HAS_LAYOUT(hawser_error, 16);
HAS_LAYOUT(hawser_text_sink, 16);
HAS_LAYOUT(hawser_problem_sink, 16);
HAS_LAYOUT(hawser_instance, 16);
HAS_LAYOUT(hawser_stream, 32);
HAS_OFFSET(hawser_stream, read, 8);
HAS_OFFSET(hawser_stream, size_hint, 16);
HAS_OFFSET(hawser_stream, close, 24);

HAS_LAYOUT(hawser_host, 32);
HAS_OFFSET(hawser_host, abi_major, 4);
HAS_OFFSET(hawser_host, self, 16);
HAS_OFFSET(hawser_host, get_service, 24);
HAS_LAYOUT(hawser_log_api, 16);
HAS_LAYOUT(hawser_clock_api, 24);
HAS_LAYOUT(hawser_metrics_api, 16);
HAS_LAYOUT(hawser_config_api, 24);
HAS_LAYOUT(hawser_macros_api, 16);
HAS_LAYOUT(hawser_files_api, 16);
HAS_LAYOUT(hawser_certificates_api, 24);
HAS_LAYOUT(hawser_secrets_api, 16);

HAS_LAYOUT(hawser_property, 32);
HAS_OFFSET(hawser_property, value, 16);
HAS_LAYOUT(hawser_part, 80);
HAS_OFFSET(hawser_part, size, 8);
HAS_OFFSET(hawser_part, file_name, 64);
HAS_LAYOUT(hawser_identity, 88);
HAS_OFFSET(hawser_identity, published_unix_ms, 8);
HAS_OFFSET(hawser_identity, host_name, 64);
HAS_OFFSET(hawser_identity, begin_before_unix_ms, 80);
HAS_LAYOUT(hawser_certificate, 56);
HAS_OFFSET(hawser_certificate, private_key, 24);
HAS_LAYOUT(hawser_message_api, 8 + 14 * 8);
HAS_OFFSET(hawser_message_api, take_body, 8 + 8 * 8);
HAS_OFFSET(hawser_message_api, on_cancel, 8 + 13 * 8);
HAS_LAYOUT(hawser_mail_headers_api, 8 + 5 * 8);
HAS_LAYOUT(hawser_delivery_api, 8 + 9 * 8);
HAS_OFFSET(hawser_delivery_api, complete, 8 + 8 * 8);

HAS_LAYOUT(hawser_recipient_result, 56);
HAS_OFFSET(hawser_recipient_result, enhanced_status, 24);
HAS_LAYOUT(hawser_outcome, 104);
HAS_OFFSET(hawser_outcome, not_before_unix_ms, 16);
HAS_OFFSET(hawser_outcome, code, 24);
HAS_OFFSET(hawser_outcome, recipients, 72);
HAS_OFFSET(hawser_outcome, resume_state, 88);

HAS_LAYOUT(hawser_property_spec, 96);
HAS_OFFSET(hawser_property_spec, minimum, 16);
HAS_OFFSET(hawser_property_spec, name, 32);
HAS_OFFSET(hawser_property_spec, words, 80);
HAS_LAYOUT(hawser_descriptor, 112);
HAS_OFFSET(hawser_descriptor, properties, 24);
HAS_OFFSET(hawser_descriptor, id, 32);
HAS_OFFSET(hawser_descriptor, address_scheme, 96);
HAS_LAYOUT(hawser_pipeline_component, 32);
HAS_LAYOUT(hawser_send_adapter, 48);
HAS_LAYOUT(hawser_composer, 16);
HAS_LAYOUT(hawser_factory, 32);
HAS_OFFSET(hawser_factory, create, 24);
HAS_LAYOUT(hawser_entry, 32);
HAS_OFFSET(hawser_entry, init, 8);
HAS_OFFSET(hawser_entry, get_factory, 24);

// The values that cross as numbers.
static_assert(HAWSER_FAILED == -1 && HAWSER_BAD_CONFIG == -2 && HAWSER_IO == -3 && HAWSER_CANCELLED == -4 &&
              HAWSER_UNSUPPORTED == -5 && HAWSER_MISUSE == -6 && HAWSER_WOULD_BLOCK == -7 && HAWSER_TRY_LATER == -8 &&
              HAWSER_NOT_FOUND == -9);
static_assert(HAWSER_DELIVERED == 1 && HAWSER_RETRY == 2 && HAWSER_REJECTED == 3 && HAWSER_PARTIAL == 4);
