#include "certificates/certificate_folder.hpp"

#include <ctime>

#include "certificates/certificate_fixture.hpp"

using namespace hawser::engine;
using test::find;
using test::made_folder;
namespace fs = std::filesystem;

namespace {

// A folder that is looked at as a running host does.
struct watched_folder : made_folder {
    certificate_passwords passwords;
    folder_reader reader{path.string(), passwords};

    certificate_folder settled() {
        reader.refresh(folder_look::settled);
        reader.refresh(folder_look::settled);
        return reader.content();
    }
};

}  // namespace

TEST_CASE("a changed file is taken when it has stayed the same from one look to the next") {
    watched_folder folder;
    folder.make("one");
    folder.reader.refresh(folder_look::at_once);
    const std::string before = find(folder.reader.content(), "one.pem")->sha256;
    folder.make("one");
    CHECK_FALSE(folder.reader.refresh(folder_look::settled));
    CHECK(find(folder.reader.content(), "one.pem")->sha256 == before);
    CHECK(folder.reader.refresh(folder_look::settled));
    CHECK(find(folder.reader.content(), "one.pem")->sha256 != before);
    CHECK_FALSE(folder.reader.refresh(folder_look::settled));
}

TEST_CASE("a half-written file leaves in use what it held, says so, and is taken once it is whole") {
    watched_folder folder;
    folder.make("one");
    const std::string before = find(folder.settled(), "one.pem")->sha256;
    folder.make("next");
    const std::string whole = folder.read("next.pem");
    fs::remove(folder.path / "next.pem");
    const std::size_t key_start = whole.find("-----BEGIN PRIVATE");
    for (const std::size_t size : {std::size_t{0}, std::size_t{300}, key_start - 3, key_start, key_start + 100}) {
        CAPTURE(size);
        folder.write("one.pem", whole.substr(0, size));
        const certificate_folder content = folder.settled();
        REQUIRE(find(content, "one.pem") != nullptr);
        CHECK(find(content, "one.pem")->sha256 == before);
        CHECK_FALSE(find(content, "one.pem")->private_key.empty());
        REQUIRE(content.problems.size() == 1);
        CHECK(content.problems[0].find("one.pem: ") != std::string::npos);
        CHECK(content.problems[0].find("what it held before stays in use") != std::string::npos);
    }
    folder.write("one.pem", whole);
    const certificate_folder content = folder.settled();
    CHECK(content.problems.empty());
    CHECK(find(content, "one.pem")->subject == "CN=next");
    CHECK_FALSE(find(content, "one.pem")->private_key.empty());
}

TEST_CASE("a certificate and its key in two files are replaced one after the other, in either order") {
    watched_folder folder;
    const auto split = [&](const std::string& name, const std::string& certificate, const std::string& key) {
        const std::string both = folder.read(name + ".pem");
        const std::size_t key_start = both.find("-----BEGIN PRIVATE");
        folder.write(certificate, both.substr(0, key_start));
        folder.write(key, both.substr(key_start));
        fs::remove(folder.path / (name + ".pem"));
    };
    folder.make("old");
    split("old", "bus.crt", "bus.key");
    CHECK_FALSE(find(folder.settled(), "bus.crt")->private_key.empty());
    folder.make("new");
    split("new", ".new.crt", ".new.key");
    std::string first = "bus.crt";
    SUBCASE("the certificate first") {}
    SUBCASE("the key first") { first = "bus.key"; }
    fs::rename(folder.path / (first == "bus.crt" ? ".new.crt" : ".new.key"), folder.path / first);
    const certificate_folder between = folder.settled();
    CHECK(find(between, "bus.crt")->subject == "CN=old");
    CHECK_FALSE(find(between, "bus.crt")->private_key.empty());
    fs::rename(folder.path / (first == "bus.crt" ? ".new.key" : ".new.crt"),
               folder.path / (first == "bus.crt" ? "bus.key" : "bus.crt"));
    const certificate_folder after = folder.settled();
    CHECK(find(after, "bus.crt")->subject == "CN=new");
    CHECK_FALSE(find(after, "bus.crt")->private_key.empty());
    CHECK(after.problems.empty());
}

TEST_CASE("an old key stays beside the new one until its file is removed, which takes two looks") {
    watched_folder folder;
    folder.make("old");
    folder.settled();
    folder.make("new");
    CHECK(folder.settled().certificates.size() == 2);
    CHECK_FALSE(find(folder.reader.content(), "old.pem")->private_key.empty());
    fs::remove(folder.path / "old.pem");
    CHECK_FALSE(folder.reader.refresh(folder_look::settled));
    CHECK(find(folder.reader.content(), "old.pem") != nullptr);
    CHECK(folder.reader.refresh(folder_look::settled));
    CHECK(find(folder.reader.content(), "old.pem") == nullptr);
    CHECK(folder.reader.content().certificates.size() == 1);
}

TEST_CASE("of a file with several the newest valid certificate with a key is meant") {
    made_folder folder;
    folder.run(
        "for name in early late; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
        "/CN=$name -days 30 -keyout $name.key -out $name.crt; sleep 1.1; done; openssl req -x509 -newkey ec "
        "-pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=stranger -days 60 -keyout /dev/null -out last.crt; cat "
        "early.crt late.crt last.crt early.key late.key > .bus && rm ./*.crt ./*.key && mv .bus bus.pem");
    const certificate_folder content = read_certificate_folder(folder.path.string());
    const certificate_entry* late = find(content, "bus.pem");
    REQUIRE(late != nullptr);
    CHECK(late->subject == "CN=late");
    constexpr std::int64_t before_anything = 1000;
    CHECK(find_certificate(content, "bus.pem", certificate_role::signer, before_anything)->subject == "CN=late");
    const std::int64_t before_late = late->not_before_unix - 1;
    CHECK(find_certificate(content, "bus.pem", certificate_role::signer, before_late)->subject == "CN=early");
}

TEST_CASE("of a partner's file the first certificate is meant, or where it has ended the renewed one") {
    made_folder folder;
    folder.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=partner -days 1 -keyout "
        "/dev/null -out a.crt; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca "
        "-days 90 -keyout /dev/null -out b.crt; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
        "-nodes -subj /CN=partner -days 60 -keyout /dev/null -out c.crt; cat a.crt b.crt c.crt > partner.pem && rm "
        "./*.crt");
    const certificate_folder content = read_certificate_folder(folder.path.string());
    const std::int64_t now = std::time(nullptr);
    constexpr std::int64_t day = 24 * 3600;
    CHECK(find_certificate(content, "partner.pem", certificate_role::recipient, now)->not_after_unix < now + 2 * day);
    const certificate_entry* renewed =
        find_certificate(content, "partner.pem", certificate_role::recipient, now + 10 * day);
    CHECK(renewed->subject == "CN=partner");
    CHECK(renewed->not_after_unix > now + 50 * day);
    CHECK(find_certificate(content, "partner.pem", certificate_role::recipient, now + 70 * day)->sha256 ==
          find_certificate(content, "partner.pem", certificate_role::recipient, now)->sha256);
}

TEST_CASE("of a file that begins with its issuer, or with a certificate for signing, the one to encrypt for is meant") {
    made_folder folder;
    folder.make("ca", "-days 90 -addext keyUsage=keyCertSign");
    const std::string leaf = "-days 90 -addext basicConstraints=critical,CA:FALSE -addext keyUsage=";
    folder.make("signs", leaf + "digitalSignature");
    folder.make("reads", leaf + "keyAgreement");
    folder.run("cat ca.pem signs.pem reads.pem > .all && rm ca.pem signs.pem reads.pem && mv .all us.pem");
    folder.run("sed '/BEGIN PRIVATE/,/END PRIVATE/d' us.pem > partner.crt");
    const certificate_folder own = read_certificate_folder(folder.path.string());
    for (const char* file : {"us.pem", "partner.crt"}) {
        CAPTURE(file);
        CHECK(find(own, file, certificate_role::recipient)->subject == "CN=reads");
    }
    CHECK(find(own, "us.pem", certificate_role::signer)->subject != "CN=reads");
}

TEST_CASE("an authority is encrypted for where there is nothing else") {
    made_folder folder;
    folder.make("only", "-days 90");
    folder.run("sed '/BEGIN PRIVATE/,/END PRIVATE/d' only.pem > .only && mv .only only.pem");
    const certificate_folder content = read_certificate_folder(folder.path.string());
    CHECK(content.certificates.at(0).usage.is_authority);
    CHECK(find(content, "only.pem", certificate_role::recipient) != nullptr);
}

TEST_CASE("a thumbprint is known however it was pasted") {
    made_folder folder;
    folder.make("one");
    const certificate_folder content = read_certificate_folder(folder.path.string());
    for (const std::string& whole : {content.certificates.at(0).sha1, content.certificates.at(0).sha256}) {
        std::string spaced;
        std::string dashed;
        for (std::size_t i = 0; i < whole.size(); i += 2) {
            spaced += (i == 0 ? "" : "\xc2\xa0") + whole.substr(i, 2);
            dashed += (i == 0 ? "" : i % 4 == 0 ? "-" : ":\t") + whole.substr(i, 2);
        }
        for (const std::string& pasted :
             {"\xe2\x80\x8e" + whole, "0x" + whole, " 0X" + whole + '\n', spaced, dashed, "\xef\xbb\xbf" + spaced}) {
            CAPTURE(pasted);
            CHECK(find(content, pasted) != nullptr);
        }
        CHECK(find(content, "x" + whole) == nullptr);
        CHECK(find(content, whole.substr(2)) == nullptr);
        CHECK(find(content, whole + "00") == nullptr);
    }
    CHECK(find(content, "") == nullptr);
}

TEST_CASE("passwords go to the files that they are for") {
    made_folder folder;
    folder.make("one");
    folder.run("openssl pkcs12 -export -in one.pem -passout pass:secret -out one.p12 && rm one.pem");
    CHECK(read_certificate_folder(folder.path.string()).certificates.empty());
    const certificate_folder opened =
        read_certificate_folder(folder.path.string(), {{"one.p12", secret_text("secret")}});
    CHECK(opened.problems.empty());
    CHECK_FALSE(find(opened, "one.p12")->private_key.empty());
}

TEST_CASE("a folder that cannot be read any more leaves in use what it held") {
    watched_folder folder;
    folder.make("one");
    folder.settled();
    fs::rename(folder.path, folder.path.string() + "-moved");
    const certificate_folder content = folder.settled();
    CHECK(find(content, "one.pem") != nullptr);
    REQUIRE(content.problems.size() == 1);
    CHECK(content.problems[0].find("the folder cannot be read") != std::string::npos);
    fs::rename(folder.path.string() + "-moved", folder.path);
    CHECK(folder.settled().problems.empty());
}
