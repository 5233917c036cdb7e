#include "bindings/revocation_reader.hpp"

#include <filesystem>

namespace hawser::engine {

revocation_binding read_revocation(field_reader& certificates, const std::string& base) {
    revocation_binding revocation;
    revocation.is_fetched = certificates.word("revocation", {"files", "fetch"}, "files") == "fetch";
    revocation.allows_private_addresses = certificates.boolean("revocationPrivateAddresses", false);
    if (const std::string folder = certificates.string("revocationCache"); !folder.empty()) {
        revocation.cache_folder = (std::filesystem::path(base) / folder).lexically_normal().string();
    }
    if (!revocation.is_fetched) {
        for (const char* key : {"revocationPrivateAddresses", "revocationCache"}) {
            if (certificates.any(key) != nullptr) {
                certificates.refuse(key, "nothing is fetched: set revocation to fetch, or leave this out");
            }
        }
    }
    return revocation;
}

}  // namespace hawser::engine
