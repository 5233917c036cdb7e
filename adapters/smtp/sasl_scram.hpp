// SCRAM (RFC 5802, RFC 7677), the client's side, with and without channel binding: proves that we know the password
// without sending it, and makes the server prove that it knows it too.
#pragma once

#include <cstdint>

#include "sasl_mechanism.hpp"

namespace hawser::smtp {

// RFC 7677 section 4 sets the least. Fewer would let a server that only poses as ours collect proofs that are cheap to
// guess the password from; it is no setting, because whoever can lower it can as well raise the server's own.
inline constexpr std::int64_t scram_iterations_min = 4096;
inline constexpr std::int64_t scram_iterations_max = 1'000'000;  // about half a second: a server cannot keep us busy
inline constexpr std::size_t scram_nonce_size_max = 512;
inline constexpr std::size_t scram_salt_size_max = 512;

enum class scram_hash : std::uint8_t { sha1 = 1, sha256 };

struct scram_settings {
    scram_hash hash = scram_hash::sha256;
    scram_binding binds = scram_binding::not_supported;
    channel_binding binding;
    std::string nonce;  // ours: make_scram_nonce(), or a fixed one in tests
};

std::string make_scram_nonce();
std::unique_ptr<sasl_mechanism> make_scram(scram_settings settings, sasl_credentials credentials);

}  // namespace hawser::smtp
