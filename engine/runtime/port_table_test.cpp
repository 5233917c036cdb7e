#include "runtime/port_table.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

send_port_binding invoices_port(const std::string& name) {
    send_port_binding port;
    port.name = name;
    port.state = "started";
    port.filter = filter_groups{{{"BTS.ReceivePortName", "==", "Invoices"}}};
    return port;
}

// The ports that an invoice goes to, one name after the other; or the error's code.
std::string route_invoice(const port_table& table) {
    message_context context;
    REQUIRE(context.set("BTS.ReceivePortName", {.value = "Invoices", .is_promoted = true}));
    const auto deliveries = table.route("", context);
    if (!deliveries) {
        return deliveries.error().code;
    }
    std::string names;
    for (const new_delivery& one : *deliveries) {
        names += one.port + ' ';
    }
    return names;
}

void change(port_table& table, const std::string& port, const std::string& action) {
    const auto change = table.change(port, action);
    REQUIRE(change);
    table.apply(*change);
}

}  // namespace

TEST_CASE("a message is routed by the states that the ports have when it comes") {
    host_bindings bindings;
    bindings.send_ports = {invoices_port("First"), invoices_port("Second")};
    port_table table(bindings, {});
    CHECK(route_invoice(table) == "First Second ");
    change(table, "First", "unenlist");
    CHECK(route_invoice(table) == "Second ");
    change(table, "Second", "stop");
    CHECK(route_invoice(table) == "Second ");  // a stopped port's messages wait
    change(table, "Second", "unenlist");
    CHECK(route_invoice(table) == "no_subscriber");
    change(table, "First", "enlist");
    CHECK(route_invoice(table) == "First ");
}
