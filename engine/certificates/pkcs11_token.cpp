#include "certificates/pkcs11_token.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/openssl_pointers.hpp"
#include "certificates/open_token.hpp"

namespace hawser::engine {
namespace {

// The certificate keeper comes every two seconds, and looks every second time: what is put in is found within five.
constexpr std::chrono::seconds look_interval{4};

pkcs11_uri object_uri(const pkcs11_uri& token, const std::string& id, const std::string& label) {
    pkcs11_uri uri = token;
    if (!id.empty()) {
        uri.path["id"] = id;
    }
    if (!label.empty()) {
        uri.path["object"] = label;
    }
    return uri;
}

// Short, for a person: which token, and which object.
std::string short_name(const pkcs11_uri& full) {
    pkcs11_uri brief;
    brief.path["token"] = full.path.at("token");
    const char* chosen = full.path.count("object") != 0 ? "object" : "id";
    if (const auto found = full.path.find(chosen); found != full.path.end()) {
        brief.path[chosen] = found->second;
    }
    return to_text(brief);
}

// As pkcs11_objects has it: RSA: the modulus; EC: the point.
std::string public_key_of(const std::string& certificate_der) {
    const x509_pointer certificate = x509_of(certificate_der);
    EVP_PKEY* key = certificate ? X509_get0_pubkey(certificate.get()) : nullptr;
    std::string made;
    BIGNUM* modulus = nullptr;
    if (key != nullptr && EVP_PKEY_is_a(key, "RSA") == 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1) {
        made.resize(static_cast<std::size_t>(BN_num_bytes(modulus)));
        BN_bn2bin(modulus, reinterpret_cast<unsigned char*>(made.data()));
    } else if (key != nullptr && EVP_PKEY_is_a(key, "EC") == 1) {
        unsigned char* point = nullptr;
        if (const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &point); size > 0) {
            made.assign(reinterpret_cast<const char*>(point), size);
            OPENSSL_free(point);
        }
    }
    BN_free(modulus);
    ERR_clear_error();
    return made;
}

bool has_id(const certificate_entry& entry, const std::string& id) {
    const result<pkcs11_uri> uri = parse_pkcs11_uri(entry.uri);
    return uri && uri->path.count("id") != 0 && uri->path.at("id") == id;
}

}  // namespace

struct pkcs11_token::content {
    token_objects objects;
    pkcs11_uri identity;
    std::vector<certificate_entry> certificates;
    std::vector<std::string> unreadable;
    std::map<std::string, token_private_key> keys;  // by the text that names them
};

// What a look has found.
struct pkcs11_token::finding {
    std::shared_ptr<open_token> token;    // null: it cannot be used
    std::shared_ptr<const content> made;  // null: as before
    std::string problem;                  // why it cannot be used
};

pkcs11_token::pkcs11_token(token_source from) : from_(std::move(from)), name_(name_of(from_)) {}
pkcs11_token::~pkcs11_token() = default;

std::string pkcs11_token::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

bool pkcs11_token::has_key(const std::string& private_key) const {
    const std::lock_guard lock(mutex_);
    return content_ && content_->keys.count(private_key) != 0;
}

bool pkcs11_token::refresh(folder_look look) {
    const auto now = std::chrono::steady_clock::now();
    std::shared_ptr<open_token> known;
    bool was_lost = false;
    {
        const std::lock_guard lock(mutex_);
        if (look == folder_look::settled && !is_lost_ && now - looked_at_ < look_interval) {
            return false;
        }
        known = open_;
        was_lost = std::exchange(is_lost_, false);
    }
    looked_at_ = now;
    const std::weak_ptr<open_token> former = known;
    finding found = look_into(std::move(known));
    const std::lock_guard lock(mutex_);
    bool has_changed = false;
    if (found.token == nullptr || found.token != former.lock() || !is_lost_) {  // else the next look opens it
        has_changed = was_lost || is_lost_ || found.problem != problem_;
        open_ = std::move(found.token);
        problem_ = std::move(found.problem);
        is_lost_ = false;
    }
    if (found.made && (!content_ || found.made->objects != content_->objects ||
                       to_text(found.made->identity) != to_text(content_->identity))) {
        content_ = std::move(found.made);
        has_changed = true;
    }
    return has_changed;
}

// One that does not answer any more is opened anew at once: it may be back, or have lost its sessions only.
pkcs11_token::finding pkcs11_token::look_into(std::shared_ptr<open_token> known) {
    if (known) {
        try {
            std::shared_ptr<const content> made = read(*known);
            return {std::move(known), std::move(made), ""};
        } catch (const pkcs11_failure& failure) {
            lose(known, text_of_loss(failure.what()));
            known = nullptr;  // closes its sessions, where no use has it
        }
    }
    result<std::shared_ptr<open_token>> opened = open_token::open(from_);
    if (!opened) {
        return {nullptr, nullptr, opened.error().text};
    }
    try {
        std::shared_ptr<const content> made = read(**opened);
        return {std::move(*opened), std::move(made), ""};
    } catch (const pkcs11_failure& failure) {
        return {nullptr, nullptr, text_of_loss(failure.what())};
    }
}

std::shared_ptr<const pkcs11_token::content> pkcs11_token::read(open_token& token) const {
    auto fresh = std::make_shared<content>();
    fresh->objects = token.list_objects();
    fresh->identity = token.identity();
    for (const token_certificate& one : fresh->objects.certificates) {
        const pkcs11_uri uri = object_uri(fresh->identity, one.id, one.label);
        result<certificate_entry> entry = read_certificate(one.der, short_name(uri));
        if (!entry) {
            fresh->unreadable.push_back(short_name(uri) + " of " + from_.module + ": " + entry.error().text);
            continue;
        }
        entry->uri = to_text(uri);
        entry->token = name_;
        fresh->certificates.push_back(std::move(*entry));
    }
    for (const token_private_key& key : fresh->objects.keys) {
        pkcs11_uri uri = object_uri(fresh->identity, key.id, key.label);
        uri.path["type"] = "private";
        uri.query["module-path"] = from_.module;
        fresh->keys.emplace(to_text(uri), key);
    }
    return fresh;
}

std::string pkcs11_token::text_of_loss(const std::string& why) const {
    return name_ + " cannot be used now: " + why +
           "; put the token in if it was taken out: it is opened again as soon as it is there";
}

// The next look opens it again; whoever uses it now gets to know by himself.
error pkcs11_token::lose(const std::shared_ptr<open_token>& lost, const std::string& problem) {
    const std::lock_guard lock(mutex_);
    if (open_ == lost) {
        open_ = nullptr;
        problem_ = problem;
        is_lost_ = true;
    }
    return {token_is_out, problem};
}

void pkcs11_token::add_to(certificate_folder& personal, std::vector<std::string>& notes) const {
    const std::lock_guard lock(mutex_);
    if (!problem_.empty()) {
        personal.problems.push_back(problem_);
    }
    if (!content_) {
        return;
    }
    personal.problems.insert(personal.problems.end(), content_->unreadable.begin(), content_->unreadable.end());
    personal.certificates.insert(personal.certificates.end(), content_->certificates.begin(),
                                 content_->certificates.end());
    std::vector<std::string> public_keys;
    for (const certificate_entry& entry : personal.certificates) {
        public_keys.push_back(public_key_of(entry.der));
    }
    for (const auto& [uri, key] : content_->keys) {
        bool has_certificate = false;
        for (std::size_t i = 0; i < personal.certificates.size(); ++i) {
            certificate_entry& entry = personal.certificates[i];
            const bool is_its = key.public_key.empty() ? entry.token == name_ && has_id(entry, key.id)
                                                       : public_keys[i] == key.public_key;
            has_certificate = has_certificate || is_its;
            if (is_its && entry.private_key.empty()) {
                entry.private_key = uri;
                entry.token = name_;
            }
        }
        if (!has_certificate) {
            notes.push_back("the private key " + short_name(object_uri(content_->identity, key.id, key.label)) +
                            " of " + from_.module +
                            " has no certificate: put it into the token or into the personal folder, or take no "
                            "notice where another program uses the key");
        }
    }
}

result<std::string> pkcs11_token::use(const std::string& private_key, const key_use& wanted) {
    std::shared_ptr<open_token> token;
    token_private_key key;
    {
        const std::lock_guard lock(mutex_);
        if (!content_ || content_->keys.count(private_key) == 0) {
            return fail(token_has_no_such_key, name_ + " has no such private key");
        }
        if (!open_) {
            return fail(token_is_out, problem_);
        }
        key = content_->keys.at(private_key);
        token = open_;
    }
    try {
        return token->use(key, wanted);
    } catch (const open_token::use_refusal& refusal) {
        return fail(refusal.code(), refusal.what());
    } catch (const open_token::pin_refusal& refusal) {
        return unexpected{lose(token, refusal.what())};
    } catch (const pkcs11_failure& failure) {
        if (is_token_gone(failure.code())) {
            return unexpected{lose(token, text_of_loss(failure.what()))};
        }
        return fail(token_is_out, name_ + ": " + failure.what());
    }
}

}  // namespace hawser::engine
