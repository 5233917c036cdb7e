#include "certificates/certificate_store.hpp"

#include <cstdio>

#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;
using test::find;
namespace fs = std::filesystem;

namespace {

std::string output_of(const std::string& command) {
    std::string text;
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[256];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) {
        text.append(buffer, size);
    }
    ::pclose(pipe);
    return text;
}

// Made by the openssl command, which is also who says what the thumbprints are.
struct folder_of_forms : test::made_folder {
    folder_of_forms() {
        make("one");
        run("openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=two -keyout two.key -out two.pem");
        run("openssl x509 -in two.pem -outform DER -out two.der && openssl pkcs12 -export -in one.pem -passout pass: "
            "-out "
            "one.p12");
    }
};

}  // namespace

TEST_CASE("certificates and keys are read in every form and found by thumbprint and file name") {
    const folder_of_forms made;
    const certificate_folder folder = read_certificate_folder(made.path.string());
    CHECK(folder.problems.empty());
    CHECK(folder.certificates.size() == 4);
    std::string sha1 = output_of("openssl x509 -in " + (made.path / "one.pem").string() + " -noout -fingerprint -sha1");
    sha1 = sha1.substr(sha1.find('=') + 1);
    sha1.erase(sha1.find_last_not_of('\n') + 1);
    const certificate_entry* one = find(folder, sha1);
    REQUIRE(one != nullptr);
    CHECK(one->subject == "CN=one");
    CHECK_FALSE(one->private_key.empty());
    CHECK(find(folder, one->sha256) == one);
    CHECK(find(folder, "two.pem")->subject == "CN=two");
    CHECK_FALSE(find(folder, "two.pem")->private_key.empty());  // from two.key beside it
    CHECK_FALSE(find(folder, "one.p12")->private_key.empty());
    CHECK(find(folder, "two.der")->der == find(folder, "two.pem")->der);
    CHECK(find(folder, "three.pem") == nullptr);
}

TEST_CASE("a broken file is named and the others are used; a key that others may read is a problem") {
    const folder_of_forms made;
    std::ofstream(made.path / "broken.pem") << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::ofstream(made.path / "text.txt") << "nothing";
    fs::permissions(made.path / "one.pem", fs::perms::others_read, fs::perm_options::add);
    const certificate_folder folder = read_certificate_folder(made.path.string());
    CHECK(folder.certificates.size() == 4);
    REQUIRE(folder.problems.size() == 3);
    CHECK(folder.problems[0].find("broken.pem") != std::string::npos);
    CHECK(folder.problems[1].find("chmod 600") != std::string::npos);
    CHECK(folder.problems[2].find("text.txt") != std::string::npos);
}

TEST_CASE("a look at what has not changed makes no new snapshot") {
    const folder_of_forms made;
    certificate_store store({made.path.string(), "", "", {}});
    const auto before = store.current();
    CHECK_FALSE(store.refresh(folder_look::settled));
    CHECK(store.current() == before);
    fs::remove(made.path / "two.der");
    CHECK_FALSE(store.refresh(folder_look::settled));
    CHECK(store.refresh(folder_look::settled));
    CHECK(find(store.current()->personal, "two.der") == nullptr);
    CHECK(store.current()->problems().empty());
}

TEST_CASE("reload picks up a new file and counts the revision") {
    const folder_of_forms made;
    certificate_store store({made.path.string(), "", "", {}});
    const auto before = store.current();
    fs::copy_file(made.path / "two.pem", made.path / "three.pem");
    store.reload();
    CHECK(find(before->personal, "three.pem") == nullptr);
    CHECK(find(store.current()->personal, "three.pem") != nullptr);
    CHECK(store.current()->revision > before->revision);
}
