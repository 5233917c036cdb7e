#include "runtime/port_table.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace hawser::engine;

namespace {

const filter_groups invoices{{{"BTS.ReceivePortName", "==", "Invoices"}}};

send_port_binding port_binding(const std::string& name, std::optional<filter_groups> filter) {
    send_port_binding port;
    port.name = name;
    port.state = "started";
    port.filter = std::move(filter);
    return port;
}

send_port_group_binding group_binding(const std::string& name, std::vector<std::string> ports) {
    send_port_group_binding group;
    group.name = name;
    group.ports = std::move(ports);
    group.state = "started";
    group.filter = invoices;
    return group;
}

std::shared_ptr<host_bindings> two_ports() {
    auto bindings = std::make_shared<host_bindings>();
    bindings->send_ports = {port_binding("First", invoices), port_binding("Second", invoices)};
    return bindings;
}

std::shared_ptr<host_bindings> ports_in_a_group() {
    auto bindings = std::make_shared<host_bindings>();
    bindings->send_ports = {port_binding("Own", invoices), port_binding("Member", {})};
    bindings->send_port_groups = {group_binding("Group", {"Own", "Member"})};
    return bindings;
}

port_table table_of(const std::shared_ptr<host_bindings>& bindings, const std::vector<port_state_record>& kept = {}) {
    return {bindings, read_port_states(*bindings, kept)};
}

// The ports that an invoice goes to, one name after the other, with what holds it there; or the error's code.
std::string route_invoice(const port_table& table) {
    message_context context;
    REQUIRE(context.set("BTS.ReceivePortName", {.value = "Invoices", .is_promoted = true}));
    const auto deliveries = table.route("", context);
    if (!deliveries) {
        return deliveries.error().code;
    }
    std::string names;
    for (const new_delivery& one : *deliveries) {
        names += one.port + (one.held_for.empty() ? "" : "/" + one.held_for) + ' ';
    }
    return names;
}

void change(port_table& table, const std::string& port, const std::string& action) {
    const auto change = table.change(port, action);
    REQUIRE(change);
    table.apply(*change);
}

void change_group(port_table& table, const std::string& group, const std::string& action) {
    const auto change = table.change_group(group, action);
    REQUIRE(change);
    CHECK(change->is_group);
    table.apply(*change);
}

}  // namespace

TEST_CASE("where nobody takes a message, a bound port or group that would, and what no filter sees, are named") {
    const auto bindings = ports_in_a_group();
    port_table table = table_of(bindings);
    message_context context;
    REQUIRE(context.set("BTS.ReceivePortName", {.value = "Orders", .is_promoted = true}));
    const auto refusal = [&] { return table.route("", context).error().text; };
    CHECK(refusal() ==
          "no send port takes this message: no filter matches its promoted properties (name a port, or "
          "correct a filter)");
    REQUIRE(context.set("BTS.ReceivePortName", {.value = "Invoices", .is_promoted = true}));
    change(table, "Own", "unenlist");
    change_group(table, "Group", "unenlist");
    CHECK(refusal() ==
          "no send port takes this message: what would is bound, and so not subscribed: send port "
          "\"Own\", send port group \"Group\" (enlist or start it first)");
    change_group(table, "Group", "start");
    change(table, "Member", "unenlist");
    CHECK(refusal().find("all ports of the send port group \"Group\"") != std::string::npos);
    CHECK(table.route("", context, closing_rule::ignore).error().text == "no send port takes this message");
    REQUIRE(context.set("BTS.ReceivePortName", {.value = std::string(256, 'x')}));
    REQUIRE(context.set("T.Other", {.value = std::string(256, 'x')}));
    CHECK(refusal().find(
              "; BTS.ReceivePortName is not promoted, as its value is longer than 255 bytes: no filter sees it") !=
          std::string::npos);
    CHECK(refusal().find("T.Other") == std::string::npos);
}

TEST_CASE("a message is routed by the states that the ports have when it comes") {
    port_table table = table_of(two_ports());
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

TEST_CASE("a stopped group holds what it alone takes, a bound one takes nothing") {
    port_table table = table_of(ports_in_a_group());
    CHECK(route_invoice(table) == "Own Member ");
    change_group(table, "Group", "stop");
    CHECK(route_invoice(table) == "Own Member/Group ");
    change(table, "Member", "unenlist");
    CHECK(route_invoice(table) == "Own ");
    change(table, "Member", "start");
    change(table, "Own", "unenlist");
    CHECK(route_invoice(table) == "Member/Group ");
    change_group(table, "Group", "unenlist");
    CHECK(route_invoice(table) == "no_subscriber");
    change_group(table, "Group", "enlist");
    CHECK(table.group_state("Group") == "stopped");
    change_group(table, "Group", "start");
    CHECK(route_invoice(table) == "Member ");
}

TEST_CASE("one started group is enough for a message not to be held") {
    const auto bindings = ports_in_a_group();
    bindings->send_port_groups.push_back(group_binding("Other", {"Member"}));
    port_table table = table_of(bindings);
    change_group(table, "Group", "stop");
    CHECK(route_invoice(table) == "Own Member ");
    change_group(table, "Other", "stop");
    CHECK(route_invoice(table) == "Own Member/Group ");  // once, for the first
}

TEST_CASE("kept states count unless the bindings declare another one than before; ports and groups are apart") {
    const auto bindings = ports_in_a_group();
    bindings->send_port_groups[0].name = "Own";  // the name of a port
    const std::vector<port_state_record> kept = {
        {"Own", "stopped", "started", false}, {"Own", "bound", "started", true}, {"Member", "stopped", "bound", false}};
    const port_states states = read_port_states(*bindings, kept);
    CHECK(states.ports.at("Own") == "stopped");
    CHECK(states.groups.at("Own") == "bound");
    CHECK(states.ports.at("Member") == "started");
    REQUIRE(states.changes.size() == 1);
    CHECK(std::get<port_state_operation>(states.changes[0]).port == "Member");
}

TEST_CASE("what there is not, and what is no action, is refused by name") {
    port_table table = table_of(ports_in_a_group());
    CHECK(table.change("Group", "stop").error().code == "not_found");
    CHECK(table.change_group("Own", "stop").error().code == "not_found");
    CHECK(table.change_group("Group", "explode").error().code == "bad_input");
    CHECK(table.route("Secnod", {}).error().code == "no_subscriber");
    CHECK(table_of(two_ports()).route("Secnod", {}).error().text.find("\"Second\"") != std::string::npos);
}

TEST_CASE("replaced bindings route the next message, and a message knows that it has to be routed anew") {
    port_table table = table_of(two_ports());
    const std::uint64_t before = table.revision();
    CHECK(route_invoice(table) == "First Second ");
    CHECK(table.revision() == before);
    const auto bindings = std::make_shared<host_bindings>();
    bindings->send_ports = {port_binding("Third", invoices)};
    table.replace(bindings, read_port_states(*bindings, {}));
    CHECK(table.revision() != before);
    CHECK(route_invoice(table) == "Third ");
    CHECK(table.state("First").empty());
}

TEST_CASE("what goes to a port or group that is about to be removed is turned away until that is decided") {
    port_table table = table_of(ports_in_a_group());
    table.close({"Member"}, {});
    CHECK(route_invoice(table) == port_table::port_closing);
    CHECK(table.route("Own", {}));
    CHECK_FALSE(table.wait_until_open(1));
    table.reopen();
    CHECK(table.wait_until_open(0));
    change_group(table, "Group", "stop");
    table.close({}, {"Group"});
    CHECK(route_invoice(table) == port_table::port_closing);
    std::thread waiting([&table] { CHECK(table.wait_until_open(60'000)); });
    const auto bindings = two_ports();
    table.replace(bindings, read_port_states(*bindings, {}));
    waiting.join();
    CHECK(route_invoice(table) == "First Second ");
}
