/* The ABI header in plain C: compiled with -std=c11 -pedantic -Werror, and a whole C plugin written against it. */
#include <hawser/abi.h>
#include <hawser/abi_draft.h>

_Static_assert(HAWSER_ABI_MAJOR == 1, "the entry symbol's name has the major in it");
_Static_assert(sizeof(hawser_status) == 4, "statuses are 32 bits wide");

static hawser_string text(const char* literal) {
    hawser_string one = {literal, 0};
    while (literal[one.size] != '\0') {
        ++one.size;
    }
    return one;
}

static hawser_status execute(void* self, hawser_message* message, const hawser_error* error) {
    (void)self;
    (void)message;
    error->set(error->self, HAWSER_UNSUPPORTED, text("this component is only compiled"));
    return HAWSER_UNSUPPORTED;
}
static void destroy(void* self) { (void)self; }
static const hawser_pipeline_component table = {sizeof(hawser_pipeline_component), 0, execute, 0, destroy};

static const hawser_descriptor* descriptor(uint32_t index) {
    static hawser_descriptor one = {sizeof(hawser_descriptor),
                                    HAWSER_KIND_PIPELINE_COMPONENT,
                                    HAWSER_STAGE_ENCODE,
                                    0,
                                    0,
                                    0,
                                    0,
                                    {"Test.C", 6},
                                    {"1.0.0", 5},
                                    {"A component in C.", 17},
                                    {0, 0},
                                    {0, 0}};
    return index == 0 ? &one : 0;
}
static hawser_status create(const hawser_factory* factory, const hawser_host* host, uint32_t index,
                            const hawser_config* config, hawser_instance* out, const hawser_error* error) {
    (void)factory;
    (void)host;
    (void)config;
    (void)error;
    out->table = &table;
    out->self = 0;
    return index == 0 ? HAWSER_OK : HAWSER_NOT_FOUND;
}
static const hawser_factory factory = {sizeof(hawser_factory), 1, descriptor, 0, create};

/* What the test in C++ asks for; the exported symbol would clash with nothing here, but is a plugin's alone. */
const hawser_factory* hawser_c11_factory(void);
const hawser_factory* hawser_c11_factory(void) { return &factory; }
