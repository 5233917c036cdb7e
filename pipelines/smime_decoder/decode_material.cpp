#include "decode_material.hpp"

namespace hawser::smime {
namespace {

// A key in a token does not stop messages for other keys.
key_pointer parse_key(const hawser_certificate& one) {
    if (std::string_view(one.private_key.data, one.private_key.size).rfind("pkcs11:", 0) == 0) {
        return nullptr;
    }
    return parse_private_key(one);
}

}  // namespace

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
        made->personal.push_back({parse_certificate(one), parse_key(one), name_of(one)});
    });
    return made;
}

}  // namespace hawser::smime
