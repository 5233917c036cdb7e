#include "seal_material.hpp"

#include <openssl/crypto.h>

#include "certificate_check.hpp"
#include "hexadecimal.hpp"

namespace hawser::smime {
namespace {

x509_pointer parse_certificate(const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
    x509_pointer certificate(d2i_X509(nullptr, &bytes, static_cast<long>(one.der.size)));
    if (!certificate) {
        throw_openssl_failure("reading the certificate " + std::string(one.name.data, one.name.size));
    }
    return certificate;
}

key_pointer parse_key(const hawser_certificate& one) {
    const std::string name(one.name.data, one.name.size);
    if (one.private_key.size == 0) {
        throw failure("the signing certificate " + name + " came without its private key");
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.private_key.data);
    key_pointer key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(one.private_key.size)));
    if (!key) {
        throw_openssl_failure("reading the private key of " + name);
    }
    return key;
}

// A certificate that is dropped for want of memory would be a recipient, or an issuer, less.
void keep(const stack_pointer& stack, x509_pointer certificate) {
    if (sk_X509_push(stack.get(), certificate.get()) <= 0) {
        throw_openssl_failure("keeping a certificate");
    }
    static_cast<void>(certificate.release());
}

stack_pointer make_stack() {
    stack_pointer made(sk_X509_new_null());
    if (!made) {
        throw_openssl_failure("making a list of certificates");
    }
    return made;
}

void add_crl(X509_STORE* store, const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
    const crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(one.der.size)));
    if (crl && X509_STORE_add_crl(store, crl.get()) != 1) {
        throw_openssl_failure("keeping the CRL " + std::string(one.name.data, one.name.size));
    }
}

check_context make_check_context(const host& owner, bool checks_revocation) {
    check_context context;
    context.store.reset(X509_STORE_new());
    context.intermediates = make_stack();
    context.checks_revocation = checks_revocation;
    X509_STORE* store = context.store.get();
    if (store == nullptr) {
        throw_openssl_failure("making a store of certificates");
    }
    const bool has_own =
        owner.each_certificate(nullptr, certificate_set::trusted, [store](const hawser_certificate& one) {
            if (X509_STORE_add_cert(store, parse_certificate(one).get()) != 1) {
                throw_openssl_failure("keeping the certificate " + std::string(one.name.data, one.name.size));
            }
        });
    if (!has_own) {
        X509_STORE_set_default_paths(store);
    }
    const auto add_intermediate = [&context](const hawser_certificate& one) {
        keep(context.intermediates, parse_certificate(one));
    };
    owner.each_certificate(nullptr, certificate_set::personal, add_intermediate);
    owner.each_certificate(nullptr, certificate_set::other_people, add_intermediate);
    owner.each_certificate(nullptr, certificate_set::crls,
                           [store](const hawser_certificate& one) { add_crl(store, one); });
    ERR_clear_error();  // a CRL that cannot be read is none
    return context;
}

// SHA-1 or SHA-256 in hexadecimal; colons, blanks and case do not matter.
bool has_thumbprint(const X509* certificate, const std::string& selector) {
    std::string wanted;
    for (const char c : selector) {
        if (c != ':' && c != ' ') {
            wanted += static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
        }
    }
    for (const EVP_MD* kind : {EVP_sha1(), EVP_sha256()}) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (X509_digest(certificate, kind, digest, &size) == 1 && hexadecimal(digest, size) == wanted) {
            return true;
        }
    }
    return false;
}

// Adds the sender's own certificate to the recipients, so that what was sent can be read again.
void add_self(const host& owner, const std::string& selector, const check_context& context, seal_material& material) {
    x509_pointer own;
    owner.each_certificate(nullptr, certificate_set::personal, [&](const hawser_certificate& given) {
        x509_pointer one = own ? x509_pointer() : parse_certificate(given);
        if (one &&
            (std::string_view(given.name.data, given.name.size) == selector || has_thumbprint(one.get(), selector))) {
            own = std::move(one);
        }
    });
    if (!own) {
        throw failure("there is no certificate " + selector +
                      " in the host's personal folder, which EncryptToSelf names: put it there, or correct the name");
    }
    check_certificate(own.get(), certificate_purpose::encryption, context, selector);
    keep(material.recipients, std::move(own));
}

}  // namespace

std::shared_ptr<const seal_material> load_seal_material(message& one, const seal_wish& wish) {
    auto material = std::make_shared<seal_material>();
    const check_context context = make_check_context(one.host(), wish.checks_revocation);
    if (wish.is_signed) {
        std::string name;
        one.host().each_certificate(one.abi(), certificate_set::signing, [&](const hawser_certificate& given) {
            if (!material->signer) {  // the first is the signer, with its key
                material->signer = parse_certificate(given);
                material->signer_key = parse_key(given);
                name.assign(given.name.data, given.name.size);
            }
        });
        if (!material->signer || X509_check_private_key(material->signer.get(), material->signer_key.get()) != 1) {
            ERR_clear_error();
            throw failure("the private key of the signing certificate " + name + " does not belong to it");
        }
        material->signer_chain = check_certificate(material->signer.get(), certificate_purpose::signing, context, name);
    }
    if (wish.is_encrypted) {
        material->recipients = make_stack();
        one.host().each_certificate(one.abi(), certificate_set::encryption, [&](const hawser_certificate& given) {
            x509_pointer recipient = parse_certificate(given);
            check_certificate(recipient.get(), certificate_purpose::encryption, context,
                              std::string(given.name.data, given.name.size));
            keep(material->recipients, std::move(recipient));
        });
        if (sk_X509_num(material->recipients.get()) <= 0) {
            throw failure(
                "there is no certificate to encrypt for: name the recipients' in the port's encryptionCertificates");
        }
        if (!wish.to_self.empty()) {
            add_self(one.host(), wish.to_self, context, *material);
        }
    }
    return material;
}

}  // namespace hawser::smime
