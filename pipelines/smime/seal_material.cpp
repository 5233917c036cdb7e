#include "seal_material.hpp"

#include <algorithm>

#include "hawser/sdk/draft_certificate_choice.hpp"
#include "hawser/sdk/draft_private_keys.hpp"
#include "sha256.hpp"
#include "shared_by_content.hpp"
#include "token_key.hpp"

namespace hawser::smime {
namespace {

std::shared_ptr<const signing_identity> parse_signer(const hawser_certificate& given, const host& owner) {
    auto signer = std::make_shared<signing_identity>();
    signer->certificate = parse_certificate(given);
    if (given.private_key.size == 0) {
        throw failure("the signing certificate " + name_of(given) + " came without its private key");
    }
    signer->key =
        is_draft_token_key(given) ? make_token_key(owner, given, signer->certificate.get()) : parse_private_key(given);
    if (X509_check_private_key(signer->certificate.get(), signer->key.get()) != 1) {
        ERR_clear_error();
        throw failure("the private key of the signing certificate " + name_of(given) + " does not belong to it");
    }
    return signer;
}

std::string digest_of(const hawser_certificate& given) {
    return sha256_of({given.der.data, given.der.size}) + sha256_of({given.private_key.data, given.private_key.size});
}

// What one seal_material is made from and with.
class material_loading {
public:
    material_loading(message& one, const seal_wish& wish, const trust_material& trust, std::uint64_t revision)
        : message_(one), wish_(wish), trust_(trust), revision_(revision) {}

    std::shared_ptr<const seal_material> load() {
        if (wish_.is_signed) {
            load_signer();
        }
        if (wish_.is_encrypted) {
            load_recipients();
        }
        return made_;
    }

private:
    void load_signer() {
        static shared_by_content<signing_identity> known;
        std::string name;
        message_.host().each_certificate(
            message_.abi(), certificate_set::signing, [&](const hawser_certificate& given) {
                if (!made_->signer) {  // the first is the signer, with its key
                    const auto parse = [&] { return parse_signer(given, message_.host()); };
                    // One in a token is asked for by the component's own host, which nobody else may use.
                    made_->signer = is_draft_token_key(given) ? parse() : known.find_or_make(digest_of(given), parse);
                    name = name_of(given);
                }
            });
        if (!made_->signer) {
            throw failure("there is no signing certificate: name one in host.certificates.signing");
        }
        made_->signer_chain = check(made_->signer->certificate.get(), certificate_purpose::signing, name);
    }

    void load_recipients() {
        made_->recipients = make_stack();
        message_.host().each_certificate(
            message_.abi(), certificate_set::encryption,
            [&](const hawser_certificate& given) { add_recipient(parse_certificate(given), name_of(given)); });
        if (sk_X509_num(made_->recipients.get()) <= 0) {
            throw failure(
                "there is no certificate to encrypt for: name the recipients' in the port's encryptionCertificates");
        }
        if (!wish_.to_self.empty()) {
            add_self();
        }
    }

    // The sender's own certificate, so that what was sent can be read again.
    void add_self() {
        try {
            find_draft_recipient(
                message_.host(), certificate_set::personal, wish_.to_self,
                [&](const hawser_certificate& given) { add_recipient(parse_certificate(given), name_of(given)); });
        } catch (const failure& missing) {
            if (missing.status() != HAWSER_NOT_FOUND) {
                throw;
            }
            throw failure(std::string("what EncryptToSelf names cannot be encrypted for: ") + missing.what());
        }
    }

    void add_recipient(x509_pointer recipient, const std::string& name) {
        check(recipient.get(), certificate_purpose::encryption, name);
        push(made_->recipients, std::move(recipient));
    }

    std::shared_ptr<const checked_chain> check(X509* certificate, certificate_purpose purpose,
                                               const std::string& name) {
        const host owner = message_.host();
        std::shared_ptr<const checked_chain> chain =
            check_certificate(certificate,
                              {.purpose = purpose,
                               .checks_revocation = wish_.checks_revocation,
                               .allows_legacy_algorithms = wish_.allows_legacy_algorithms,
                               .owner = &owner,
                               .owner_revision = revision_},
                              trust_, name);
        made_->valid_until_unix = std::min(made_->valid_until_unix, chain->valid_until_unix);
        return chain;
    }

    message& message_;
    const seal_wish& wish_;
    const trust_material& trust_;
    std::uint64_t revision_;
    std::shared_ptr<seal_material> made_ = std::make_shared<seal_material>();
};

}  // namespace

std::shared_ptr<const seal_material> load_seal_material(message& one, const seal_wish& wish,
                                                        const trust_material& trust, std::uint64_t revision) {
    return material_loading(one, wish, trust, revision).load();
}

}  // namespace hawser::smime
