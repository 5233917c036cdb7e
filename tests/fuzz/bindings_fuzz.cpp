// Any JSON as bindings: read, or refused with diagnostics that each have a place and a text.
#include <cstdint>
#include <cstdlib>

#include "bindings/bindings_test_support.hpp"
#include "bindings/json_document.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace hawser::engine;
    static const bindings_test::test_catalogue catalogue;
    bindings_document document;
    document.file = "f";
    document.base_directory = "/nonexistent";
    diagnostics problems;
    if (!parse_json({reinterpret_cast<const char*>(data), size}, document.file, document.root, problems)) {
        return 0;
    }
    const host_bindings bindings = read_bindings(document, catalogue, problems);
    for (const diagnostic& one : problems.list()) {
        if (one.position.line == 0 || one.text.empty()) {
            std::abort();
        }
    }
    for (const send_port_binding& port : bindings.send_ports) {
        const bool has_transports = port.dynamic_transports.empty() != port.is_dynamic;
        if (!problems.has_errors() && (!has_transports || port.primary.type.empty())) {
            std::abort();
        }
    }
    return 0;
}
