#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

// Line 2 has the archives, line 3 the port's members after its name.
loaded load_audit(const folder& f, const std::string& archives, const std::string& port) {
    return load(f.write("b.json", "{\"host\": {\n\"auditArchives\": {" + archives +
                                      "}}, \"sendHandlers\": {\"MAIL\": {\"From\": \"a@b\"}, \"FILE\": "
                                      "{\"FileName\": \"x\"}}, \"sendPorts\": [\n{\"name\": \"A\", " +
                                      port + "}]}"));
}

const std::string mail = R"("primaryTransport": {"type": "MAIL", "address": "mailto:x@y"})";
const std::string archive = R"("mail": {"path": "audit/mail", "signingKey": "audit.pem"})";

}  // namespace

TEST_CASE("an archive has defaults, and a port names it") {
    const folder f;
    const loaded got = load_audit(f, archive, R"("audit": "mail", )" + mail);
    REQUIRE(got.lines(f.path).empty());
    CHECK(got.bindings.send_ports.at(0).audit == "mail");
    REQUIRE(got.bindings.host.audit_archives.size() == 1);
    const audit_archive_binding& one = got.bindings.host.audit_archives[0];
    CHECK(one.name == "mail");
    CHECK(one.folder == std::filesystem::weakly_canonical(f.path / "audit/mail").string());
    CHECK(one.signing_key == std::filesystem::weakly_canonical(f.path / "audit.pem").string());
    CHECK(one.keeps_bytes);
    CHECK(one.sign_after_records == 1000);
    CHECK(one.sign_after_ms == 3600 * 1000);
}

TEST_CASE("every setting of an archive is read") {
    const folder f;
    const loaded got = load_audit(f, R"("mail": {"path": "/a", "signingKey": "/k", "content": "hash",
                                       "signAfterRecords": 7, "signAfter": "90s"})",
                                  mail);
    REQUIRE(got.lines(f.path).empty());
    CHECK(got.bindings.send_ports.at(0).audit.empty());
    const audit_archive_binding& one = got.bindings.host.audit_archives.at(0);
    CHECK_FALSE(one.keeps_bytes);
    CHECK(one.sign_after_records == 7);
    CHECK(one.sign_after_ms == 90'000);
}

TEST_CASE("each mistake is one error, with its place and what to do") {
    struct mistake {
        std::string archives;
        std::string port;
        std::string place;
        std::string piece;
    };
    const std::string file = R"("primaryTransport": {"type": "FILE", "address": "file:///x"})";
    const std::string backup = R"("backupTransport": {"type": "FILE", "address": "file:///x"})";
    const std::vector<mistake> mistakes{
        {archive, R"("audit": "mial", )" + mail, "b.json:3:", "did you mean \"mail\"?"},
        {archive, R"("audit": "mail", )" + file, "b.json:3:", "FILE, and that adapter does not record what it sends"},
        {archive, R"("audit": "mail", )" + mail + ", " + backup, "b.json:3:", "does not record what it sends"},
        {archive, R"("audit": 1, )" + mail, "b.json:3:", "string"},
        {R"("m": {"signingKey": "k"})", mail, "b.json:2:", "needs a path"},
        {R"("m": {"path": "", "signingKey": "k"})", mail, "b.json:2:", "needs a path"},
        {R"("m": {"path": "a"})", mail, "b.json:2:", "openssl genpkey"},
        {R"("m": {"path": "a", "signingKey": "k", "content": "half"})", mail, "b.json:2:", "hash"},
        {R"("m": {"path": "a", "signingKey": "k", "signAfterRecords": 0})", mail, "b.json:2:", "1"},
        {R"("m": {"path": "a", "signingKey": "k", "signAfter": "soon"})", mail, "b.json:2:", "signAfter"},
        {R"("m": {"path": "a", "signingKey": "k", "singAfter": "1h"})", mail, "b.json:2:", "signAfter"},
        {R"("m": {"path": "a", "signingKey": "k"}, "n": {"path": "x/../a/", "signingKey": "k"})", mail,
         "b.json:2:", "the folder of \"m\" already"},
        {R"("m": "audit")", mail, "b.json:2:", "object"}};
    for (const mistake& one : mistakes) {
        const folder f;
        const loaded got = load_audit(f, one.archives, one.port);
        const std::vector<std::string> lines = got.lines(f.path);
        CAPTURE(one.archives);
        CAPTURE(one.port);
        REQUIRE(lines.size() == 1);
        CAPTURE(lines[0]);
        CHECK(lines[0].starts_with(one.place));
        CHECK(lines[0].find(one.piece) != std::string::npos);
    }
}

TEST_CASE("two archives do not share a folder, however it is written") {
    const folder f;
    std::filesystem::create_directory(f.path / "real");
    std::filesystem::create_directory_symlink(f.path / "real", f.path / "link");
    for (const std::string twin : {"real", "./real/", "real/x/..", "link"}) {
        CAPTURE(twin);
        const std::vector<std::string> lines =
            load(f.write("t.json", R"({"host": {"auditArchives": {"a": {"path": "real", "signingKey": "k"},
                "b": {"path": ")" + twin +
                                       R"(", "signingKey": "k"}}}, "sendPorts": []})"))
                .lines(f.path);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].find("/host/auditArchives/b/path: this is the folder of \"a\"") != std::string::npos);
    }
}

TEST_CASE("a dynamic port with an archive may use none that does not record") {
    const folder f;
    const std::string mail_archive = R"({"mail": {"path": "audit/mail", "signingKey": "secrets/audit.pem"}})";
    const auto load_dynamic = [&](const std::string& locations) {
        return load(f.write("d.json", R"({"host": {"auditArchives": )" + mail_archive +
                                          R"(}, "sendHandlers": {"MAIL": {"From": "f@example.test"},
            "FILE": {"FileName": "f"}}, "sendPorts": [{"name": "Out", "audit": "mail", "dynamic": true,
            "allowedLocations": )" + locations +
                                          "}]}"))
            .lines(f.path);
    };
    const std::vector<std::string> mail = load_dynamic(R"(["mailto:*@b.example"])");
    CAPTURE((mail.empty() ? "" : mail[0]));
    CHECK(mail.empty());
    const std::vector<std::string> both = load_dynamic(R"(["mailto:*@b.example", "file:/tmp/*"])");
    REQUIRE(both.size() == 1);
    CHECK(both[0].find("/sendPorts/0/audit: the port may send by FILE") != std::string::npos);
}
