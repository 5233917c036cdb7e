#include "bindings/pipeline_reader.hpp"

#include "base/log.hpp"
#include "bindings/property_reader.hpp"

namespace hawser::engine {
namespace {

struct pipeline_stage {
    const char* name;
    std::uint32_t stage;
    pipeline_direction direction;
};
// In the order in which a message passes them.
constexpr pipeline_stage all_stages[] = {{"decode", HAWSER_STAGE_DECODE, pipeline_direction::receive},
                                         {"disassemble", HAWSER_STAGE_DISASSEMBLE, pipeline_direction::receive},
                                         {"validate", HAWSER_STAGE_VALIDATE, pipeline_direction::receive},
                                         {"resolveParty", HAWSER_STAGE_RESOLVE_PARTY, pipeline_direction::receive},
                                         {"preAssemble", HAWSER_STAGE_PRE_ASSEMBLE, pipeline_direction::send},
                                         {"assemble", HAWSER_STAGE_ASSEMBLE, pipeline_direction::send},
                                         {"encode", HAWSER_STAGE_ENCODE, pipeline_direction::send}};

template <typename Choose>
std::string joined_stages(Choose&& is_chosen) {
    std::string text;
    for (const pipeline_stage& one : all_stages) {
        if (is_chosen(one)) {
            text += (text.empty() ? "" : ", ") + std::string(one.name);
        }
    }
    return text;
}

std::string stages_of(const json_value& pipeline, pipeline_direction direction) {
    return joined_stages(
        [&](const pipeline_stage& one) { return one.direction == direction && pipeline.find(one.name) != nullptr; });
}

const char* word_of(pipeline_direction direction) { return direction == pipeline_direction::send ? "send" : "receive"; }

}  // namespace

pipeline_reader::pipeline_reader(const bindings_document& document, const component_catalogue& catalogue,
                                 diagnostics& problems)
    : document_(document), catalogue_(catalogue), problems_(problems) {
    const json_value* pipelines = document.root.find("pipelines");
    if (pipelines != nullptr && !pipelines->is(json_value::kind::object)) {
        problems_.error(pipelines->position, "/pipelines", "this must be an object: name → stages");
    } else {
        pipelines_ = pipelines;
    }
}

std::vector<component_binding> pipeline_reader::read(field_reader& port, const std::string& port_name,
                                                     pipeline_direction direction) {
    const json_value* value = port.any("pipeline");
    const overriding overrides{port.of("pipelineProperties", json_value::kind::object), port.at("pipelineProperties")};
    if (value == nullptr) {
        return {};
    }
    if (!value->is(json_value::kind::string)) {
        const bool fits = has_direction(*value, "", *value, port.at("pipeline"), port_name, direction);
        return fits ? read_stages(*value, port.at("pipeline"), overrides) : std::vector<component_binding>{};
    }
    const json_value* named = find_named(*value, port.at("pipeline"));
    if (named == nullptr) {
        return {};
    }
    if (!has_direction(*named, value->text, *value, port.at("pipeline"), port_name, direction)) {
        return {};  // and its stages are checked with those that no port uses
    }
    used_.insert(value->text);
    return read_stages(*named, "/pipelines/" + pointer_token(value->text), overrides);
}

const json_value* pipeline_reader::find_named(const json_value& name, const std::string& pointer) {
    const json_value* named = pipelines_ == nullptr ? nullptr : pipelines_->find(name.text);
    if (named == nullptr) {
        std::vector<std::string> names;
        for (const json_member& member : pipelines_ == nullptr ? std::vector<json_member>{} : pipelines_->members) {
            names.push_back(member.key);
        }
        problems_.error(name.position, pointer, "there is no pipeline \"" + printable(name.text, 60) + '"',
                        suggest(name.text, names));
    }
    return named;
}

// False, and said, where the pipeline has stages of the other direction alone. One with both is for refuse_mixture.
bool pipeline_reader::has_direction(const json_value& pipeline, const std::string& pipeline_name,
                                    const json_value& used_at, const std::string& pointer, const std::string& port_name,
                                    pipeline_direction direction) {
    const pipeline_direction other =
        direction == pipeline_direction::send ? pipeline_direction::receive : pipeline_direction::send;
    const std::string wrong = stages_of(pipeline, other);
    if (wrong.empty() || !stages_of(pipeline, direction).empty()) {
        return true;
    }
    const std::string which =
        pipeline_name.empty() ? "a pipeline" : "the pipeline \"" + printable(pipeline_name, 60) + '"';
    const std::string allowed = joined_stages([&](const pipeline_stage& one) { return one.direction == direction; });
    problems_.error(used_at.position, pointer,
                    std::string("the ") + word_of(direction) + " port \"" + printable(port_name, 60) + "\" has " +
                        which + " of " + word_of(other) + " stages (" + wrong + "): give it one of the stages " +
                        allowed + ", or use this one on a " + word_of(other) + " port");
    return false;
}

void pipeline_reader::refuse_mixture(const json_value& pipeline, const std::string& pointer) {
    const std::string receive = stages_of(pipeline, pipeline_direction::receive);
    const std::string send = stages_of(pipeline, pipeline_direction::send);
    if (!receive.empty() && !send.empty()) {
        problems_.error(pipeline.position, pointer,
                        "this pipeline has receive stages (" + receive + ") and send stages (" + send +
                            "): a message passes one pipeline when it comes in and another when it goes out; make two "
                            "pipelines of it");
    }
}

std::vector<component_binding> pipeline_reader::read_stages(const json_value& value, const std::string& pointer,
                                                            const overriding& overrides) {
    std::vector<component_binding> components;
    field_reader stages(value, pointer, problems_);
    std::set<std::string> overridden;
    refuse_mixture(value, pointer);
    for (const pipeline_stage& one : all_stages) {
        const json_value* list = stages.of(one.name, json_value::kind::array);
        for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
            components.push_back(read_component(list->elements[i], stages.at(one.name) + '/' + std::to_string(i),
                                                one.stage, one.name, overrides));
            overridden.insert(components.back().component);
        }
    }
    stages.finish();
    for (const json_member& member :
         overrides.object == nullptr ? std::vector<json_member>{} : overrides.object->members) {
        if (overridden.count(member.key) == 0) {
            problems_.error(member.key_position, overrides.pointer + '/' + pointer_token(member.key),
                            "the port's pipeline has no component \"" + printable(member.key, 60) + '"',
                            suggest(member.key, {overridden.begin(), overridden.end()}));
        }
    }
    return components;
}

component_binding pipeline_reader::read_component(const json_value& value, const std::string& pointer,
                                                  std::uint32_t stage, const std::string& stage_name,
                                                  const overriding& overrides) {
    component_binding component;
    component.stage = stage;
    component.stage_name = stage_name;
    component.position = value.position;
    component.pointer = pointer;
    field_reader fields(value, pointer, problems_);
    component.component = fields.string("component");
    const json_value* properties = fields.any("properties");
    fields.finish();
    const hawser_descriptor* descriptor = catalogue_.find(HAWSER_KIND_PIPELINE_COMPONENT, component.component);
    if (descriptor == nullptr) {
        const json_value* name = value.find("component");
        problems_.error(name == nullptr ? value.position : name->position, fields.at("component"),
                        "no loaded plugin has a pipeline component \"" + printable(component.component, 60) + '"',
                        suggest(component.component, catalogue_.names(HAWSER_KIND_PIPELINE_COMPONENT)));
        return component;
    }
    if ((descriptor->stages & stage) == 0) {
        problems_.error(
            value.position, pointer,
            component.component + " cannot stand in the stage " + stage_name + ": move it to " +
                joined_stages([&](const pipeline_stage& one) { return (descriptor->stages & one.stage) != 0; }));
    }
    merge_properties(component, properties, overrides, *descriptor);
    return component;
}

void pipeline_reader::merge_properties(component_binding& component, const json_value* properties,
                                       const overriding& overrides, const hawser_descriptor& descriptor) {
    const auto read = [&](const json_value& object, const std::string& pointer) {
        for (auto& [name, one] : read_properties(object, pointer, descriptor, property_level::component,
                                                 document_.base_directory, problems_)) {
            component.properties[name] = std::move(one);
        }
    };
    if (properties != nullptr) {
        read(*properties, component.pointer + "/properties");
    }
    if (const json_value* own = overrides.object == nullptr ? nullptr : overrides.object->find(component.component);
        own != nullptr) {
        read(*own, overrides.pointer + '/' + pointer_token(component.component));
    }
    add_defaults(component.properties, descriptor);
    check_required(component.properties, descriptor, false, component.position, component.pointer, problems_);
    check_plugin_rules(catalogue_, descriptor, component.properties, component.position,
                       component.pointer + "/properties", problems_);
}

void pipeline_reader::check_unused() {
    for (const json_member& member : pipelines_ == nullptr ? std::vector<json_member>{} : pipelines_->members) {
        if (used_.count(member.key) == 0) {
            read_stages(member.value, "/pipelines/" + pointer_token(member.key), {});
        }
    }
}

}  // namespace hawser::engine
