// Audit archives as the bindings describe them, and as plugins may use them. Stateless but for what it makes.
#pragma once

#include <memory>

#include "audit/archive.hpp"
#include "bindings/bindings.hpp"
#include "plugins/bridge/audit_sink.hpp"

namespace hawser::engine {

result<audit::archive_settings> settings_of(const audit_archive_binding& binding);  // reads the key

std::shared_ptr<audit_sink> make_audit_sink(std::shared_ptr<audit::archive> archive);

// Whether their keys can be read and sign, and nobody else can read them. Nothing is opened or made.
void check_archives(const host_bindings& bindings, diagnostics& problems);

}  // namespace hawser::engine
