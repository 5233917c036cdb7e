// hawser/test_kit.hpp: runs your component or adapter without an engine, through the same C ABI, and checks that it
// keeps the contract. Header only; needs the standard library alone, and any test framework you like.
//
//     hawser::test_kit::host host;
//     hawser::test_kit::message message("one\ntwo\n");
//     auto component = hawser::test_kit::instance::of<crlf_encoder>(host, {{"/OnBareCR", "fail"}});
//     auto ran = hawser::test_kit::run(component, message);
//     CHECK(ran.body == "one\r\ntwo\r\n");
//     CHECK(host.violations().empty());
//
// One test uses its objects on one thread; adapters may call back from any. Destroy the instance before its host.
#pragma once

#include "hawser/test_kit/audit.hpp"
#include "hawser/test_kit/delivery.hpp"
#include "hawser/test_kit/host.hpp"
#include "hawser/test_kit/instance.hpp"
#include "hawser/test_kit/message.hpp"
