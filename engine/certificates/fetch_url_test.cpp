#include "certificates/fetch_url.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

TEST_CASE("a host is a name or an address, and a port one that there is") {
    for (const char* url : {"http://[::1", "http://[::1]x/", "http://[]/", "http://[a.example]/", "http://a]/",
                            "http://[::1%25eth0]/", "http://::1/", "http://a:1:2/", "http://a\"b/", "http://a;b/",
                            "http://a:0/", "http://a:65536/", "http://a:65616/", "http://a:/", "http://a:+80/"}) {
        CAPTURE(url);
        CHECK_FALSE(parse_fetch_url(url));
    }
    CHECK_FALSE(parse_fetch_url("http://" + std::string(254, 'a') + "/"));
    CHECK(parse_fetch_url("http://" + std::string(253, 'a') + "/"));
    CHECK(parse_fetch_url("http://A_b-c.example:65535")->host == "A_b-c.example");
    CHECK(parse_fetch_url("http://[fe80::1]")->host == "fe80::1");
    CHECK(parse_fetch_url("ldap://:390/cn=x")->port == "390");
    CHECK(parse_fetch_url("ldap:///cn=x")->host.empty());
}

TEST_CASE("a target begins with a slash and has no fragment") {
    CHECK(parse_fetch_url("http://a")->target == "/");
    CHECK(parse_fetch_url("http://a?x#y")->target == "/?x");
    CHECK(parse_fetch_url("http://a/x?y=/#z?")->target == "/x?y=/");
    CHECK(parse_fetch_url("http://a#z")->target == "/");
}
