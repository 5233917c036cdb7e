#include "certificates/certificate_store.hpp"

namespace hawser::engine {

std::vector<std::string> certificate_snapshot::problems() const {
    std::vector<std::string> all;
    for (const certificate_folder* folder : {&personal, &other_people, &trusted}) {
        all.insert(all.end(), folder->problems.begin(), folder->problems.end());
    }
    return all;
}

certificate_store::certificate_store(sources from)
    : from_(std::move(from)),
      personal_(from_.personal, from_.passwords),
      other_people_(from_.other_people, from_.passwords),
      trusted_(from_.trusted, from_.passwords) {
    for (const token_source& one : from_.tokens) {
        tokens_.push_back(std::make_unique<pkcs11_token>(one));
    }
    reload();
}

std::shared_ptr<const certificate_snapshot> certificate_store::current() const {
    const std::shared_lock lock(mutex_);
    return current_;
}

bool certificate_store::refresh(folder_look look) {
    const std::lock_guard one_at_a_time(refresh_mutex_);
    bool has_changed = look == folder_look::at_once;
    for (folder_reader* folder : {&personal_, &other_people_, &trusted_}) {
        has_changed = (!folder->name().empty() && folder->refresh(look)) || has_changed;
    }
    for (const std::unique_ptr<pkcs11_token>& token : tokens_) {
        has_changed = token->refresh(look) || has_changed;
    }
    if (!has_changed) {
        return false;
    }
    auto fresh = std::make_shared<certificate_snapshot>();
    fresh->personal = personal_.content();
    for (const std::unique_ptr<pkcs11_token>& token : tokens_) {
        token->add_to(fresh->personal, fresh->notes);
        if (std::string problem = token->problem(); !problem.empty()) {
            fresh->token_problems.emplace(token->name(), std::move(problem));
        }
    }
    fresh->other_people = other_people_.content();
    fresh->trusted = trusted_.content();
    fresh->has_trusted = !from_.trusted.empty();
    const std::unique_lock lock(mutex_);
    fresh->revision = current_ ? current_->revision + 1 : 1;
    current_ = std::move(fresh);
    return true;
}

result<std::string> certificate_store::use_key(const std::string& private_key, const key_use& wanted) const {
    for (const std::unique_ptr<pkcs11_token>& token : tokens_) {
        if (token->has_key(private_key)) {
            return token->use(private_key, wanted);
        }
    }
    return fail(token_has_no_such_key, "no token of this host has the private key " + private_key);
}

}  // namespace hawser::engine
