#include "cms_signature.hpp"

#include <openssl/objects.h>

#include <algorithm>

#include "cms_structure.hpp"
#include "encoded_words.hpp"
#include "mime_header.hpp"
#include "signed_content.hpp"
#include "spool.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t micalg_max = 8;

// Up to the content, if any.
signed_elements read_head(ber_reader& structure) {
    signed_elements head;
    head.version = structure.capture(ber::integer, small_element_max, "the version");
    head.digest_algorithms = structure.capture(ber::set, small_element_max, "the digest algorithms");
    structure.enter(ber::sequence, "the signed content");
    head.content_type = structure.capture(ber::object_identifier, small_element_max, "the signed content's type");
    if (nid_of(head.content_type) != NID_pkcs7_data) {
        throw failure("the signed content is of type " + name_of_algorithm(nid_of(head.content_type)) +
                      ", and S/MIME knows data only (RFC 8551 section 2.4)");
    }
    return head;
}

// id-ri-ocsp-response (RFC 5940 section 2.1.1), which OpenSSL does not know by a number.
constexpr std::string_view ocsp_response_identifier("\x06\x08\x2b\x06\x01\x05\x05\x07\x10\x02", 10);

// RevocationInfoChoices (RFC 5652 section 10.2.1). What is in no DER, too large or of another kind is passed over.
void read_stapled(ber_reader& structure, stapled_answers& into) {
    structure.enter(ber::explicit_context(1), "the CRLs");
    while (structure.has_more()) {
        const ber_header next = structure.peek();
        if (next.is_indefinite || !into.has_room_for(next.length)) {
            structure.skip_element();
        } else if (next.identifier == ber::sequence) {
            into.add_crl(structure.capture(stapled_answers::size_max, "a CRL"));
        } else if (next.identifier == ber::explicit_context(1)) {
            structure.enter(ber::explicit_context(1), "further revocation information");
            const bool is_ocsp =
                structure.capture(ber::object_identifier, small_element_max, "its kind") == ocsp_response_identifier;
            if (is_ocsp && structure.has_more()) {
                into.add_ocsp(structure.capture(stapled_answers::size_max, "an OCSP answer"));
            }
            structure.skip_rest();
            structure.leave();
        } else {
            structure.skip_element();
        }
    }
    structure.leave();
}

void read_tail(ber_reader& structure, signed_elements& elements) {
    structure.leave();  // the content
    if (structure.is_next(ber::explicit_context(0))) {
        elements.certificates = structure.capture(certificates_size_max, "the certificates");
    }
    if (structure.is_next(ber::explicit_context(1))) {
        read_stapled(structure, elements.stapled);
    }
    elements.signers = structure.capture(ber::set, signers_size_max, "the signers");
    leave_content_info(structure);
}

// The names of RFC 8551 section 3.5.3.2, and those of its predecessors without a hyphen.
int nid_of_micalg(std::string name) {
    name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
    name.erase(0, name.find_first_not_of(" \t"));
    name.erase(name.find_last_not_of(" \t") + 1);
    return name == "sha256"   ? NID_sha256
           : name == "sha384" ? NID_sha384
           : name == "sha512" ? NID_sha512
           : name == "sha224" ? NID_sha224
           : name == "sha1"   ? NID_sha1
           : name == "md5"    ? NID_md5
                              : NID_undef;
}

// What the sender announced has to be what was used: else somebody put the signature together with another header. A
// name that is none of the RFC's may mean every algorithm.
void check_micalg(const std::string& micalg, const std::vector<int>& used) {
    std::vector<int> announced;
    const std::string names = to_lower(micalg) + ',';
    for (std::size_t begin = 0, end = 0; (end = names.find(',', begin)) != std::string::npos; begin = end + 1) {
        if (announced.size() == micalg_max) {
            break;
        }
        announced.push_back(nid_of_micalg(names.substr(begin, end - begin)));
        if (announced.back() == NID_undef) {
            return;
        }
    }
    for (const int digest : used) {
        if (std::find(announced.begin(), announced.end(), digest) == announced.end()) {
            throw failure("multipart/signed announces micalg=" + printable(micalg.substr(0, 80)) +
                          ", and the signature uses " + name_of_algorithm(digest) + ": somebody changed one of them");
        }
    }
}

}  // namespace

body_stream open_signed(ber_reader structure, const decode_material& material, const decode_policy& policy,
                        decode_facts& facts) {
    signed_elements elements = read_head(structure);
    if (!structure.has_more()) {
        throw failure(
            "the message holds a signature or certificates only, and no content: it is part of another message, or a "
            "message that only hands over certificates");
    }
    content_digests digests(elements.digest_algorithms, policy);
    const auto content = std::make_shared<spool>();
    structure.enter(ber::explicit_context(0), "the signed content");
    structure.enter_octets(ber::octet_string, "the signed content's bytes");
    std::string block(content_block_size, '\0');
    while (const std::size_t size = structure.read_octets(block.data(), block.size())) {
        const std::string_view piece = std::string_view(block).substr(0, size);
        digests.update(piece);
        content->append(piece);
    }
    structure.leave();
    read_tail(structure, elements);
    verify_signers(elements, digests, material, policy, facts);
    facts.layers.push_back(layer::signed_opaque);
    return make_stream(content, 0, content->size());
}

void verify_detached(body_stream signature, body_stream content, const std::string& micalg,
                     const decode_material& material, const decode_policy& policy, decode_facts& facts) {
    ber_reader structure{byte_reader(std::move(signature))};
    if (enter_content_info(structure) != NID_pkcs7_signed) {
        throw failure("the second part of multipart/signed is no signature");
    }
    signed_elements elements = read_head(structure);
    if (structure.has_more()) {
        throw failure(
            "the signature of multipart/signed brings content of its own: readers would differ about what is "
            "signed");
    }
    read_tail(structure, elements);
    content_digests digests(elements.digest_algorithms, policy);
    std::string block(content_block_size, '\0');
    while (const std::size_t size = content.read(block.data(), block.size())) {
        digests.update(std::string_view(block).substr(0, size));
    }
    const std::vector<int> used = verify_signers(elements, digests, material, policy, facts);
    if (!micalg.empty()) {
        check_micalg(micalg, used);
    }
    facts.layers.push_back(layer::signed_clear);
}

}  // namespace hawser::smime
