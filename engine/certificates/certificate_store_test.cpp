#include "certificates/certificate_store.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hawser::engine;
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
struct made_folder {
    made_folder() {
        std::string pattern = (fs::temp_directory_path() / "hawser-certificates-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
        const std::string in = "cd " + path.string() + " && umask 077 && ";
        const std::string request = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 ";
        REQUIRE(std::system((in + request +
                             "-subj /CN=one -keyout one.key -out one.crt 2>/dev/null && cat one.crt one.key > one.pem "
                             "&& rm one.crt one.key")
                                .c_str()) == 0);
        REQUIRE(std::system((in + request + "-subj /CN=two -keyout two.key -out two.pem 2>/dev/null").c_str()) == 0);
        REQUIRE(std::system((in + "openssl x509 -in two.pem -outform DER -out two.der && openssl pkcs12 -export -in "
                                  "one.pem -passout pass: -out one.p12")
                                .c_str()) == 0);
    }
    ~made_folder() { fs::remove_all(path); }
    fs::path path;
};

}  // namespace

TEST_CASE("certificates and keys are read in every form and found by thumbprint and file name") {
    const made_folder made;
    const certificate_folder folder = read_certificate_folder(made.path.string());
    CHECK(folder.problems.empty());
    CHECK(folder.certificates.size() == 4);
    std::string sha1 = output_of("openssl x509 -in " + (made.path / "one.pem").string() + " -noout -fingerprint -sha1");
    sha1 = sha1.substr(sha1.find('=') + 1);
    sha1.erase(sha1.find_last_not_of('\n') + 1);
    const certificate_entry* one = find_certificate(folder, sha1);
    REQUIRE(one != nullptr);
    CHECK(one->subject == "CN=one");
    CHECK_FALSE(one->private_key.empty());
    CHECK(find_certificate(folder, one->sha256) == one);
    CHECK(find_certificate(folder, "two.pem")->subject == "CN=two");
    CHECK_FALSE(find_certificate(folder, "two.pem")->private_key.empty());  // from two.key beside it
    CHECK_FALSE(find_certificate(folder, "one.p12")->private_key.empty());
    CHECK(find_certificate(folder, "two.der")->der == find_certificate(folder, "two.pem")->der);
    CHECK(find_certificate(folder, "three.pem") == nullptr);
}

TEST_CASE("a broken file is named and the others are used; a key that others may read is a problem") {
    const made_folder made;
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

TEST_CASE("reload picks up a new file and counts the revision") {
    const made_folder made;
    certificate_store store({made.path.string(), "", ""});
    const auto before = store.current();
    fs::copy_file(made.path / "two.pem", made.path / "three.pem");
    store.reload();
    CHECK(find_certificate(before->personal, "three.pem") == nullptr);
    CHECK(find_certificate(store.current()->personal, "three.pem") != nullptr);
    CHECK(store.current()->revision > before->revision);
}
