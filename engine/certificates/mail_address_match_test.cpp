#include "certificates/mail_address_match.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

TEST_CASE("a certificate is for the mailboxes that it names: exact local part, domain in any case") {
    const certificate_addresses certificate{{"Ap@Partner.Example"}, {}};
    CHECK(is_for_address(certificate, "Ap@partner.example"));
    CHECK(is_for_address(certificate, "Ap@PARTNER.EXAMPLE"));
    CHECK(is_for_address(certificate, "\"Ap\"@partner.example"));
    CHECK(is_for_address(certificate, "\"\\Ap\"@partner.example"));
    CHECK_FALSE(is_for_address(certificate, "ap@partner.example"));
    CHECK_FALSE(is_for_address(certificate, "Ap@mail.partner.example"));
    CHECK_FALSE(is_for_address(certificate, "Ap@partner.example.test"));
    CHECK_FALSE(is_for_address(certificate, "x@y@partner.example"));
}

TEST_CASE("U-labels and A-labels are the same domain, in certificates and in addresses") {
    for (const char* known : {"info@bücher.example", "info@xn--bcher-kva.example", "info@XN--BCHER-KVA.example"}) {
        for (const char* asked : {"info@bücher.example", "info@BÜCHER.example", "info@xn--bcher-kva.EXAMPLE"}) {
            CAPTURE(known);
            CAPTURE(asked);
            CHECK(is_for_address({{known}, {}}, asked));
        }
    }
    CHECK(is_for_address({{"médico@bücher.example"}, {}}, "médico@xn--bcher-kva.example"));
    CHECK_FALSE(is_for_address({{"médico@bücher.example"}, {}}, "medico@bücher.example"));
    CHECK_FALSE(is_for_address({{"info@bücher.example"}, {}}, "info@bucher.example"));
}

TEST_CASE("a domain-bound certificate is for every mailbox of exactly its domain") {
    const certificate_addresses certificate{{}, {"bücher.example"}};
    CHECK(is_for_address(certificate, "anyone@xn--bcher-kva.example"));
    CHECK_FALSE(is_for_address(certificate, "anyone@sub.bücher.example"));
    CHECK_FALSE(is_for_address(certificate, "anyone@example"));
    CHECK_FALSE(is_for_address({{}, {"*.example"}}, "anyone@sub.example"));
}

TEST_CASE("what is no address matches nothing") {
    for (const std::string& text : {std::string("partner.example"), std::string("@partner.example"), std::string("a@"),
                                    std::string(), std::string("a@partner.example\0.test", 23)}) {
        CHECK_FALSE(is_for_address({{text, "@", ""}, {"", "partner.example"}}, text));
    }
}

TEST_CASE("the addresses of lists and URIs") {
    using list = std::vector<std::string>;
    CHECK(addresses_in("mailto:a@b.example") == list{"a@b.example"});
    CHECK(addresses_in("MAILTO:a%2Bc@b.example,d@e.example?cc=x@y") == list{"a+c@b.example", "d@e.example"});
    CHECK(addresses_in("Bus, the <a@b.example>; \"Doe, J\" <j@b.example> , c@d.example") ==
          list{"a@b.example", "j@b.example", "c@d.example"});
    CHECK(addresses_in("\"a,b\\\"\"@c.example") == list{"\"a,b\\\"\"@c.example"});
    CHECK(addresses_in(" ,; nobody") == list{});
    CHECK(addresses_in("50%@b.example") == list{"50%@b.example"});
    CHECK(addresses_in("mailto:50%") == list{});
}
