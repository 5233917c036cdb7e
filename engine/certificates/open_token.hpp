// A PKCS#11 token that is there and logged in to: its sessions. Made by pkcs11_token, and kept until the token has gone
// and the last use of it is over.
//
// Threads: any, several at once. PKCS#11 lets one thread at a time use a session, so each use borrows one, or waits
// where all are in use. A login holds for all sessions of the process, for as long as one of them is open: the first
// stays open for that, and is the keeper's, who lists the token's objects. Functions throw pkcs11_failure.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "certificates/pkcs11_objects.hpp"
#include "certificates/pkcs11_uri.hpp"
#include "certificates/token_key.hpp"
#include "certificates/token_login.hpp"

namespace hawser::engine {

class open_token {
public:
    // Fails naming module and token, what is wrong, and what to do.
    static result<std::shared_ptr<open_token>> open(const token_source& source);
    open_token(const open_token&) = delete;
    open_token& operator=(const open_token&) = delete;
    ~open_token();

    const pkcs11_uri& identity() const noexcept { return found_.identity; }  // model, manufacturer, serial, token
    token_objects list_objects();                                            // one thread at a time

    // Throws use_refusal and pin_refusal as well.
    std::string use(const token_private_key& key, const key_use& wanted);

    // The token does not do it (with a reason), or the input does not fit the key (without one).
    class use_refusal : public std::runtime_error {
    public:
        use_refusal(const char* code, const std::string& text) : std::runtime_error(text), code_(code) {}
        const char* code() const noexcept { return code_; }

    private:
        const char* code_;
    };

    // A key that asks for the PIN at each use was given one that is wrong by now. Says what to do.
    class pin_refusal : public std::runtime_error {
    public:
        using std::runtime_error::runtime_error;
    };

private:
    class borrowed_session;
    open_token(std::shared_ptr<const pkcs11_module> module, found_token found, const token_source& source);
    CK_SESSION_HANDLE open_session();
    void begin(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, key_operation operation);
    result<void> log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user);
    void log_in_for_use(CK_SESSION_HANDLE session, const token_private_key& key);
    std::string sign(CK_SESSION_HANDLE session, std::string_view input);
    std::string decrypt(CK_SESSION_HANDLE session, std::string_view input);
    std::string derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, std::string_view point);

    static constexpr std::size_t sessions_max = 16;

    std::shared_ptr<const pkcs11_module> module_;
    found_token found_;
    token_source source_;  // its PIN is for keys that ask for it at each use
    std::string name_;     // for a person
    CK_SESSION_HANDLE first_session_ = 0;
    std::mutex mutex_;  // of the sessions
    std::condition_variable given_back_;
    std::vector<CK_SESSION_HANDLE> idle_;
    std::size_t open_count_ = 0;                // without the first
    std::size_t session_limit_ = sessions_max;  // less where the token has fewer
};

}  // namespace hawser::engine
