#include "certificates/answer_fetch.hpp"

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "certificates/fetch_url.hpp"
#include "certificates/ldap_fetch.hpp"
#include "certificates/public_address.hpp"

using namespace hawser::engine;
namespace asio = boost::asio;
using doctest::Contains;

namespace {

// A server for one connection, which answers with these bytes whatever it is asked, and then says no more.
class one_answer {
public:
    // It waits for the end of an HTTP request, or for so many bytes.
    explicit one_answer(std::string answer, std::size_t request_size = 0)
        : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}) {
        thread_ = std::thread([this, answer = std::move(answer), request_size] {
            asio::ip::tcp::socket socket(io_);
            boost::system::error_code failed;
            acceptor_.accept(socket, failed);
            asio::streambuf request;
            if (request_size > 0) {
                asio::read(socket, request, asio::transfer_at_least(request_size), failed);
            } else {
                asio::read_until(socket, request, "\r\n\r\n", failed);
            }
            asio::write(socket, asio::buffer(answer), failed);
            if (answer.empty()) {
                asio::read_until(socket, request, "never", failed);  // until the other side gives up
            }
        });
    }
    ~one_answer() { thread_.join(); }
    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/list.crl";
    }

private:
    asio::io_context io_;
    asio::ip::tcp::acceptor acceptor_;
    std::thread thread_;
};

bool is_public_address(const std::string& text) {
    boost::system::error_code code;
    const asio::ip::address address = asio::ip::make_address(text, code);
    return !code && is_public(address);
}

const std::atomic<bool> runs{false};
const fetch_limits local{1000, std::chrono::seconds(2), true, nullptr};

doctest::String error_of(const std::string& answer, const fetch_limits& limits = local) {
    const one_answer server(answer);
    const auto got = fetch({server.url(), "", ""}, limits, runs);
    return got ? "" : doctest::String(got.error().text.c_str());
}

}  // namespace

TEST_CASE("an answer is taken whole") {
    const one_answer server("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    const auto got = fetch({server.url(), "", ""}, local, runs);
    REQUIRE(got);
    CHECK(*got == "hello");
}

TEST_CASE("what is not a plain answer within the limits is refused") {
    const std::string much(2000, 'x');
    CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + much) == Contains("more than 1000 bytes"));
    CHECK(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + much + "\r\n0\r\n\r\n") ==
          Contains("more than 1000 bytes"));
    CHECK(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n") == Contains("cannot be read"));
    CHECK(error_of("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n") ==
          Contains("status 302"));
    CHECK(error_of("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort") == Contains("cannot be read"));
    CHECK(error_of("garbage\r\n\r\n") == Contains("cannot be read"));
}

TEST_CASE("a server that says nothing is given up, and so is every server when the host stops") {
    CHECK(error_of("", {1000, std::chrono::seconds(1), true, nullptr}) == Contains("in time"));
    const std::atomic<bool> is_stopping{true};
    const one_answer server("");
    const auto got = fetch({server.url(), "", ""}, local, is_stopping);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == server_away);
}

TEST_CASE("private addresses are for those who allow them") {
    const auto got = fetch({"http://127.0.0.1:9/", "", ""}, {1000, std::chrono::seconds(2), false, nullptr}, runs);
    REQUIRE_FALSE(got);
    CHECK(doctest::String(got.error().text.c_str()) == Contains("revocationPrivateAddresses"));
    for (const char* closed : {"0.0.0.0",
                               "10.1.2.3",
                               "100.64.0.1",
                               "127.9.9.9",
                               "169.254.169.254",
                               "172.31.255.255",
                               "192.168.0.1",
                               "224.0.0.1",
                               "255.255.255.255",
                               "::",
                               "::1",
                               "fe80::1",
                               "fc00::1",
                               "fd12::1",
                               "ff02::1",
                               "::ffff:10.0.0.1",
                               "64:ff9b::a00:1",
                               "2002:a00:1::",
                               "2001:0:1::1",
                               "::7f00:1",
                               "no address"}) {
        CAPTURE(closed);
        CHECK_FALSE(is_public_address(closed));
    }
    for (const char* open : {"1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"}) {
        CAPTURE(open);
        CHECK(is_public_address(open));
    }
}

TEST_CASE("addresses of another kind are refused before anything is connected") {
    for (const char* url : {"",
                            "ftp://a/",
                            "file:///etc/passwd",
                            "gopher://a/",
                            "http:/a/",
                            "://a/",
                            "http://",
                            "http:///x",
                            "http://a:b/",
                            "http://a:123456/",
                            "http://user@a/",
                            "http://:80/",
                            "http://a/x HTTP/1.1\r\nX: y",
                            "http://a/\n",
                            "http://a\x7f/",
                            "https://",
                            "ldaps://a:x/",
                            "ldap://user:secret@a/",
                            "ldap://a%00/",
                            "http://a\\b/"}) {
        CAPTURE(url);
        CHECK(server_of(url).empty());
        CHECK_FALSE(fetch({url, "", ""}, local, runs));
    }
    CHECK(server_of("http://a.example/x?y") == "a.example:80");
    CHECK(server_of("http://[::1]:81?y") == "::1:81");
    CHECK(server_of("HTTPS://a.example") == "a.example:443");
    CHECK(server_of("ldap://a.example/cn=x") == "a.example:389");
    CHECK(server_of("ldaps://a.example:1/cn=x") == "a.example:1");
}

TEST_CASE("of a directory only what CRLs are published in is read, and of the entry itself") {
    const auto place = parse_ldap_target(
        "/CN=Root%20CA,CN=CDP,DC=a?certificateRevocationList;binary?base?objectClass=cRLDistributionPoint");
    REQUIRE(place);
    CHECK(place->name == "CN=Root CA,CN=CDP,DC=a");
    CHECK(place->attribute == "certificaterevocationlist");
    CHECK(parse_ldap_target("/cn=x?deltaRevocationList?BASE")->attribute == "deltarevocationlist");
    CHECK(parse_ldap_target("/cn=x?authorityRevocationList")->attribute == "authorityrevocationlist");
    for (const std::string target : {"/", "/cn=x", "/cn=x?", "/?certificateRevocationList", "/cn=x?userPassword",
                                     "/cn=x?*", "/cn=x?certificateRevocationList,userPassword",
                                     "/cn=x?certificateRevocationList?sub", "/cn=x?certificateRevocationList?one",
                                     "/cn=x?certificateRevocationList?base?"
                                     "?!bindname=cn=y",
                                     "/cn=%0ax?certificateRevocationList", "/cn=%00?certificateRevocationList",
                                     "/cn=%zz?certificateRevocationList", "/cn=x%2?certificateRevocationList"}) {
        CAPTURE(target);
        CHECK_FALSE(parse_ldap_target(target));
    }
    CHECK_FALSE(parse_ldap_target('/' + std::string(2000, 'x') + "?certificateRevocationList"));
    CHECK_FALSE(fetch({"ldap:///cn=x?certificateRevocationList", "", ""}, local, runs));
    CHECK_FALSE(
        fetch({"ldap://127.0.0.1/cn=x?certificateRevocationList", "application/ocsp-request", "x"}, local, runs));
}

TEST_CASE("an answer of a directory that is none, or too large, is refused") {
    const auto answered = [](const std::string& bytes) {
        const one_answer server(bytes, 1);
        std::string url = server.url();
        url.replace(0, 4, "ldap");
        const std::size_t path = url.rfind('/');
        const auto got = fetch({url.substr(0, path) + "/cn=x?certificateRevocationList", "", ""}, local, runs);
        return got ? "" : doctest::String(got.error().text.c_str());
    };
    CHECK(answered("garbage that is no LDAP") == Contains("no answer that can be read"));
    CHECK(answered("") == Contains("no answer that can be read"));
    // SearchResultEntry of 1 GiB; SearchResultDone that refers to another server, and one that says noSuchObject.
    CHECK(answered(std::string("\x30\x84\x40\x00\x00\x00\x02\x01\x01\x64", 10)) ==
          Contains("no answer that can be read"));
    CHECK(answered(std::string("\x30\x1c\x02\x01\x01\x65\x17\x0a\x01\x0a\x04\x00\x04\x00\xa3\x0e\x04\x0cldap://evil/",
                               30)) == Contains("not followed"));
    CHECK(answered(std::string("\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x20\x04\x00\x04\x00", 14)) ==
          Contains("No such object"));
}
