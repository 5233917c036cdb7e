// Reads and checks pipelines: those with a name, and what each port makes of them. One reader serves all ports, of
// both directions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/component_catalogue.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

enum class pipeline_direction : std::uint8_t { send = 1, receive };

class pipeline_reader {
public:
    pipeline_reader(const bindings_document& document, const component_catalogue& catalogue, diagnostics& problems);

    // `port_name` and its direction are what a complaint about a pipeline of the other direction names.
    std::vector<component_binding> read(field_reader& port, const std::string& port_name, pipeline_direction direction);
    void check_unused();  // a mistake in a pipeline that no port uses is a mistake all the same

private:
    struct overriding {  // a port's "pipelineProperties"
        const json_value* object = nullptr;
        std::string pointer;
    };

    const json_value* find_named(const json_value& name, const std::string& pointer);
    bool has_direction(const json_value& pipeline, const std::string& pipeline_name, const json_value& used_at,
                       const std::string& pointer, const std::string& port_name, pipeline_direction direction);
    void refuse_mixture(const json_value& pipeline, const std::string& pointer);
    std::vector<component_binding> read_stages(const json_value& value, const std::string& pointer,
                                               const overriding& overrides);
    component_binding read_component(const json_value& value, const std::string& pointer, std::uint32_t stage,
                                     const std::string& stage_name, const overriding& overrides);
    void merge_properties(component_binding& component, const json_value* properties, const overriding& overrides,
                          const hawser_descriptor& descriptor);

    const bindings_document& document_;
    const component_catalogue& catalogue_;
    diagnostics& problems_;
    const json_value* pipelines_ = nullptr;
    std::set<std::string> used_;
};

}  // namespace hawser::engine
