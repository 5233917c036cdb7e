#include "decode_material.hpp"

namespace hawser::smime {
namespace {

std::string name_of(const hawser_certificate& one) { return {one.name.data, one.name.size}; }

x509_pointer parse_certificate(const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
    x509_pointer certificate(d2i_X509(nullptr, &bytes, static_cast<long>(one.der.size)));
    if (!certificate) {
        throw_openssl_failure("reading the certificate " + name_of(one));
    }
    return certificate;
}

// A key in a token does not stop messages for other keys.
key_pointer parse_key(const hawser_certificate& one) {
    if (std::string_view(one.private_key.data, one.private_key.size).rfind("pkcs11:", 0) == 0) {
        return nullptr;
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.private_key.data);
    key_pointer key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(one.private_key.size)));
    if (!key) {
        throw_openssl_failure("reading the private key of " + name_of(one));
    }
    return key;
}

void push(const stack_pointer& stack, x509_pointer certificate) {
    if (!stack || sk_X509_push(stack.get(), certificate.get()) <= 0) {
        throw_openssl_failure("keeping a certificate");
    }
    static_cast<void>(certificate.release());  // the stack's
}

void load_anchors(const host& owner, X509_STORE* store) {
    const bool has_own = owner.each_certificate(
        nullptr, certificate_set::trusted,
        [store](const hawser_certificate& one) { X509_STORE_add_cert(store, parse_certificate(one).get()); });
    if (!has_own) {
        X509_STORE_set_default_paths(store);
    }
    owner.each_certificate(nullptr, certificate_set::crls, [store](const hawser_certificate& one) {
        const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
        X509_CRL* crl = d2i_X509_CRL(nullptr, &bytes, static_cast<long>(one.der.size));
        if (crl == nullptr) {
            throw_openssl_failure("reading the CRL " + name_of(one));
        }
        X509_STORE_add_crl(store, crl);
        X509_CRL_free(crl);
    });
    ERR_clear_error();  // what is there twice is no failure
}

}  // namespace

std::shared_ptr<const decode_material> load_decode_material(const host& owner) {
    auto made = std::make_shared<decode_material>();
    made->store.reset(X509_STORE_new());
    made->other_people.reset(sk_X509_new_null());
    load_anchors(owner, made->store.get());
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

check_context decode_material::make_check_context(const STACK_OF(X509) * sent_along, bool checks_revocation) const {
    check_context context;
    X509_STORE_up_ref(store.get());
    context.store.reset(store.get());
    context.intermediates.reset(X509_chain_up_ref(other_people.get()));
    context.checks_revocation = checks_revocation;
    for (int i = 0; i < sk_X509_num(sent_along); ++i) {
        X509* one = sk_X509_value(sent_along, i);
        X509_up_ref(one);
        push(context.intermediates, x509_pointer(one));
    }
    return context;
}

}  // namespace hawser::smime
