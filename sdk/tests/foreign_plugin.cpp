// Built by clang++ with libc++: strings, exceptions and streams of another standard library, behind the same C ABI.
#include <hawser/sdk.hpp>

#include <stdexcept>

namespace {

struct upper_case {
    void write(std::string_view in, std::string& out) {
        for (const char c : in) {
            if (c == '!') {
                throw std::runtime_error("an exclamation mark");
            }
            out.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
        }
    }
    void finish(std::string& out) { out.append("\n"); }
};

class foreign_component final : public hawser::pipeline_component {
public:
    static constexpr hawser::component_info info{
        .id = "Test.Foreign", .version = "1.0.0", .summary = "Makes capitals."};
    static hawser::config_spec spec() {
        return hawser::config_spec{}.string("Greeting", "Goes into a property.", "hello");
    }
    explicit foreign_component(const hawser::config& values) : greeting_(values.string("/Greeting")) {}
    void execute(hawser::message& message) override {
        message.filter_body(upper_case{});
        message.set("Test.Greeting",
                    greeting_ + " from a string too long for the small-string buffer of either library");
    }

private:
    std::string greeting_;
};

class foreign_adapter final : public hawser::send_adapter {
public:
    static constexpr hawser::adapter_info info{.id = "TestForeign",
                                               .version = "1.0.0",
                                               .summary = "Counts bytes.",
                                               .property_namespace = "TestForeign",
                                               .address_scheme = "foreign",
                                               .flags = HAWSER_FLAG_BLOCKING};
    void transmit(hawser::delivery delivery) override {
        char buffer[100];
        std::string error;
        std::int64_t total = 0;
        std::int64_t size = 0;
        while ((size = delivery.body_read(buffer, sizeof buffer, error)) > 0) {
            total += size;
        }
        hawser::outcome result;
        result.verdict = size < 0 ? hawser::verdict::retry : hawser::verdict::delivered;
        result.text = size < 0 ? error : std::to_string(total) + " bytes";
        delivery.complete(result);
    }
};

}  // namespace

HAWSER_PLUGIN(foreign_component, foreign_adapter)
