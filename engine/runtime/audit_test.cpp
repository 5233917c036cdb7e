// Audited ports in a host: what is delivered is in the archive first, and an archive that cannot be written stops them.
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "hawser/audit.hpp"
#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine::test;

namespace {

class audit_host_fixture : public host_fixture {
public:
    audit_host_fixture() { write_key("key.pem"); }

    void write_key(const std::string& name) const {
        EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        std::FILE* file = std::fopen(path(name).c_str(), "w");
        REQUIRE(PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
        std::fclose(file);
        file = std::fopen(path(name + ".pub").c_str(), "w");
        REQUIRE(PEM_write_PUBKEY(file, key) == 1);
        std::fclose(file);
        EVP_PKEY_free(key);
        fs::permissions(path(name), fs::perms::owner_read | fs::perms::owner_write);
    }
    // Ports of which those of `audited` are; an overlay has the archives, so that write() need not know of them.
    void write_audited(const std::vector<test_port>& ports, const std::string& content = "bytes") {
        write(ports);
        std::ofstream(path("audit.json"))
            << R"({"host":{"auditArchives":{"all":{"path":"archive","signingKey":"key.pem",)"
            << R"("content":")" << content << "\"}}}}";
    }
    load_result load_audited() const {
        return hawser::load(path("b.json").string(), {.overlays = {path("audit.json").string()}});
    }
    void run() {
        loaded_ = load_audited();
        for (const problem& one : loaded_.problems) {
            INFO(one.line_text());
            REQUIRE_FALSE(one.is_error);
        }
        REQUIRE(loaded_.value);
        opened<host> made = open_host(*loaded_.value, {});
        REQUIRE_MESSAGE(made.value, made.text);
        audited_ = std::move(made.value);
        audited_->start();
    }
    submit_answer send(const std::string& body, const std::string& port, wait_for wait = wait_for::first_attempt) {
        submission message;
        message.port = port;
        message.parts = {{.name = "body", .bytes = body}};
        return audited_->submit(message, {.wait = wait, .wait_max_ms = 30'000});
    }
    void stop() {
        audited_->stop();
        audited_.reset();
    }
    audit_verdict verdict() const {
        return verify_audit(path("archive").string(),
                            {.key_files = {path("key.pem.pub").string()}, .expected = {}, .wants_signed_end = true});
    }
    std::vector<audit_entry> entries(const std::string& kind) const {
        std::vector<audit_entry> found;
        read_audit(path("archive").string(), {}, [&](const audit_entry& one) {
            if (one.kind == kind) {
                found.push_back(one);
            }
            return true;
        });
        return found;
    }

protected:
    load_result loaded_;
    std::unique_ptr<host> audited_;
};

const std::string audited = R"(,"audit":"all")";

}  // namespace

TEST_CASE_FIXTURE(audit_host_fixture, "what an audited port delivers is in the archive, and what others do is not") {
    write_audited({{"Out", audited}, {"Plain"}});
    run();
    const submit_answer answer = send("an invoice", "Out");
    CHECK(answer.code == answer_code::done);
    CHECK(send("a note", "Plain").code == answer_code::done);
    stop();
    const audit_verdict seen = verdict();
    CHECK(seen.code == answer_code::done);
    CHECK(seen.hand_over_count == 1);
    CHECK(seen.result_count == 1);
    const std::vector<audit_entry> handed = entries("hand-over");
    REQUIRE(handed.size() == 1);
    CHECK(handed[0].port == "Out");
    CHECK(handed[0].message_id == answer.message_id);
    CHECK(handed[0].attempt == 1);
    CHECK(handed[0].size == std::string("an invoice").size());
}

TEST_CASE_FIXTURE(audit_host_fixture, "a port whose archive cannot be written sends nothing, and goes on when it can") {
    write_audited({{"Out", audited, "delivered", "", R"(,"retryInterval":"1s","retryCount":1000)"}});
    std::ofstream(path("archive")) << "a file where the folder should be";
    run();
    const submit_answer answer = send("kept back", "Out");
    CHECK(answer.code == answer_code::accepted);
    CHECK(arrived("Out").empty());
    const std::vector<std::string> warnings = audited_->status().warnings;
    CHECK(std::any_of(warnings.begin(), warnings.end(), [](const std::string& one) {
        return one.find("audit archive") != std::string::npos && one.find("send nothing") != std::string::npos;
    }));
    fs::remove(path("archive"));
    CHECK(eventually([&] { return arrived("Out").size() == 1; }));
    stop();
    CHECK(verdict().code == answer_code::done);
    CHECK(entries("hand-over").size() == 1);
}

TEST_CASE_FIXTURE(audit_host_fixture, "a reload audits a port, keeps the archive open, and stops to audit it") {
    write_audited({{"Out"}});
    run();
    const auto put_in_place = [&] { return audited_->reload(load_audited(), {}).code; };
    CHECK(send("1", "Out").code == answer_code::done);
    write_audited({{"Out", audited}});
    CHECK(put_in_place() == answer_code::done);
    CHECK(send("2", "Out").code == answer_code::done);
    write_audited({{"Out", audited + R"(,"priority":1)"}}, "hash");
    CHECK(put_in_place() == answer_code::done);
    CHECK(send("3", "Out").code == answer_code::done);
    write_audited({{"Out"}});
    CHECK(put_in_place() == answer_code::done);
    CHECK(send("4", "Out").code == answer_code::done);
    stop();
    CHECK(arrived("Out").size() == 4);
    CHECK(entries("hand-over").size() == 2);
    CHECK(verdict().code == answer_code::done);
}

TEST_CASE_FIXTURE(audit_host_fixture, "a key that is missing, or that others can read, is said by check") {
    write_audited({{"Out", audited}});
    fs::permissions(path("key.pem"), fs::perms::others_read, fs::perm_options::add);
    load_result readable = load_audited();
    REQUIRE(readable.problems.size() == 1);
    CHECK_FALSE(readable.problems[0].is_error);
    CHECK(readable.problems[0].text.find("chmod 600") != std::string::npos);
    fs::remove(path("key.pem"));
    load_result missing = load_audited();
    CHECK_FALSE(missing.value);
    REQUIRE(missing.problems.size() == 1);
    CHECK(missing.problems[0].pointer == "/host/auditArchives/all/signingKey");
}
