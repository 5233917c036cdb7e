// One source for the plugins that must be refused: BAD_KIND says what is wrong with this one.
#include <hawser/abi.h>

#include <stdexcept>

namespace {
constexpr hawser_string text(const char* literal) { return {literal, __builtin_strlen(literal)}; }

hawser_status init(const hawser_error* error) {
#if BAD_KIND == 3
    error->set(error->self, HAWSER_FAILED, text("no licence dongle"));
    return HAWSER_FAILED;
#elif BAD_KIND == 4
    throw std::runtime_error("thrown in init");
#else
    (void)error;
    return HAWSER_OK;
#endif
}

[[maybe_unused]] const hawser_descriptor component {
    sizeof(hawser_descriptor), HAWSER_KIND_PIPELINE_COMPONENT,
#if BAD_KIND == 5
        0,
#else
        HAWSER_STAGE_ENCODE,
#endif
        0, 0, 0, nullptr, text("Test.Twin"), text("1"), text("A test."), text(""), text("")
};

[[maybe_unused]] const hawser_factory factory{
    sizeof(hawser_factory), 1, [](uint32_t) -> const hawser_descriptor* { return &component; }, nullptr,
    [](const hawser_factory*, const hawser_host*, uint32_t, const hawser_config*, hawser_instance*,
       const hawser_error*) -> hawser_status { return HAWSER_FAILED; }};

const hawser_factory* get_factory([[maybe_unused]] hawser_string id) {
#if BAD_KIND == 6
    return nullptr;
#else
    return id.size == sizeof(HAWSER_PIPELINE_COMPONENT) - 1 ? &factory : nullptr;
#endif
}
}  // namespace

extern "C" {
#if BAD_KIND == 0
HAWSER_EXPORT extern const int something_else = 1;
#elif BAD_KIND == 1
HAWSER_EXPORT extern const hawser_entry hawser_plugin_entry_2;
const hawser_entry hawser_plugin_entry_2 = {2, 0, &init, nullptr, &get_factory};
#elif BAD_KIND == 2
const hawser_entry hawser_plugin_entry_1 = {HAWSER_ABI_MAJOR, HAWSER_ABI_MINOR + 1, &init, nullptr, &get_factory};
#else
const hawser_entry hawser_plugin_entry_1 = {HAWSER_ABI_MAJOR, 0, &init, nullptr, &get_factory};
#endif
}
#if BAD_KIND == 0
[[maybe_unused]] static const void* unused = reinterpret_cast<const void*>(&get_factory);
#endif
