#include "runtime/certificate_use.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

constexpr std::int64_t day = std::int64_t{24} * 3600;
constexpr std::int64_t now = 1'800'000'000;

certificate_entry entry(const std::string& name, std::int64_t not_after_unix) {
    certificate_entry made;
    made.file_name = name + ".pem";
    made.subject = "CN=" + name;
    made.sha256 = name;
    made.private_key = "key";
    made.not_after_unix = not_after_unix;
    return made;
}

// Two ports encrypt for the same partner; one signs, too. The third does nothing.
struct used_by_ports {
    used_by_ports() {
        bindings.host.certificates.signing = "bus.pem";
        for (const char* name : {"A", "B", "C"}) {
            bindings.send_ports.emplace_back();
            bindings.send_ports.back().name = name;
            bindings.send_ports.back().encryption_certificates = {"partner.pem"};
        }
    }
    host_bindings bindings;
    certificate_snapshot all;
    port_seals seals{{"A", HAWSER_SEAL_SIGNED | HAWSER_SEAL_ENCRYPTED}, {"B", HAWSER_SEAL_ENCRYPTED}, {"C", 0}};
};

}  // namespace

TEST_CASE("a certificate is used by the ports whose pipelines sign with it or encrypt for it") {
    used_by_ports given;
    given.all.personal.certificates.push_back(entry("bus", now + 400 * day));
    given.all.other_people.certificates.push_back(entry("partner", now + 400 * day));
    const std::vector<certificate_use> uses = certificate_uses(given.bindings, given.seals, given.all, now);
    REQUIRE(uses.size() == 3);
    CHECK((uses[0].port == "A" && uses[0].signs && uses[0].certificate->file_name == "bus.pem"));
    CHECK((uses[1].port == "A" && !uses[1].signs && uses[1].certificate->file_name == "partner.pem"));
    CHECK((uses[2].port == "B" && !uses[2].signs));
    CHECK(expiry_warnings(given.bindings, given.seals, given.all, now).empty());
}

TEST_CASE("one warning is made of a certificate that ends soon, whatever number of ports uses it") {
    used_by_ports given;
    given.all.personal.certificates.push_back(entry("bus", now + 29 * day));
    given.all.personal.certificates.push_back(entry("unused", now + day));
    given.all.other_people.certificates.push_back(entry("partner", now - day));
    const std::vector<expiry_warning> warnings = expiry_warnings(given.bindings, given.seals, given.all, now);
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].text.find("bus.pem (CN=bus) ends on ") != std::string::npos);
    CHECK(warnings[0].text.find(", in 29 days; it signs for A: get a new one") != std::string::npos);
    CHECK(warnings[1].text.find("partner.pem (CN=partner) has ended on ") != std::string::npos);
    CHECK(warnings[1].text.find("; it is encrypted for by A, B: ask its owner") != std::string::npos);
    given.bindings.host.certificates.warn_before_ms = 28 * day * 1000;
    CHECK(expiry_warnings(given.bindings, given.seals, given.all, now).size() == 1);
}
