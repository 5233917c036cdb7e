// Entities that are damaged at random: they are refused or written, the same however they come, and never read past.
#include "payload_writer.hpp"

#include <doctest/doctest.h>

#include <hawser/test_kit.hpp>
#include <random>

using namespace hawser::smime;
namespace kit = hawser::test_kit;

namespace {

const std::string whole_entity =
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\nPreamble\r\n--out\r\n"
    "Content-Type: multipart/alternative; boundary=\"out-in\"\r\n\r\n--out-in\r\n"
    "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n"
    "--out-in\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<!-- x --><body a='>'>y</body>\r\n"
    "--out-in--\r\n\r\n--out\r\nContent-Type: text/plain\r\n\r\nattached\r\n--out--\r\nEpilogue";

protected_header header() {
    return {"Subject: secret\r\nHP-Outer: Subject: [...]\r\n", "hp=\"cipher\"", "Subject: secret\r\n", {"Subject"}};
}

// What comes out, or why nothing does.
std::string written(const std::string& entity, std::size_t piece) {
    kit::message one(entity);
    one.parts[0].read_size_max = piece;
    hawser::body_stream payload = write_payload(one.take_body(), header());
    std::string out;
    std::string buffer(piece, '\0');
    try {
        while (const std::size_t size = payload.read(buffer.data(), buffer.size())) {
            out.append(buffer, 0, size);
        }
    } catch (const hawser::failure& refused) {
        return std::string("refused: ") + refused.what();
    }
    return out;
}

std::string damaged(std::mt19937& random) {
    std::string entity = whole_entity;
    for (unsigned i = random() % 4; i < 4; ++i) {
        const std::size_t at = random() % entity.size();
        switch (random() % 4) {
        case 0: entity[at] = static_cast<char>(random()); break;
        case 1: entity.erase(at, random() % 20); break;
        case 2: entity.insert(at, entity.substr(random() % entity.size(), random() % 40)); break;
        default: entity.resize(at + 1); break;
        }
    }
    return entity;
}

}  // namespace

TEST_CASE("damaged entities are written or refused alike, in whatever pieces they come") {
    std::mt19937 random(4711);
    unsigned refused = 0;
    constexpr unsigned runs = 2000;
    for (unsigned i = 0; i < runs; ++i) {
        const std::string entity = damaged(random);
        CAPTURE(entity);
        const std::string at_once = written(entity, 64 * 1024);
        CHECK(written(entity, 1 + random() % 7) == at_once);
        refused += at_once.rfind("refused: ", 0) == 0 ? 1U : 0U;
    }
    CHECK(refused > runs / 20);  // both happens
    CHECK(refused < runs * 19 / 20);
}

TEST_CASE("a boundary that another one begins with ends nothing") {
    const std::string entity =
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nx\r\n--ab\r\ny\r\n"
        "--a \t\r\nContent-Type: text/plain\r\n\r\nz\r\n--a--";
    const std::string out = written(entity, 64 * 1024);
    CHECK(out.find("Subject: secret\r\n\r\nx\r\n--ab\r\ny=\r\n\r\n--a \t\r\nContent-Type: text/plain\r\n\r\nz") !=
          std::string::npos);
}
