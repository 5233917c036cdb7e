#include "seal_material.hpp"

#include "certificate_check.hpp"
#include "hexadecimal.hpp"

namespace hawser::smime {
namespace {

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
void add_self(const host& owner, const std::string& selector, const trust_material& trust, bool checks_revocation,
              seal_material& material) {
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
    check_certificate(own.get(), {certificate_purpose::encryption, checks_revocation}, trust, selector);
    push(material.recipients, std::move(own));
}

}  // namespace

std::shared_ptr<const seal_material> load_seal_material(message& one, const seal_wish& wish) {
    auto material = std::make_shared<seal_material>();
    const std::shared_ptr<const trust_material> trust = load_trust_material(one.host());
    if (wish.is_signed) {
        std::string name;
        one.host().each_certificate(one.abi(), certificate_set::signing, [&](const hawser_certificate& given) {
            if (!material->signer) {  // the first is the signer, with its key
                material->signer = parse_certificate(given);
                if (given.private_key.size == 0) {
                    throw failure("the signing certificate " + std::string(given.name.data, given.name.size) +
                                  " came without its private key");
                }
                material->signer_key = parse_private_key(given);
                name.assign(given.name.data, given.name.size);
            }
        });
        if (!material->signer || X509_check_private_key(material->signer.get(), material->signer_key.get()) != 1) {
            ERR_clear_error();
            throw failure("the private key of the signing certificate " + name + " does not belong to it");
        }
        material->signer_chain = check_certificate(
            material->signer.get(), {certificate_purpose::signing, wish.checks_revocation}, *trust, name);
    }
    if (wish.is_encrypted) {
        material->recipients = make_stack();
        one.host().each_certificate(one.abi(), certificate_set::encryption, [&](const hawser_certificate& given) {
            x509_pointer recipient = parse_certificate(given);
            check_certificate(recipient.get(), {certificate_purpose::encryption, wish.checks_revocation}, *trust,
                              std::string(given.name.data, given.name.size));
            push(material->recipients, std::move(recipient));
        });
        if (sk_X509_num(material->recipients.get()) <= 0) {
            throw failure(
                "there is no certificate to encrypt for: name the recipients' in the port's encryptionCertificates");
        }
        if (!wish.to_self.empty()) {
            add_self(one.host(), wish.to_self, *trust, wish.checks_revocation, *material);
        }
    }
    return material;
}

}  // namespace hawser::smime
