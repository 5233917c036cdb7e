#include "certificates/token_login.hpp"

#include <string_view>
#include <vector>

#include "certificates/pkcs11_objects.hpp"
#include "certificates/refused_pins.hpp"

namespace hawser::engine {
namespace {

constexpr unsigned long slot_count_max = 1024;

// Padded with blanks, by PKCS#11.
template <std::size_t Size>
std::string padded_text(const unsigned char (&field)[Size]) {
    std::string_view text(reinterpret_cast<const char*>(field), Size);
    const std::size_t last = text.find_last_not_of(std::string_view(" \0", 2));
    return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

pkcs11_uri identity_of(const CK_TOKEN_INFO& info) {
    pkcs11_uri identity;
    identity.path = {{"token", padded_text(info.label)},
                     {"manufacturer", padded_text(info.manufacturerID)},
                     {"model", padded_text(info.model)},
                     {"serial", padded_text(info.serialNumber)}};
    return identity;
}

std::vector<found_token> list_tokens(CK_FUNCTION_LIST& functions) {
    unsigned long count = 0;
    std::vector<CK_SLOT_ID> slots;
    if (functions.C_GetSlotList(CK_TRUE, nullptr, &count) == CKR_OK && count <= slot_count_max) {
        slots.resize(count);
        const CK_RV code = count == 0 ? CKR_OK : functions.C_GetSlotList(CK_TRUE, slots.data(), &count);
        slots.resize(code == CKR_OK ? std::min<std::size_t>(count, slots.size()) : 0);
    }
    std::vector<found_token> found;
    for (const CK_SLOT_ID slot : slots) {
        CK_TOKEN_INFO info{};
        if (functions.C_GetTokenInfo(slot, &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) != 0) {
            found.push_back({slot, identity_of(info)});
        }
    }
    return found;
}

std::string names_of(const std::vector<found_token>& tokens) {
    std::string names;
    for (const found_token& one : tokens) {
        names += (names.empty() ? "" : ", ") + to_text(one.identity);
    }
    return names.empty() ? "no token" : names;
}

// Unlike any other's, for the PINs that it has refused.
std::string key_of(const found_token& token, const token_source& source) {
    return source.module + ' ' + to_text(token.identity);
}

constexpr const char* where_the_pin_is = " in host.certificates.tokens";

result<void> refuse_known_pin(const std::string& who) {
    return fail(token_is_out, who +
                                  " has refused its PIN, which is not tried again so that the token does not lock "
                                  "itself: correct \"pin\"" +
                                  where_the_pin_is +
                                  ", or what it is read from, and "
                                  "reload, or restart the host where the token was changed to have this PIN");
}

result<void> refuse_by_flags(const CK_TOKEN_INFO& info, const token_source& source, const std::string& who) {
    if ((info.flags & CKF_USER_PIN_INITIALIZED) == 0) {
        return fail(token_is_out, who +
                                      " has no user PIN yet: set one, with its maker's tool or pkcs11-tool "
                                      "--init-pin");
    }
    if ((info.flags & CKF_USER_PIN_LOCKED) != 0) {
        return fail(token_is_out, who +
                                      " is locked, after too many wrong PINs: unlock it, with its maker's tool or "
                                      "pkcs11-tool --init-pin");
    }
    if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
        return fail(token_is_out, who +
                                      " has one try left before it locks itself, which is not taken: log in to it "
                                      "by hand with the right PIN (pkcs11-tool --login --list-objects --module " +
                                      source.module + "), and correct \"pin\"" + where_the_pin_is + " if need be");
    }
    if (source.pin.text().empty()) {
        return fail(token_is_out, who + " asks for a PIN: give it as \"pin\"" + where_the_pin_is +
                                      (((info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
                                           ? "; its PIN pad cannot be used by a service"
                                           : ""));
    }
    return {};
}

bool is_refusal(CK_RV code) {
    return code == CKR_PIN_INCORRECT || code == CKR_PIN_INVALID || code == CKR_PIN_LEN_RANGE ||
           code == CKR_PIN_LOCKED || code == CKR_PIN_EXPIRED;
}

result<void> refuse_pin(CK_RV code, const std::string& who) {
    return code == CKR_PIN_EXPIRED || code == CKR_PIN_LOCKED
               ? fail(token_is_out, who + " lets nobody in: " + pkcs11_reason(code) +
                                        "; set its PIN anew with its maker's tool, and reload")
               : refuse_known_pin(who);
}

CK_RV give_pin(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_USER_TYPE user, const token_source& source) {
    const std::string& pin = source.pin.text();
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(pin.data()));  // PKCS#11 has no const
    return functions.C_Login(session, user, bytes, pin.size());
}

}  // namespace

std::string name_of(const token_source& source) { return "the token " + source.uri + " of " + source.module; }

result<found_token> find_token(CK_FUNCTION_LIST& functions, const token_source& source) {
    const result<pkcs11_uri> wanted = parse_pkcs11_uri(source.uri);
    if (!wanted) {
        return unexpected{wanted.error()};
    }
    const std::vector<found_token> tokens = list_tokens(functions);
    std::vector<found_token> fitting;
    for (const found_token& one : tokens) {
        if (fits(*wanted, one.identity)) {
            fitting.push_back(one);
        }
    }
    if (fitting.empty()) {
        return fail(token_is_out, name_of(source) + " is not there; the module has " + names_of(tokens) +
                                      ": put the token in, or correct \"token\" in host.certificates.tokens");
    }
    if (fitting.size() > 1) {
        return fail(token_is_out, name_of(source) + " may be one of several (" + names_of(fitting) +
                                      "): add \";serial=…\" to \"token\" in host.certificates.tokens");
    }
    return std::move(fitting.front());
}

result<void> log_in_to_token(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_USER_TYPE user,
                             const found_token& token, const token_source& source) {
    const std::string who = name_of(source);
    refused_pins::turn turn(refused_pins::of_process(), key_of(token, source), source.pin);
    CK_TOKEN_INFO info{};
    check_pkcs11(functions.C_GetTokenInfo(token.slot, &info), "asking for its state");
    if (user == CKU_USER && (info.flags & CKF_LOGIN_REQUIRED) == 0) {
        return {};
    }
    if (turn.is_refused()) {
        return refuse_known_pin(who);
    }
    if (result<void> allowed = refuse_by_flags(info, source, who); !allowed) {
        return allowed;
    }
    const CK_RV code = give_pin(functions, session, user, source);
    if (is_refusal(code)) {
        turn.refuse();
        return refuse_pin(code, who);
    }
    if (code != CKR_USER_ALREADY_LOGGED_IN) {
        check_pkcs11(code, "giving it the PIN");
    }
    return {};
}

}  // namespace hawser::engine
