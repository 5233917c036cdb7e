// What needs no token; tests/integration/pkcs11_test.py has one.
#include "certificates/pkcs11_token.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "certificates/certificate_store.hpp"
#include "certificates/refused_pins.hpp"

namespace hawser::engine {
namespace {

token_source source_of(const std::string& module) { return {module, "pkcs11:token=bus", secret_text("4711")}; }

}  // namespace

TEST_CASE("a module that is not there is a problem that names it, and leaves the folders in use") {
    certificate_store::sources sources;
    sources.tokens = {source_of("/nowhere/module.so")};
    certificate_store store(sources);
    REQUIRE(store.current()->problems().size() == 1);
    const std::string problem = store.current()->problems().front();
    CHECK(problem.find("/nowhere/module.so") != std::string::npos);
    CHECK(problem.find("host.certificates.tokens") != std::string::npos);
    CHECK(problem.find("4711") == std::string::npos);
    CHECK(store.current()->token_problems.size() == 1);
    CHECK_FALSE(store.refresh(folder_look::settled));  // it is the same problem
}

TEST_CASE("a library that is no PKCS #11 module is refused") {
    pkcs11_token token(source_of("/lib/x86_64-linux-gnu/libm.so.6"));
    CHECK(token.refresh(folder_look::at_once));
    CHECK(token.problem().find("cannot be loaded") != std::string::npos);
    CHECK_FALSE(token.refresh(folder_look::at_once));
}

TEST_CASE("only keys that a token has can be used") {
    const certificate_store store({});
    const result<std::string> made = store.use_key("pkcs11:token=bus;type=private", {key_operation::sign_pkcs1, "x"});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == token_has_no_such_key);
}

TEST_CASE("a refused PIN is known for its token, and for no other") {
    refused_pins pins;
    const secret_text pin("4711");
    const secret_text other("4712");
    refused_pins::turn(pins, "one", pin).refuse();
    CHECK(refused_pins::turn(pins, "one", pin).is_refused());
    CHECK_FALSE(refused_pins::turn(pins, "one", other).is_refused());
    CHECK_FALSE(refused_pins::turn(pins, "two", pin).is_refused());
}

TEST_CASE("a wrong PIN is given once, however many threads have it") {
    refused_pins pins;
    const secret_text pin("4711");
    std::atomic<int> given{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            refused_pins::turn turn(pins, "one", pin);
            if (!turn.is_refused()) {
                ++given;
                std::this_thread::yield();
                turn.refuse();
            }
        });
    }
    for (std::thread& one : threads) {
        one.join();
    }
    CHECK(given == 1);
}

}  // namespace hawser::engine
