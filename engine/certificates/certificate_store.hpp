// The certificates, keys and CRLs of a host, read from its folders and PKCS#11 tokens. Snapshots are immutable;
// refresh() and reload() put another in place. Thread-safe. A file that cannot be read is a problem that names it, and
// never keeps the others from being used. Whether a certificate is valid is not decided here: the component that uses
// it does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "certificates/certificate_folder.hpp"
#include "certificates/pkcs11_token.hpp"

namespace hawser::engine {

struct certificate_snapshot {
    certificate_folder personal;  // and what is in the tokens
    certificate_folder other_people;
    certificate_folder trusted;
    bool has_trusted = false;
    std::map<std::string, std::string> token_problems;  // why it cannot be used, by the entries' `token`
    std::vector<std::string> notes;                     // what may be a mistake
    std::uint64_t revision = 0;

    std::vector<std::string> problems() const;
};

class certificate_store {
public:
    struct sources {
        std::string personal;  // a folder; "" = none
        std::string other_people;
        std::string trusted;  // "" = the system's anchors
        certificate_passwords passwords;
        std::vector<token_source> tokens;
    };
    explicit certificate_store(sources from);
    certificate_store(const certificate_store&) = delete;
    certificate_store& operator=(const certificate_store&) = delete;

    std::shared_ptr<const certificate_snapshot> current() const;

    // Takes every file as it is now.
    void reload() { refresh(folder_look::at_once); }
    // Costs one stat() a file where nothing has changed, and a token's listing now and then. True: there is a new
    // snapshot.
    bool refresh(folder_look look);

    // With a private key that stays in a token: an entry's `private_key` that begins with "pkcs11:".
    result<std::string> use_key(const std::string& private_key, const key_use& wanted) const;

private:
    sources from_;
    std::mutex refresh_mutex_;  // of the readers
    folder_reader personal_, other_people_, trusted_;
    std::vector<std::unique_ptr<pkcs11_token>> tokens_;
    mutable std::shared_mutex mutex_;
    std::shared_ptr<const certificate_snapshot> current_;
};

}  // namespace hawser::engine
