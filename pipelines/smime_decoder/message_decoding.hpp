// One message on its way through the decoder: takes its layers off, finds the body part, and gives it as a stream. Made
// for each message by the component; one thread at a time. Nothing is given before what seals it was verified. Every
// fault throws hawser::failure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "byte_reader.hpp"
#include "decode_facts.hpp"
#include "decode_material.hpp"
#include "hawser/sdk/message.hpp"
#include "mime_header.hpp"
#include "multipart.hpp"

namespace hawser::smime {

class message_decoding {
public:
    static constexpr std::size_t layers_max = 8;

    message_decoding(std::shared_ptr<const decode_material> material, const decode_policy& policy)
        : material_(std::move(material)), policy_(policy) {}

    body_stream open(body_stream whole);
    const decode_facts& facts() const noexcept { return facts_; }  // whole after the stream's end

    // The parts beside the body part, in the message's order, to be taken once.
    struct further_part {
        message_part described;
        body_stream body;
    };
    std::vector<further_part> take_further_parts();

private:
    // A MIME entity whose header was read.
    struct entity {
        mime_header header;
        content_type type;
        body_stream body;
    };

    entity read_entity(body_stream whole);
    entity unwrap_message(entity one, const mime_header& outer);
    body_stream unwrap(entity sealed);
    body_stream unwrap_clear(entity sealed);
    void check_seals() const;
    body_stream open_body(entity one);
    body_stream open_part(entity one);
    body_stream open_leaf(const mime_part& leaf) const;
    const mime_part& choose(const std::vector<mime_part>& leaves);

    std::shared_ptr<const decode_material> material_;
    decode_policy policy_;
    decode_facts facts_;
    std::shared_ptr<spool> parts_bytes_;
    std::vector<mime_part> parts_;
    std::vector<std::string> hidden_names_;  // of the fields that an encrypted message protects, in lower case
    bool has_bare_line_feeds_ = false;       // the message came with LF line ends, which were CRLF when it was signed
};

}  // namespace hawser::smime
