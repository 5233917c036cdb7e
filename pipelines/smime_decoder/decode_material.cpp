#include "decode_material.hpp"

#include "hawser/sdk/draft_private_keys.hpp"
#include "token_key.hpp"

namespace hawser::smime {

std::shared_ptr<const decode_material> load_decode_material(const host& owner) {
    auto made = std::make_shared<decode_material>();
    made->owner = owner;
    made->revision = owner.certificate_revision();
    made->trust = load_trust_material(owner);
    made->other_people = make_stack();
    owner.each_certificate(nullptr, certificate_set::other_people,
                           [&](const hawser_certificate& one) { push(made->other_people, parse_certificate(one)); });
    owner.each_certificate(nullptr, certificate_set::decryption, [&](const hawser_certificate& one) {
        if (one.private_key.size == 0) {
            return;  // a certificate alone decrypts nothing
        }
        x509_pointer certificate = parse_certificate(one);
        key_pointer key =
            is_draft_token_key(one) ? make_token_key(owner, one, certificate.get()) : parse_private_key(one);
        made->personal.push_back({std::move(certificate), std::move(key), name_of(one)});
    });
    return made;
}

}  // namespace hawser::smime
