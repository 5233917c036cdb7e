#include "certificates/certificate_chain.hpp"

#include <openssl/x509_vfy.h>

#include "base/openssl_pointers.hpp"

namespace hawser::engine {
namespace {

void free_certificates(STACK_OF(X509) * list) { sk_X509_pop_free(list, X509_free); }

}  // namespace

struct certificate_chains::objects {
    std::unique_ptr<X509_STORE, openssl_deleter<&X509_STORE_free>> anchors{X509_STORE_new()};
    std::unique_ptr<STACK_OF(X509), openssl_deleter<&free_certificates>> others{sk_X509_new_null()};
};

certificate_chains::certificate_chains(const certificate_snapshot& all) : objects_(std::make_unique<objects>()) {
    for (const certificate_entry& entry : all.trusted.certificates) {
        X509_STORE_add_cert(objects_->anchors.get(), x509_of(entry.der).get());
    }
    if (!all.has_trusted) {
        X509_STORE_set_default_paths(objects_->anchors.get());
    }
    for (const certificate_folder* folder : {&all.personal, &all.other_people}) {
        for (const certificate_entry& entry : folder->certificates) {
            if (x509_pointer one = x509_of(entry.der); one && sk_X509_push(objects_->others.get(), one.get()) > 0) {
                static_cast<void>(one.release());
            }
        }
    }
    ERR_clear_error();
}

certificate_chains::~certificate_chains() = default;

std::string certificate_chains::problem_of(const certificate_entry& entry) const {
    const x509_pointer certificate = x509_of(entry.der);
    const std::unique_ptr<X509_STORE_CTX, openssl_deleter<&X509_STORE_CTX_free>> check(X509_STORE_CTX_new());
    if (!certificate ||
        X509_STORE_CTX_init(check.get(), objects_->anchors.get(), certificate.get(), objects_->others.get()) != 1) {
        return "it cannot be checked: " + take_openssl_error();
    }
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(check.get()),
                                X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
    std::string problem;
    if (X509_verify_cert(check.get()) != 1) {
        problem = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
    }
    ERR_clear_error();
    return problem;
}

}  // namespace hawser::engine
