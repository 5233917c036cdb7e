#include "sasl_prepare.hpp"

#include <stringprep.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "sasl_mechanism.hpp"

namespace hawser::smtp {

secret_text sasl_prepare(std::string_view text, sasl_string kind, std::string_view what) {
    secret_text terminated(text);
    terminated += std::string_view("\0", 1);
    const auto flags =
        static_cast<Stringprep_profile_flags>(kind == sasl_string::stored ? STRINGPREP_NO_UNASSIGNED : 0);
    char* prepared = nullptr;
    const int failed = text.find('\0') != std::string_view::npos
                           ? static_cast<int>(STRINGPREP_CONTAINS_PROHIBITED)
                           : stringprep_profile(terminated.data(), &prepared, "SASLprep", flags);
    if (failed != STRINGPREP_OK) {
        throw sasl_failure(
            std::string(what) + " cannot be used with SCRAM, because SASLprep (RFC 4013) does not allow it (" +
            stringprep_strerror(static_cast<Stringprep_rc>(failed)) + "): change it, or fix another Mechanism");
    }
    const std::size_t size = std::strlen(prepared);
    secret_text out(std::string_view(prepared, size));
    OPENSSL_cleanse(prepared, size);
    std::free(prepared);
    return out;
}

}  // namespace hawser::smtp
