// What an attempt's outcome changes in the message box: one batch, so that the outcome and what follows from it (ACK,
// NACK, the failed message, what is tracked) are durable together or not at all. Pure but for the ids that it makes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delivery/attempt.hpp"
#include "delivery/delivery_report.hpp"
#include "delivery/notification.hpp"
#include "delivery/retry_policy.hpp"

namespace hawser::engine {

struct delivery_result {
    claim_token token;
    std::vector<operation> batch;
    delivery_report told;
    std::vector<std::string> woken_ports;  // that the batch publishes to
    bool was_refused = false;              // by the message box: it is offered again, routed as it was
};

// For a finished attempt, once. `route` may be empty: then nobody subscribes to anything.
delivery_result make_delivery_result(attempt& done, const delivery_outcome& outcome, decision made,
                                     std::int64_t now_unix_ms, const route_function& route);

}  // namespace hawser::engine
