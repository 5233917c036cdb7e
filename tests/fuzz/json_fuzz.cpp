// Any bytes as a bindings file: parsed or refused with a diagnostic, never anything else.
#include <cstdint>
#include <cstdlib>

#include "bindings/json_document.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hawser::engine::json_value value;
    hawser::engine::diagnostics problems;
    const bool is_parsed =
        hawser::engine::parse_json({reinterpret_cast<const char*>(data), size}, "f", value, problems);
    if (is_parsed == problems.has_errors()) {
        std::abort();
    }
    return 0;
}
