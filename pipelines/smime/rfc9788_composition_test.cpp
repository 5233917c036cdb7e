// The messages of RFC 9788's appendix C composed again: from the text and the header fields that each of them has
// without its protection, the encoder makes the same header sections and the same text as the document has.
#include <algorithm>
#include <cctype>
#include <fstream>

#include "encoder_bench.hpp"
#include "mime_header.hpp"
#include "transfer_decoder.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;

namespace {

using lines = std::vector<std::string>;

// What follows each ">title" of the file of vectors, with the line ends of a mail; "> " quotes a mail.
std::map<std::string, std::string> read_vectors() {
    std::map<std::string, std::string> all;
    std::ifstream file(HAWSER_SOURCE_DIR "/tests/vectors/rfc9788.txt");
    std::string title;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind('>', 0) == 0 && line.rfind("> ", 0) != 0) {
            title = line.substr(1);
        } else if (line.rfind('#', 0) != 0) {
            all[title] += line + "\r\n";
        }
    }
    return all;
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
    for (std::size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size())) {
        text.replace(at, old.size(), by);
    }
    return text;
}

std::string between(const std::string& text, const std::string& first, const std::string& last) {
    const std::size_t begin = text.find(first) + first.size();
    return text.substr(begin, text.find(last, begin) - begin);
}

bool is_structural(const std::string& name) { return name == "MIME-Version" || name.rfind("Content-", 0) == 0; }

lines header_of_mail(const mime_header& header) {
    lines all;
    for (const header_field& one : header.fields) {
        if (!is_structural(one.name) && one.name != "HP-Outer") {
            all.push_back(one.name + ": " + one.value);
        }
    }
    return all;
}

lines left_outside(const mime_header& header) {
    lines all;
    for (const header_field& one : header.fields) {
        if (one.name == "HP-Outer") {
            all.push_back(one.value);
        }
    }
    return all;
}

std::string decoded_text(const std::string& body, const std::string& encoding) {
    kit::message one(body);
    hawser::body_stream in = decode_transfer(one.take_body(), encoding);
    std::string out;
    std::string block(4096, '\0');
    while (const std::size_t size = in.read(block.data(), block.size())) {
        out.append(block, 0, size);
    }
    return out;
}

// White space says nothing in the markup around a legacy display element, and it is written in several ways.
std::string without_white_space(std::string text) {
    text.erase(std::remove_if(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; }),
               text.end());
    return text;
}

// Type, parameters and text of an entity and of what it consists of, in one form whatever their transfer encoding is.
void describe(const std::string& entity, lines& out) {
    const mime_header header = *parse_mime_header(entity);
    const content_type type = header.type();
    out.push_back(type.type);
    for (const auto& [name, value] : type.parameters) {
        out.back() += "; " + name + "=" + value;
    }
    const std::string body = entity.substr(header.size);
    if (!type.is_multipart()) {
        const std::string text = decoded_text(body, header.transfer_encoding());
        out.push_back(type.type == "text/html" ? without_white_space(text) : text);
        return;
    }
    const std::string mark = "--" + type.parameter("boundary");
    std::size_t at = body.find(mark);
    for (std::size_t next = 0; body.compare(at + mark.size(), 2, "--") != 0; at = next) {
        at += mark.size() + 2;
        next = body.find("\r\n" + mark, at) + 2;
        describe(body.substr(at, next - 2 - at), out);
    }
}
lines described(const std::string& entity) {
    lines out;
    describe(entity, out);
    return out;
}

// The payload as a composer hands it over: without the fields of the mail, hp, and the copy of hidden fields in the
// text.
std::string unprotected(const std::string& payload) {
    const mime_header header = *parse_mime_header(payload);
    std::string entity;
    for (const header_field& one : header.fields) {
        entity += is_structural(one.name) ? one.name + ": " + one.value + "\r\n" : "";
    }
    entity = replaced(replaced(entity, "; hp=\"cipher\"", ""), "; hp=\"clear\"", "");
    std::string body = payload.substr(header.size);
    if (payload.find("hp-legacy-display") == std::string::npos) {
        return entity + "\r\n" + body;
    }
    entity = replaced(entity, "; hp-legacy-display=\"1\"", "");
    const std::size_t display = body.find("Subject: ");
    body.erase(display, body.find("\r\n\r\n", display) + 4 - display);
    const std::size_t element = body.find("<div");
    if (element != std::string::npos) {
        body.erase(element, body.find("</div>") + 6 - element);
    }
    return entity + "\r\n" + replaced(body, ";\r\n hp-legacy-display=\"1\"", "");
}

// A composer's fields, unfolded.
std::vector<kit::header_field> fields_of(const mime_header& header) {
    std::vector<kit::header_field> all;
    for (const header_field& one : header.fields) {
        if (!is_structural(one.name) && one.name != "HP-Outer") {
            all.push_back({one.name, one.value});
        }
    }
    return all;
}

lines outside_of(const sealed& mail) {
    std::string text;
    for (const kit::header_field& one : mail.outside) {
        text += one.name + ": " + one.value + "\r\n";
    }
    return header_of_mail(*parse_mime_header(text + "\r\n"));
}

void check_payload(const std::string& ours, const std::string& document) {
    const mime_header made = *parse_mime_header(ours);
    const mime_header wanted = *parse_mime_header(document);
    CHECK(header_of_mail(made) == header_of_mail(wanted));
    CHECK(left_outside(made) == left_outside(wanted));
    CHECK(described(ours) == described(document));
}

}  // namespace

TEST_CASE("the signed and encrypted messages of RFC 9788 appendix C.3 are composed as they are there") {
    const auto vectors = read_vectors();
    for (int number = 1; number <= 16; ++number) {  // 17 is of the scheme that is not composed any more (section 4.10)
        CAPTURE(number);
        const std::string title = "C.3." + std::to_string(number);
        const std::string& payload = vectors.at(title + " unwrapped");
        post one;
        one.fields = fields_of(*parse_mime_header(payload));
        kit::settings values = encrypting(number % 4 == 1 || number % 4 == 2 ? "hcp_baseline" : "hcp_shy");
        values["/LegacyDisplay"] = number % 2 == 0 ? "true" : "false";
        const sealed mail = one.seal(values, unprotected(payload));
        check_payload(one.inside(mail), payload);
        CHECK(outside_of(mail) == header_of_mail(*parse_mime_header(vectors.at(title))));
    }
}

TEST_CASE("the signed messages of RFC 9788 appendix C.2 are composed as they are there") {
    const auto vectors = read_vectors();
    for (const char* title : {"C.2.1", "C.2.3"}) {
        CAPTURE(title);
        const std::string& payload = vectors.at(std::string(title) + " unwrapped");
        post one;
        one.fields = fields_of(*parse_mime_header(payload));
        const sealed mail = one.seal(signing("BlobSign", "hcp_baseline"), unprotected(payload));
        check_payload(one.inside(mail, true), payload);
        CHECK(outside_of(mail) == header_of_mail(*parse_mime_header(vectors.at(title))));
    }
    for (const char* title : {"C.2.2", "C.2.4"}) {
        CAPTURE(title);
        const std::string& printed = vectors.at(title);
        const std::string mark = "\r\n--" + parse_mime_header(printed)->type().parameter("boundary") + "\r\n";
        const std::string payload = between(printed, mark, mark);
        post one;
        one.fields = fields_of(*parse_mime_header(payload));
        const sealed mail = one.seal(signing("ClearSign", "hcp_baseline"), unprotected(payload));
        REQUIRE(mail.result.error == "");
        const std::string ours = "\r\n--" + parse_mime_header(mail.result.body)->type().parameter("boundary") + "\r\n";
        check_payload(between(mail.result.body, ours, ours), payload);
        CHECK(outside_of(mail) == header_of_mail(*parse_mime_header(printed)));
    }
}
