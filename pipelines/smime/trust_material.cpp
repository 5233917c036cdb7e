#include "trust_material.hpp"

#include <openssl/x509v3.h>

namespace hawser::smime {
namespace {

bool is_indirect(X509_CRL* crl) {
    const std::unique_ptr<ISSUING_DIST_POINT, deleter<&ISSUING_DIST_POINT_free>> scope(
        static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
    return scope && scope->indirectCRL > 0;
}

std::string name_of(const hawser_certificate& one) { return {one.name.data, one.name.size}; }

}  // namespace

x509_pointer parse_certificate(const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
    x509_pointer certificate(d2i_X509(nullptr, &bytes, static_cast<long>(one.der.size)));
    if (!certificate) {
        throw_openssl_failure("reading the certificate " + name_of(one));
    }
    return certificate;
}

key_pointer parse_private_key(const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.private_key.data);
    key_pointer key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(one.private_key.size)));
    if (!key) {
        throw_openssl_failure("reading the private key of " + name_of(one));
    }
    return key;
}

stack_pointer make_stack() {
    stack_pointer made(sk_X509_new_null());
    if (!made) {
        throw_openssl_failure("making a list of certificates");
    }
    return made;
}

void push(const stack_pointer& stack, x509_pointer certificate) {
    if (sk_X509_push(stack.get(), certificate.get()) <= 0) {
        throw_openssl_failure("keeping a certificate");
    }
    static_cast<void>(certificate.release());  // the stack's
}

trust_material::trust_material(policy_inputs policies)
    : store_(X509_STORE_new()),
      intermediates_(make_stack()),
      indirect_crls_(sk_X509_CRL_new_null()),
      policies_(std::move(policies)) {
    if (!store_ || !indirect_crls_) {
        throw_openssl_failure("making a store of certificates");
    }
}

void trust_material::add_anchor(X509* certificate) {
    if (X509_STORE_add_cert(store_.get(), certificate) != 1) {
        throw_openssl_failure("keeping a trusted certificate");
    }
}

void trust_material::use_system_anchors() {
    X509_STORE_set_default_paths(store_.get());
    ERR_clear_error();  // a system without anchors: nothing is trusted
}

void trust_material::add_intermediate(X509* certificate) {
    X509_up_ref(certificate);
    push(intermediates_, x509_pointer(certificate));
}

void trust_material::add_crl(std::string_view der, const std::string& name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())));
    if (!crl) {
        const char* reason = ERR_reason_error_string(ERR_peek_last_error());
        ERR_clear_error();
        crl_problem_ =
            "the CRL " + name + " cannot be read" + (reason == nullptr ? "" : std::string(" (") + reason + ')');
        return;
    }
    if (X509_STORE_add_crl(store_.get(), crl.get()) != 1) {
        throw_openssl_failure("keeping the CRL " + name);
    }
    if (is_indirect(crl.get())) {
        if (sk_X509_CRL_push(indirect_crls_.get(), crl.get()) <= 0) {
            throw_openssl_failure("keeping the CRL " + name);
        }
        static_cast<void>(crl.release());  // the stack's
    }
}

std::shared_ptr<const trust_material> load_trust_material(const host& owner) {
    auto made = std::make_shared<trust_material>();
    const bool has_own = owner.each_certificate(nullptr, certificate_set::trusted, [&](const hawser_certificate& one) {
        made->add_anchor(parse_certificate(one).get());
    });
    if (!has_own) {
        made->use_system_anchors();
    }
    for (const certificate_set set : {certificate_set::personal, certificate_set::other_people}) {
        owner.each_certificate(
            nullptr, set, [&](const hawser_certificate& one) { made->add_intermediate(parse_certificate(one).get()); });
    }
    owner.each_certificate(nullptr, certificate_set::crls, [&](const hawser_certificate& one) {
        made->add_crl({one.der.data, one.der.size}, name_of(one));
    });
    return made;
}

}  // namespace hawser::smime
