#include "certificates/open_token.hpp"

#include <algorithm>
#include <chrono>

namespace hawser::engine {
namespace {

constexpr std::size_t answer_size_max = 4096;  // an RSA key of 32768 bits
constexpr std::chrono::seconds session_wait_max{30};

unsigned char* bytes_of(std::string_view text) {  // PKCS#11 has no const
    return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
}

bool is_signature(key_operation operation) {
    return operation == key_operation::sign_pkcs1 || operation == key_operation::sign_raw ||
           operation == key_operation::sign_ecdsa;
}

CK_MECHANISM mechanism_of(key_operation operation) {
    switch (operation) {
    case key_operation::sign_pkcs1:
    case key_operation::decrypt_pkcs1: return {CKM_RSA_PKCS, nullptr, 0};
    case key_operation::sign_raw:
    case key_operation::decrypt_raw: return {CKM_RSA_X_509, nullptr, 0};
    case key_operation::sign_ecdsa: return {CKM_ECDSA, nullptr, 0};
    case key_operation::derive_ecdh: break;
    }
    return {CKM_ECDH1_DERIVE, nullptr, 0};
}

const char* name_of(key_operation operation) {
    switch (operation) {
    case key_operation::sign_pkcs1: return "sign with CKM_RSA_PKCS";
    case key_operation::sign_raw: return "sign with CKM_RSA_X_509, which RSASSA-PSS needs";
    case key_operation::decrypt_pkcs1: return "decrypt with CKM_RSA_PKCS";
    case key_operation::decrypt_raw: return "decrypt with CKM_RSA_X_509, which RSAES-OAEP needs";
    case key_operation::sign_ecdsa: return "sign with CKM_ECDSA";
    case key_operation::derive_ecdh: break;
    }
    return "derive with CKM_ECDH1_DERIVE";
}

// The input does not fit the key. What exactly is wrong with it nobody is told: that would help to guess what is in it.
void check_input(CK_RV code, const char* doing) {
    if (code != CKR_OK && !is_token_gone(code) && code != CKR_HOST_MEMORY) {
        throw open_token::use_refusal(token_refuses_input, "the input does not fit the key");
    }
    check_pkcs11(code, doing);
}

}  // namespace

// Reused where its use went well: else it may still be in the middle of it.
class open_token::borrowed_session {
public:
    explicit borrowed_session(open_token& owner) : owner_(owner), session_(take()) {}
    borrowed_session(const borrowed_session&) = delete;
    borrowed_session& operator=(const borrowed_session&) = delete;
    ~borrowed_session() {
        if (!is_reusable_) {
            owner_.module_->functions().C_CloseSession(session_);
        }
        {
            const std::lock_guard lock(owner_.mutex_);
            if (is_reusable_) {
                owner_.idle_.push_back(session_);  // there is room: see the constructor of its owner
            } else {
                --owner_.open_count_;
            }
        }
        owner_.given_back_.notify_one();
    }
    CK_SESSION_HANDLE get() const noexcept { return session_; }
    void end_well() noexcept { is_reusable_ = true; }

private:
    CK_SESSION_HANDLE take() {
        std::unique_lock lock(owner_.mutex_);
        const auto has_one = [&] { return !owner_.idle_.empty() || owner_.open_count_ < owner_.session_limit_; };
        if (!owner_.given_back_.wait_for(lock, session_wait_max, has_one)) {
            throw pkcs11_failure("waiting for a session", CKR_SESSION_COUNT);
        }
        if (!owner_.idle_.empty()) {
            const CK_SESSION_HANDLE session = owner_.idle_.back();
            owner_.idle_.pop_back();
            return session;
        }
        ++owner_.open_count_;
        lock.unlock();
        try {
            return owner_.open_session();
        } catch (const pkcs11_failure&) {
            lock.lock();
            --owner_.open_count_;
            lock.unlock();
            owner_.given_back_.notify_one();
            throw;
        }
    }

    open_token& owner_;
    CK_SESSION_HANDLE session_;
    bool is_reusable_ = false;
};

open_token::open_token(std::shared_ptr<const pkcs11_module> module, found_token found, const token_source& source)
    : module_(std::move(module)), found_(std::move(found)), source_(source), name_(hawser::engine::name_of(source)) {
    idle_.reserve(sessions_max);
    CK_TOKEN_INFO info{};
    if (module_->functions().C_GetTokenInfo(found_.slot, &info) == CKR_OK &&
        info.ulMaxSessionCount != CK_UNAVAILABLE_INFORMATION && info.ulMaxSessionCount != CK_EFFECTIVELY_INFINITE) {
        session_limit_ = std::clamp<std::size_t>(info.ulMaxSessionCount - 1, 1, sessions_max);
    }
}

open_token::~open_token() {
    for (const CK_SESSION_HANDLE session : idle_) {
        module_->functions().C_CloseSession(session);
    }
    if (first_session_ != 0) {
        module_->functions().C_CloseSession(first_session_);
    }
}

result<std::shared_ptr<open_token>> open_token::open(const token_source& source) {
    result<std::shared_ptr<const pkcs11_module>> module = pkcs11_module::load(source.module);
    if (!module) {
        return unexpected{module.error()};
    }
    result<found_token> found = find_token((*module)->functions(), source);
    if (!found) {
        return unexpected{found.error()};
    }
    std::shared_ptr<open_token> made(new open_token(std::move(*module), std::move(*found), source));
    try {
        made->first_session_ = made->open_session();
        if (result<void> taken = made->log_in(made->first_session_, CKU_USER); !taken) {
            return unexpected{taken.error()};
        }
    } catch (const pkcs11_failure& failure) {
        return fail(token_is_out,
                    made->name_ + " cannot be opened: " + failure.what() + "; it is tried again in a while");
    }
    return made;
}

CK_SESSION_HANDLE open_token::open_session() {
    CK_SESSION_HANDLE session = 0;
    check_pkcs11(module_->functions().C_OpenSession(found_.slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session),
                 "opening a session");
    return session;
}

result<void> open_token::log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user) {
    return log_in_to_token(module_->functions(), session, user, found_, source_);
}

token_objects open_token::list_objects() { return read_token_objects(module_->functions(), first_session_); }

std::string open_token::use(const token_private_key& key, const key_use& wanted) {
    borrowed_session session(*this);
    const CK_OBJECT_HANDLE handle = find_private_key(module_->functions(), session.get(), key);
    if (handle == 0) {
        throw use_refusal(token_is_out, name_ + " has the private key \"" + key.label + "\" no more");
    }
    std::string made;
    if (wanted.operation == key_operation::derive_ecdh) {
        made = derive(session.get(), handle, wanted.input);
    } else {
        begin(session.get(), handle, wanted.operation);
        log_in_for_use(session.get(), key);
        made =
            is_signature(wanted.operation) ? sign(session.get(), wanted.input) : decrypt(session.get(), wanted.input);
    }
    session.end_well();
    return made;
}

void open_token::begin(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, key_operation operation) {
    CK_MECHANISM mechanism = mechanism_of(operation);
    CK_FUNCTION_LIST& functions = module_->functions();
    const CK_RV code = is_signature(operation) ? functions.C_SignInit(session, &mechanism, key)
                                               : functions.C_DecryptInit(session, &mechanism, key);
    if (code == CKR_MECHANISM_INVALID || code == CKR_KEY_FUNCTION_NOT_PERMITTED || code == CKR_KEY_TYPE_INCONSISTENT ||
        code == CKR_KEY_SIZE_RANGE) {
        throw use_refusal(token_does_not, name_ + " does not " + name_of(operation) + ": " + pkcs11_reason(code) +
                                              "; use other algorithms, or another key");
    }
    check_pkcs11(code, "beginning to use the key");
}

// Some keys want the PIN each time. One that was taken at the login is not wrong now, unless it has been changed.
void open_token::log_in_for_use(CK_SESSION_HANDLE session, const token_private_key& key) {
    if (!key.asks_for_each_use) {
        return;
    }
    if (const result<void> taken = log_in(session, CKU_CONTEXT_SPECIFIC); !taken) {
        throw pin_refusal(taken.error().text);
    }
}

std::string open_token::sign(CK_SESSION_HANDLE session, std::string_view input) {
    std::string signature(answer_size_max, '\0');
    unsigned long size = signature.size();
    check_pkcs11(module_->functions().C_Sign(session, bytes_of(input), input.size(), bytes_of(signature), &size),
                 "signing");
    signature.resize(std::min<std::size_t>(size, signature.size()));
    return signature;
}

std::string open_token::decrypt(CK_SESSION_HANDLE session, std::string_view input) {
    std::string clear(answer_size_max, '\0');
    unsigned long size = clear.size();
    check_input(module_->functions().C_Decrypt(session, bytes_of(input), input.size(), bytes_of(clear), &size),
                "decrypting");
    clear.resize(std::min<std::size_t>(size, clear.size()));
    return clear;
}

std::string open_token::derive(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, std::string_view point) {
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), bytes_of(point)};
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
    CK_KEY_TYPE type = CKK_GENERIC_SECRET;
    unsigned char yes = CK_TRUE;
    unsigned char no = CK_FALSE;
    unsigned long size = (point.size() - 1) / 2;  // of a coordinate: 04 x y
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &kind, sizeof kind},     {CKA_KEY_TYPE, &type, sizeof type},
                                 {CKA_TOKEN, &no, sizeof no},         {CKA_SENSITIVE, &no, sizeof no},
                                 {CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_VALUE_LEN, &size, sizeof size}};
    CK_FUNCTION_LIST& functions = module_->functions();
    CK_OBJECT_HANDLE secret = 0;
    const CK_RV code = functions.C_DeriveKey(session, &mechanism, key, attributes, std::size(attributes), &secret);
    if (code == CKR_MECHANISM_INVALID || code == CKR_KEY_FUNCTION_NOT_PERMITTED || code == CKR_KEY_TYPE_INCONSISTENT) {
        throw use_refusal(token_does_not, name_ + " does not " + name_of(key_operation::derive_ecdh) + ": " +
                                              pkcs11_reason(code) + "; have senders encrypt for an RSA key");
    }
    check_input(code, "deriving");
    std::string made = read_attribute(functions, session, secret, CKA_VALUE);
    functions.C_DestroyObject(session, secret);
    return made;
}

}  // namespace hawser::engine
