// Any challenges from a server: every mechanism ends, and none succeeds against a server that does not know the
// password. The input's first byte chooses the mechanism, line ends part the challenges.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sasl_base64.hpp"
#include "sasl_scram.hpp"

using namespace hawser::smtp;

namespace {

std::unique_ptr<sasl_mechanism> made(unsigned choice) {
    const std::string& name = password_mechanisms()[choice % password_mechanisms().size()];
    sasl_credentials credentials{"user", secret_text("pencil")};
    if (!name.starts_with("SCRAM")) {
        return make_password_mechanism(name, std::move(credentials), {}, scram_binding::not_supported);
    }
    // The nonce of RFC 7677's example, so that the fuzzer gets past it.
    const scram_hash hash = name.starts_with("SCRAM-SHA-256") ? scram_hash::sha256 : scram_hash::sha1;
    return make_scram({hash, scram_binding::not_supported, {}, "rOprNGfwEbeRWgbNEkqO"}, std::move(credentials));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    if (const auto decoded = from_base64(text); decoded && to_base64(decoded->view()).size() != text.size()) {
        std::abort();
    }
    const std::unique_ptr<sasl_mechanism> mechanism = made(data[0]);
    try {
        if (mechanism->has_initial_response()) {
            mechanism->respond("");
        }
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            mechanism->respond(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    } catch (const sasl_failure&) {
        // What a wrong challenge comes to.
    }
    return 0;
}
