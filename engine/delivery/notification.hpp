// The messages that the engine itself publishes about a delivery: acknowledgements (ACK, NACK) and failed messages with
// their error report (spec section 4). Pure: makes publications, stores nothing. A message about a message never causes
// another one, so that two ports cannot acknowledge each other for ever.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "message/context.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

// The ports that take a message of this context; empty = nobody does.
using route_function = std::function<std::vector<new_delivery>(const message_context&)>;

struct delivery_facts {  // of the delivery that is reported
    std::string message_id;
    std::string unique_id;
    std::string port;
    std::string transport_type;
    std::string location;
    std::string code;  // why it failed; "" = it was delivered
    std::string text;
    std::int64_t now_unix_ms = 0;
};

bool is_notification(const message_context& context);  // an ACK, a NACK or a failed message

// The context of the published acknowledgement: BTS.Ack* promoted, BTS.CorrelationToken as in the original.
message_context acknowledgement_context(const delivery_facts& facts, const message_context& original);

// A NACK's body is a SOAP fault, an ACK's is empty.
publication make_acknowledgement(const delivery_facts& facts, const message_context& original,
                                 std::vector<new_delivery> deliveries);

// The original's context, nothing of it promoted, with promoted ErrorReport.* properties.
message_context failed_message_context(const delivery_facts& facts, const message_context& original);

// The failed message under a new id; its parts are those that the box holds already, under `sequence`.
publication make_failed_message(const delivery_facts& facts, const message_context& original,
                                const std::vector<part_info>& parts, std::int64_t sequence,
                                std::vector<new_delivery> deliveries);

}  // namespace hawser::engine
