// Any bytes as a MIME entity: its header is none, is refused, or is read, and what is told of it can be shown; its
// parts lie in it one behind the other; each transfer encoding, and the taking away of legacy display elements, gives
// the same in one piece and byte by byte, and no more than came in. An address field has the same addresses in it when
// its words are decoded.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "encoded_words.hpp"
#include "hawser/sdk/error.hpp"
#include "legacy_display.hpp"
#include "multipart.hpp"
#include "piecewise_source.hpp"
#include "transfer_decoder.hpp"

using namespace hawser::smime;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

// What a body gives; of one that is refused, what came before says nothing.
std::string read_all(hawser::body_stream body) {
    std::string out;
    char buffer[100];
    try {
        while (const std::size_t size = body.read(buffer, sizeof buffer)) {
            out.append(buffer, size);
        }
    } catch (const hawser::failure&) {
        return "refused";
    }
    return out;
}

void check_shown(const std::string& text) {
    require(std::none_of(text.begin(), text.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }));
}

// The characters that mean something to a reader of addresses, without quoted strings and comments.
std::string structure_of(std::string_view field) {
    std::string out;
    bool is_quoted = false;
    int depth = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
        const char c = field[i];
        if (c == '\\') {
            ++i;
        } else if (c == '"' && depth == 0) {
            is_quoted = !is_quoted;
        } else if (!is_quoted) {
            depth += c == '(' ? 1 : 0;
            out.append(depth == 0 && std::strchr(",;:<>@[])", c) != nullptr && c != '\0' ? 1 : 0, c);
            depth -= c == ')' && depth > 0 ? 1 : 0;
        }
    }
    return out;
}

void check_header(const mime_header& header, std::size_t size) {
    require(header.size <= size);
    for (const header_field& one : header.fields) {
        require(!one.name.empty() && one.value.find('\n') == std::string::npos);
        require(one.value.empty() || (std::strchr(" \t", one.value.front()) == nullptr || one.value.front() == '\0'));
        require(one.value.empty() || (std::strchr(" \t", one.value.back()) == nullptr || one.value.back() == '\0'));
        check_shown(printable(decode_words(one.value)));
        require(structure_of(one.value) == structure_of(decode_address_words(one.value)));
    }
    check_shown(printable(header.file_name()));
}

void check_body(const mime_header& header, std::string_view body) {
    const std::string encoding = header.transfer_encoding();
    try {
        const std::string whole = read_all(decode_transfer(in_pieces(body, body.size() + 1), encoding));
        require(whole == read_all(decode_transfer(in_pieces(body, 1), encoding)));
        // A uuencoded line of up to 63 bytes may lack the spaces at its end, which are zeros.
        require(whole.size() <= (encoding.find("uu") == std::string::npos ? 1 : 32) * body.size() + 10);
    } catch (const hawser::failure&) {  // an encoding that there is not
    }
    content_type marked = header.type();
    marked.parameters["hp-legacy-display"] = "1";
    std::vector<std::string> names;
    for (const header_field& one : header.fields) {
        names.push_back(to_lower(one.name));
    }
    const std::string shown = read_all(drop_legacy_display(in_pieces(body, body.size() + 1), marked, names));
    require(shown == read_all(drop_legacy_display(in_pieces(body, 1), marked, names)) && shown.size() <= body.size());
}

void check_parts(const mime_header& header, std::string_view entity) {
    const auto from = std::make_shared<spool>();
    from->append(entity);
    try {
        std::uint64_t last = header.size;
        for (const mime_part& one : find_leaves(from, header.size, entity.size(), header.type())) {
            require(last <= one.begin && one.begin <= one.body_begin && one.body_begin <= one.end);
            require(one.end <= entity.size());
            check_header(one.header, entity.size());
            last = one.end;
        }
    } catch (const hawser::failure&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view entity(reinterpret_cast<const char*>(data), size);
    std::optional<mime_header> header;
    try {
        header = parse_mime_header(entity);
    } catch (const hawser::failure&) {
        return 0;
    }
    if (header) {
        check_header(*header, size);
        check_body(*header, entity.substr(header->size));
        if (header->type().is_multipart()) {
            check_parts(*header, entity);
        }
    }
    return 0;
}
