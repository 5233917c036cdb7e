#include "cms_envelope.hpp"

#include <openssl/objects.h>

#include "cms_structure.hpp"
#include "content_cipher.hpp"
#include "spool.hpp"

namespace hawser::smime {
namespace {

// Decrypted blocks, given out piece by piece.
class decrypting_source : public stream_source {
public:
    explicit decrypting_source(content_cipher cipher) : cipher_(std::move(cipher)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        while (at_ == clear_.size() && !is_at_end_) {
            at_ = 0;
            const std::size_t size = read_encrypted(block_.data(), block_.size());
            if (size > 0) {
                cipher_.update(block_.data(), size, clear_);
            } else {
                is_at_end_ = true;
                cipher_.finish(clear_);
                end();
            }
        }
        const std::size_t size = std::min(capacity, clear_.size() - at_);
        std::memcpy(buffer, clear_.data() + at_, size);
        at_ += size;
        return size;
    }

private:
    virtual std::size_t read_encrypted(char* buffer, std::size_t capacity) = 0;
    virtual void end() {}

    content_cipher cipher_;
    std::string block_ = std::string(content_block_size, '\0');
    std::string clear_;
    std::size_t at_ = 0;
    bool is_at_end_ = false;
};

// CBC straight from the structure.
class structure_source final : public decrypting_source {
public:
    structure_source(content_cipher cipher, ber_reader structure)
        : decrypting_source(std::move(cipher)), structure_(std::move(structure)) {}

private:
    std::size_t read_encrypted(char* buffer, std::size_t capacity) override {
        return structure_.read_octets(buffer, capacity);
    }
    void end() override {
        structure_.leave();      // EncryptedContentInfo
        structure_.skip_rest();  // unprotected attributes: nobody vouches for them
        leave_content_info(structure_);
    }
    ber_reader structure_;
};

// GCM, after its tag was checked once; and it is checked again.
class spooled_source final : public decrypting_source {
public:
    spooled_source(content_cipher cipher, std::shared_ptr<spool> encrypted)
        : decrypting_source(std::move(cipher)), encrypted_(std::move(encrypted)) {}

private:
    std::size_t read_encrypted(char* buffer, std::size_t capacity) override {
        const std::size_t size = encrypted_->read(offset_, buffer, capacity);
        offset_ += size;
        return size;
    }
    std::shared_ptr<spool> encrypted_;
    std::uint64_t offset_ = 0;
};

envelope_elements read_head(ber_reader& structure, int kind) {
    envelope_elements head;
    head.kind = kind;
    head.version = structure.capture(ber::integer, small_element_max, "the version");
    if (structure.is_next(ber::explicit_context(0))) {
        head.originator = structure.capture(certificates_size_max, "the originator's certificates");
    }
    head.recipients = structure.capture(ber::set, recipients_size_max, "the recipients");
    structure.enter(ber::sequence, "the encrypted content");
    head.content_type = structure.capture(ber::object_identifier, small_element_max, "the encrypted content's type");
    head.algorithm = structure.capture(ber::sequence, small_element_max, "the encrypted content's algorithm");
    if (nid_of(head.content_type) != NID_pkcs7_data) {
        throw failure("the encrypted content is of type " + name_of_algorithm(nid_of(head.content_type)) +
                      ", and S/MIME knows data only (RFC 8551 section 2.4)");
    }
    structure.enter_octets(ber::context(0), "the encrypted content's bytes");
    return head;
}

std::string read_tag(ber_reader& structure) {
    structure.enter_octets(ber::octet_string, "the authentication tag");
    std::string tag;
    char buffer[64];
    while (const std::size_t size = structure.read_octets(buffer, sizeof buffer)) {
        tag.append(buffer, size);
        if (tag.size() > sizeof buffer) {
            throw_undecipherable();
        }
    }
    return tag;
}

void check_tag(content_cipher& cipher, spool& encrypted) {
    std::string block(content_block_size, '\0');
    std::string clear;
    std::uint64_t offset = 0;
    while (const std::size_t size = encrypted.read(offset, block.data(), block.size())) {
        cipher.update(block.data(), size, clear);
        offset += size;
    }
    cipher.finish(clear);
}

body_stream open_authenticated(ber_reader structure, content_cipher cipher) {
    const auto encrypted = std::make_shared<spool>();
    std::string block(content_block_size, '\0');
    while (const std::size_t size = structure.read_octets(block.data(), block.size())) {
        encrypted->append(std::string_view(block).substr(0, size));
    }
    structure.leave();
    std::string attributes;
    if (structure.is_next(ber::explicit_context(1))) {
        attributes = structure.capture(small_element_max, "the authenticated attributes");
        attributes[0] = static_cast<char>(ber::set);  // what the tag covers (RFC 5083 section 2.2)
    }
    const std::string tag = read_tag(structure);
    structure.skip_rest();  // unauthenticated attributes
    leave_content_info(structure);
    cipher.begin(tag, attributes);
    check_tag(cipher, *encrypted);
    cipher.begin(tag, attributes);
    return make_stream(std::make_unique<spooled_source>(std::move(cipher), encrypted));
}

}  // namespace

body_stream open_envelope(ber_reader structure, int kind, const decode_material& material, const decode_policy& policy,
                          decode_facts& facts) {
    const envelope_elements head = read_head(structure, kind);
    content_cipher cipher(head, material, policy, facts);
    if (cipher.is_authenticated()) {
        facts.add_encryption(layer::encrypted_gcm);
        return open_authenticated(std::move(structure), std::move(cipher));
    }
    facts.add_encryption(layer::encrypted_cbc);
    return make_stream(std::make_unique<structure_source>(std::move(cipher), std::move(structure)));
}

}  // namespace hawser::smime
