#include "trust_material.hpp"

#include <openssl/x509v3.h>

#include <ctime>
#include <limits>

#include "revocation_sources.hpp"
#include "shared_by_content.hpp"

namespace hawser::smime {
namespace {

bool is_indirect(X509_CRL* crl) {
    const std::unique_ptr<ISSUING_DIST_POINT, deleter<&ISSUING_DIST_POINT_free>> scope(
        static_cast<ISSUING_DIST_POINT*>(X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
    return scope && scope->indirectCRL > 0;
}

// The sets of a host as they are at one time, and a digest that tells them from others.
class certificate_sets {
public:
    explicit certificate_sets(const host& owner) : digest_(EVP_MD_CTX_new()) {
        if (!digest_ || EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) != 1) {
            throw_openssl_failure("working out a digest");
        }
        for (const certificate_set set :
             {certificate_set::trusted, certificate_set::personal, certificate_set::other_people, certificate_set::crls,
              certificate_set::fetched_crls, certificate_set::ocsp_answers}) {
            read(owner, set);
        }
    }

    std::string digest() {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        if (EVP_DigestFinal_ex(digest_.get(), bytes, &size) != 1) {
            throw_openssl_failure("working out a digest");
        }
        return {reinterpret_cast<const char*>(bytes), size};
    }

    std::shared_ptr<const trust_material> parse() const {
        auto made = std::make_shared<trust_material>();
        if (!has_anchors_) {
            made->use_system_anchors();
        }
        for (const item& one : items_) {
            if (one.set == certificate_set::crls || one.set == certificate_set::fetched_crls) {
                made->add_crl(one.der, one.name);
                continue;
            }
            if (one.set == certificate_set::ocsp_answers) {
                made->add_ocsp_answer(one.der, one.name);
                continue;
            }
            const x509_pointer certificate = parse_certificate(one.der, one.name);
            one.set == certificate_set::trusted ? made->add_anchor(certificate.get())
                                                : made->add_intermediate(certificate.get());
        }
        return made;
    }

private:
    struct item {
        certificate_set set;
        std::string der;
        std::string name;
    };

    void read(const host& owner, certificate_set set) {
        const auto take = [&](const hawser_certificate& one) {
            items_.push_back({set, {one.der.data, one.der.size}, name_of(one)});
            add(std::to_string(static_cast<unsigned>(set)) + ' ' + items_.back().name + ' ' +
                std::to_string(one.der.size) + '\n');
            add(items_.back().der);
        };
        if (set == certificate_set::fetched_crls || set == certificate_set::ocsp_answers) {
            visit_optional_set(owner, set, take);
            return;
        }
        const bool is_there = owner.each_certificate(nullptr, set, take);
        if (set == certificate_set::trusted) {
            has_anchors_ = is_there;
            add(is_there ? "own anchors\n" : "the system's anchors\n");
        }
    }

    void add(std::string_view bytes) {
        if (EVP_DigestUpdate(digest_.get(), bytes.data(), bytes.size()) != 1) {
            throw_openssl_failure("working out a digest");
        }
    }

    std::unique_ptr<EVP_MD_CTX, deleter<&EVP_MD_CTX_free>> digest_;
    std::vector<item> items_;
    bool has_anchors_ = false;
};

}  // namespace

void visit_optional_set(const host& owner, certificate_set set,
                        const std::function<void(const hawser_certificate&)>& visit) {
    try {
        owner.each_certificate(nullptr, set, visit);
    } catch (const failure& missing) {
        if (missing.status() != HAWSER_NOT_FOUND) {
            throw;
        }
    }
}

std::string name_of(const hawser_certificate& one) { return {one.name.data, one.name.size}; }

x509_pointer parse_certificate(std::string_view der, const std::string& name) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    x509_pointer certificate(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    if (!certificate) {
        throw_openssl_failure("reading the certificate " + name);
    }
    return certificate;
}

x509_pointer parse_certificate(const hawser_certificate& one) {
    return parse_certificate({one.der.data, one.der.size}, name_of(one));
}

key_pointer parse_private_key(const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.private_key.data);
    key_pointer key(d2i_AutoPrivateKey(nullptr, &bytes, static_cast<long>(one.private_key.size)));
    if (!key) {
        throw_openssl_failure("reading the private key of " + name_of(one));
    }
    return key;
}

std::int64_t unix_time(const ASN1_TIME* time) {
    std::tm parts{};
    return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
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
    look_up_in_sources(store_.get());
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
    if (const std::int64_t end = unix_time(X509_CRL_get0_nextUpdate(crl.get())); end != 0) {
        ends_unix_.insert(end);
    }
    if (is_indirect(crl.get())) {
        if (sk_X509_CRL_push(indirect_crls_.get(), crl.get()) <= 0) {
            throw_openssl_failure("keeping the CRL " + name);
        }
        static_cast<void>(crl.release());  // the stack's
    }
}

void trust_material::add_ocsp_answer(std::string_view der, const std::string& name) {
    const std::int64_t end = ocsp_.add(der, name);
    ends_unix_.insert(end);
}

void trust_material::keep_stapled(const std::vector<stapled_answer>& verified, std::int64_t now_unix) const {
    if (stapled_.keep(verified, now_unix)) {
        chains_.clear();  // one of them may be revoked by what is new
    }
}

std::int64_t trust_material::revocation_end_after(std::int64_t now_unix) const {
    const auto next = ends_unix_.upper_bound(now_unix);
    return next == ends_unix_.end() ? std::numeric_limits<std::int64_t>::max() : *next;
}

std::shared_ptr<const trust_material> load_trust_material(const host& owner) {
    static shared_by_content<trust_material> known;
    certificate_sets sets(owner);
    return known.find_or_make(sets.digest(), [&] { return sets.parse(); });
}

}  // namespace hawser::smime
