// One PKCS#11 token of the bindings, as the certificate store has it: its certificates and which private keys it has,
// and the use of those. It may be absent, and come and go: what was read of it stays known, and uses of its keys fail
// with the reason until refresh() has opened it again. Nobody but refresh() logs in, so that workers cannot give a
// wrong PIN many times over.
//
// Threads: refresh() one at a time; the others any. A module that hangs keeps its callers waiting: PKCS#11 knows no
// deadline.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "certificates/certificate_folder.hpp"
#include "certificates/token_key.hpp"

namespace hawser::engine {

class open_token;
struct token_objects;

class pkcs11_token {
public:
    explicit pkcs11_token(token_source from);
    ~pkcs11_token();
    pkcs11_token(const pkcs11_token&) = delete;
    pkcs11_token& operator=(const pkcs11_token&) = delete;

    // Looks what is there, opening it if need be. Where it is `settled`, only if a use has found it gone, or the last
    // look is some seconds ago. True: add_to() does another thing now.
    bool refresh(folder_look look);

    // Appends its certificates; gives certificates without a private key the one that is in the token; and says why it
    // cannot be used, and which of its keys have no certificate.
    void add_to(certificate_folder& personal, std::vector<std::string>& notes) const;

    const std::string& name() const noexcept { return name_; }  // "the token pkcs11:… of /…/module.so"
    std::string problem() const;                                // "" = it can be used
    bool has_key(const std::string& private_key) const;         // as an entry that add_to() made has it
    result<std::string> use(const std::string& private_key, const key_use& wanted);

private:
    struct content;
    struct finding;
    finding look_into(std::shared_ptr<open_token> known);
    std::shared_ptr<const content> read(open_token& token) const;
    std::string text_of_loss(const std::string& why) const;
    error lose(const std::shared_ptr<open_token>& lost, const std::string& problem);

    token_source from_;
    std::string name_;
    mutable std::mutex mutex_;                // of all below
    std::shared_ptr<open_token> open_;        // null: it is not there
    std::shared_ptr<const content> content_;  // as it was read last; null: never
    std::string problem_;
    bool is_lost_ = false;                             // since the last look, by a use
    std::chrono::steady_clock::time_point looked_at_;  // refresh()'s alone
};

}  // namespace hawser::engine
