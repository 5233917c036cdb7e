#include "bindings/used_adapters.hpp"

#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

const std::string by_mail = R"("primaryTransport": {"type": "MAIL", "address": "mailto:x@y"})";
const std::string by_file = R"("primaryTransport": {"type": "FILE", "address": "file:///x"})";

// Line 2 has the encoder's properties.
std::vector<std::string> check(const std::string& properties, const std::string& transport) {
    const folder f;
    return load(f.write("b.json",
                        R"({"host": {"name": "T", "messageBox": {"type": "sqlite", "path": "b.db"}}, )"
                        "\"pipelines\": {\"P\": {\"encode\": [{\"component\": \"Encoder\", \"properties\":\n{" +
                            properties +
                            "}}]}}, \"sendHandlers\": {\"MAIL\": {\"From\": \"a@b\"}, \"FILE\": "
                            "{\"FileName\": \"x\"}}, \"sendPorts\": [{\"name\": \"A\", \"pipeline\": \"P\", " +
                            transport + "}]}"))
        .lines(f.path);
}

}  // namespace

TEST_CASE("a property without effect with the port's adapter is named") {
    const std::string protection = R"("HeaderProtection": "hcp_baseline")";
    const std::string encoding = R"("TransferEncoding": "Binary")";
    CHECK(check(protection, by_mail).empty());
    CHECK(check(encoding, by_file).empty());
    CHECK(check(R"("EnableEncryption": true)", by_file).empty());  // and no default is warned of
    CHECK(check(R"("EnableEncryption": true)", by_mail).empty());

    const std::vector<std::string> on_file = check(protection, by_file);
    REQUIRE(on_file.size() == 1);
    CHECK(on_file[0].find("b.json:2:") == 0);
    CHECK(on_file[0].find("warning") != std::string::npos);
    CHECK(on_file[0].find("HeaderProtection has no effect where the send port \"A\" sends by FILE") !=
          std::string::npos);

    const std::vector<std::string> in_mail = check(encoding, by_mail);
    REQUIRE(in_mail.size() == 1);
    CHECK(in_mail[0].find("TransferEncoding has no effect where the send port \"A\" sends by MAIL") !=
          std::string::npos);

    const std::string backup = by_mail + R"(, "backupTransport": {"type": "FILE", "address": "file:///x"})";
    CHECK(check(protection + ", " + encoding, backup).size() == 2);
}
