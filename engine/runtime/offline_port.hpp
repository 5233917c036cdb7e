// A send port made for one look at it, without a message box: for a preview, or a probe. Used on one thread.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "certificates/certificate_store.hpp"
#include "delivery/dynamic_transport.hpp"
#include "hawser/types.hpp"
#include "plugins/bridge/working_message.hpp"
#include "runtime/certificate_view.hpp"
#include "runtime/counters.hpp"
#include "runtime/loaded_configuration.hpp"
#include "runtime/port_factory.hpp"

namespace hawser::engine {

class offline_port {
public:
    offline_port(const loaded_configuration& loaded, const send_port_binding& binding);  // throws std::exception
    offline_port(const offline_port&) = delete;
    offline_port& operator=(const offline_port&) = delete;

    const send_port_runtime& runtime() const noexcept { return *port_; }

    // A message as an attempt would have it before the pipeline. `transport` is where it would go to.
    struct prepared {
        chosen_transport to;
        std::unique_ptr<working_message> message;
    };
    result<prepared> prepare(const submission& submitted, bool is_on_backup) const;

private:
    certificate_store store_;
    std::unique_ptr<revocation_refresher> revocation_;  // what is on disk: nothing is fetched
    certificate_view view_;
    counters counted_;
    engine_services services_;
    adapter_map adapters_;
    std::shared_ptr<send_port_runtime> port_;
};

// Null: there is none of that name.
const send_port_binding* find_port(const loaded_configuration& loaded, const std::string& name);

}  // namespace hawser::engine
