#include "certificates/pkcs11_uri.hpp"

#include <doctest/doctest.h>

#include "certificates/certificate_folder.hpp"

namespace hawser::engine {

TEST_CASE("a PKCS #11 URI is read, and written again") {
    const result<pkcs11_uri> read =
        parse_pkcs11_uri("pkcs11:token=The%20bus;id=%01%ff;object=a/b?module-path=/usr/lib/x.so&pin-value=12");
    REQUIRE(read);
    CHECK(read->path.at("token") == "The bus");
    CHECK(read->path.at("id") == "\x01\xff");
    CHECK(read->path.at("object") == "a/b");
    CHECK(read->query.at("module-path") == "/usr/lib/x.so");
    CHECK(to_text(*read) == "pkcs11:id=%01%FF;object=a%2Fb;token=The%20bus?module-path=/usr/lib/x.so&pin-value=12");
    CHECK(parse_pkcs11_uri("pkcs11:")->path.empty());
}

TEST_CASE("what is no PKCS #11 URI is refused with a reason") {
    for (const char* text : {"", "token=bus", "PKCS11:token=bus", "pkcs11:token", "pkcs11:=bus", "pkcs11:token=%4",
                             "pkcs11:token=%", "pkcs11:token=%zz", "pkcs11:token=a;token=b", "pkcs11:;",
                             "pkcs11:to\nken=a", "pkcs11:\xff=a", "pkcs11:a b=c", "pkcs11:?a/b=c"}) {
        CAPTURE(text);
        const result<pkcs11_uri> read = parse_pkcs11_uri(text);
        REQUIRE_FALSE(read);
        CHECK_FALSE(read.error().text.empty());
    }
}

TEST_CASE("what is wrong in a PKCS #11 URI is told by its place, not quoted") {
    const result<pkcs11_uri> read = parse_pkcs11_uri("pkcs11:token=bus?pin-value=12&34");
    REQUIRE_FALSE(read);
    CHECK(read.error().text.find("attribute 2 after the ?") == 0);
    CHECK(read.error().text.find("34") == std::string::npos);
}

TEST_CASE("a URI fits where all that it says is so, whatever its type") {
    const pkcs11_uri bus = *parse_pkcs11_uri("pkcs11:token=bus;serial=7;object=signing;id=%01");
    for (const char* wanted : {"pkcs11:", "pkcs11:token=bus", "pkcs11:id=%01;type=cert;object=signing"}) {
        CHECK(fits(*parse_pkcs11_uri(wanted), bus));
    }
    for (const char* wanted : {"pkcs11:token=Bus", "pkcs11:token=bus;model=x", "pkcs11:id=01", "pkcs11:slot-id=0"}) {
        CHECK_FALSE(fits(*parse_pkcs11_uri(wanted), bus));
    }
}

TEST_CASE("of the certificates that a URI fits the newest that is valid and has a key is taken") {
    const auto entry = [](const char* uri, std::int64_t not_before, const char* key) {
        certificate_entry made;
        made.uri = uri;
        made.sha1 = uri;
        made.not_before_unix = not_before;
        made.not_after_unix = 1000;
        made.private_key = key;
        return made;
    };
    certificate_folder folder;
    folder.certificates = {entry("pkcs11:token=a;object=x;id=%01", 1, "k"),
                           entry("pkcs11:token=a;object=x;id=%02", 5, "k"),
                           entry("pkcs11:token=a;object=x;id=%03", 9, ""), entry("", 9, "k"),
                           entry("pkcs11:token=b;object=x;id=%04", 50, "k")};
    const auto found = [&](const char* selector, std::int64_t now) {
        const certificate_entry* one = find_certificate(folder, selector, certificate_role::signer, now);
        return one == nullptr ? "" : one->uri;
    };
    CHECK(found("pkcs11:token=a;object=x", 20) == "pkcs11:token=a;object=x;id=%02");
    CHECK(found("pkcs11:object=x", 20) == "pkcs11:token=a;object=x;id=%02");
    CHECK(found("pkcs11:object=x", 60) == "pkcs11:token=b;object=x;id=%04");
    CHECK(found("pkcs11:id=%03", 20) == "pkcs11:token=a;object=x;id=%03");
    CHECK(found("pkcs11:object=y", 20).empty());
}

}  // namespace hawser::engine
