// Encode stage: writes a line above the body, and promotes that it did.
#include <hawser/sdk.hpp>

struct stamp final : hawser::pipeline_component {
    static constexpr hawser::component_info info{"Sample.Stamp", "1.0.0", "Writes a line above the body."};
    static hawser::config_spec spec() { return hawser::config_spec{}.string("Text", "The line.", "Stamped."); }
    explicit stamp(const hawser::config& config) : line_(config.string("/Text") + "\r\n") {}

    struct prepend {
        std::string line;
        void write(std::string_view in, std::string& out) { out.append(std::exchange(line, {})).append(in); }
        void finish(std::string& out) { out.append(line); }
    };
    void execute(hawser::message& message) override {
        message.filter_body(prepend{line_});
        message.promote("Sample.Stamped", "true", hawser::property_kind::boolean);
    }
    std::string line_;
};
HAWSER_PLUGIN(stamp)
