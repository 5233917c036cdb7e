// Reads and checks transports: their schedule, and the adapter's properties (port values over the handler's values over
// the plugin's defaults). One reader serves all ports.
#pragma once

#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/component_catalogue.hpp"

namespace hawser::engine {

class transport_reader {
public:
    // `so_far` has the send handlers.
    transport_reader(const bindings_document& document, const component_catalogue& catalogue,
                     const host_bindings& so_far, diagnostics& problems);

    transport_binding read(const json_value& value, const std::string& pointer);

    // Of a dynamic port: one for the adapter that it names, else one for each adapter. `value` may be nullptr.
    // An adapter that nobody named or configured, or whose scheme is not among `schemes`, may lack required properties.
    std::vector<transport_binding> read_dynamic(const json_value* value, const source_position& position,
                                                const std::string& pointer, const std::vector<std::string>& schemes);

private:
    const hawser_descriptor* find_adapter(const transport_binding& transport, const json_value& value);
    void check_address(const transport_binding& transport, const json_value& value,
                       const hawser_descriptor& descriptor);
    void merge_properties(transport_binding& transport, const json_value* properties,
                          const hawser_descriptor& descriptor);
    void check_properties(const transport_binding& transport, bool has_address, const hawser_descriptor& descriptor);
    bool is_configured(const std::string& type) const;

    const json_value& root_;
    const component_catalogue& catalogue_;
    const host_bindings& so_far_;
    diagnostics& problems_;
};

}  // namespace hawser::engine
