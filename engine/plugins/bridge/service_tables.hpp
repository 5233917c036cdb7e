// The C tables of the engine's services (hawser.message/1 and the others), each a thin guard over an engine object.
#pragma once

#include <string_view>

namespace hawser::engine {

const void* find_service_table(std::string_view id) noexcept;  // nullptr = this engine has no such service

// Those in files of their own.
const void* message_service_table() noexcept;
const void* mail_headers_service_table() noexcept;
const void* message_parts_service_table() noexcept;
const void* private_keys_service_table() noexcept;
const void* certificate_choice_service_table() noexcept;
const void* delivery_service_table() noexcept;
const void* secrets_service_table() noexcept;
const void* audit_service_table() noexcept;

}  // namespace hawser::engine
