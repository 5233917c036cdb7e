// A PKCS #11 module whose tokens can be pulled out of a running program and put back: it hands everything on to the
// module that REMOVABLE_TOKEN_MODULE names, until the file that REMOVABLE_TOKEN_PULLED names is there. Then it has no
// token and says of every session that the device was removed; and when the file has gone again, the sessions of before
// are invalid, and nobody is logged in. Each login is a line of the file REMOVABLE_TOKEN_LOGINS: who, and the answer.
//
// Threads: any. What was begun when the tokens are pulled ends well, as with a token that is still warm; the next call
// finds them gone.
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace {

CK_FUNCTION_LIST* load_inner() {
    const char* path = std::getenv("REMOVABLE_TOKEN_MODULE");
    void* library = path == nullptr ? nullptr : ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void* found = library == nullptr ? nullptr : ::dlsym(library, "C_GetFunctionList");
    CK_FUNCTION_LIST* functions = nullptr;
    if (found == nullptr || reinterpret_cast<CK_C_GetFunctionList>(found)(&functions) != CKR_OK) {
        return nullptr;
    }
    return functions;
}

CK_FUNCTION_LIST* inner() {  // null: there is none
    static CK_FUNCTION_LIST* const functions = load_inner();
    return functions;
}

bool is_pulled_now() {
    const char* path = std::getenv("REMOVABLE_TOKEN_PULLED");
    return path != nullptr && ::access(path, F_OK) == 0;
}

std::shared_mutex slot_mutex;  // shared by the calls, alone while tokens go or come
bool has_tokens = true;

// Closing the last session of a token logs out of it.
void close_all_sessions() {
    unsigned long count = 0;
    inner()->C_GetSlotList(CK_TRUE, nullptr, &count);
    std::vector<CK_SLOT_ID> slots(count);
    if (inner()->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK) {
        return;
    }
    for (const CK_SLOT_ID slot : slots) {
        inner()->C_CloseAllSessions(slot);
    }
}

// Held during a call, for which the tokens stay as they are.
class slot_look {
public:
    slot_look() : lock_(slot_mutex) {
        while (has_tokens == is_pulled_now()) {
            lock_.unlock();
            change();
            lock_.lock();
        }
    }
    bool has_tokens_now() const { return has_tokens; }

private:
    static void change() {
        const std::unique_lock alone(slot_mutex);
        const bool had_tokens = has_tokens;
        has_tokens = !is_pulled_now();
        if (had_tokens && !has_tokens) {
            close_all_sessions();
        }
    }

    std::shared_lock<std::shared_mutex> lock_;
};

// A function of the inner module's, and what it answers while the tokens are out.
template <auto Function, CK_RV Otherwise>
struct handed_on;
template <typename... Arguments, CK_RV (*CK_FUNCTION_LIST::*Function)(Arguments...), CK_RV Otherwise>
struct handed_on<Function, Otherwise> {
    static CK_RV call(Arguments... arguments) {
        const slot_look look;
        return look.has_tokens_now() ? (inner()->*Function)(arguments...) : Otherwise;
    }
};

template <auto Function>
constexpr auto in_session = &handed_on<Function, CKR_DEVICE_REMOVED>::call;
template <auto Function>
constexpr auto of_token = &handed_on<Function, CKR_TOKEN_NOT_PRESENT>::call;

CK_RV get_slot_list(CK_BBOOL only_with_token, CK_SLOT_ID* slots, unsigned long* count) {
    const slot_look look;
    if (only_with_token != CK_FALSE && !look.has_tokens_now()) {
        *count = 0;
        return CKR_OK;
    }
    return inner()->C_GetSlotList(only_with_token, slots, count);
}

CK_RV get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO* info) {
    const slot_look look;
    const CK_RV code = inner()->C_GetSlotInfo(slot, info);
    if (code == CKR_OK && !look.has_tokens_now()) {
        info->flags &= ~static_cast<CK_FLAGS>(CKF_TOKEN_PRESENT);
    }
    return code;
}

void note_login(CK_USER_TYPE who, CK_RV code) {
    const char* path = std::getenv("REMOVABLE_TOKEN_LOGINS");
    const int file = path == nullptr ? -1 : ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return;
    }
    std::array<char, 64> line{};
    const int size = std::snprintf(line.data(), line.size(), "%s 0x%lx\n",
                                   who == CKU_CONTEXT_SPECIFIC ? "for one use" : "user", code);
    if (::write(file, line.data(), static_cast<std::size_t>(size)) != size) {
        std::abort();  // what counts logins would count too few
    }
    ::close(file);
}

CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE who, unsigned char* pin, unsigned long pin_size) {
    const CK_RV code = in_session<&CK_FUNCTION_LIST::C_Login>(session, who, pin, pin_size);
    note_login(who, code);
    return code;
}

CK_FUNCTION_LIST make_functions() {
    using list = CK_FUNCTION_LIST;
    list made = *inner();
    made.C_GetSlotList = &get_slot_list;
    made.C_GetSlotInfo = &get_slot_info;
    made.C_GetTokenInfo = of_token<&list::C_GetTokenInfo>;
    made.C_GetMechanismList = of_token<&list::C_GetMechanismList>;
    made.C_GetMechanismInfo = of_token<&list::C_GetMechanismInfo>;
    made.C_OpenSession = of_token<&list::C_OpenSession>;
    made.C_CloseSession = in_session<&list::C_CloseSession>;
    made.C_CloseAllSessions = of_token<&list::C_CloseAllSessions>;
    made.C_GetSessionInfo = in_session<&list::C_GetSessionInfo>;
    made.C_Login = &log_in;
    made.C_Logout = in_session<&list::C_Logout>;
    made.C_DestroyObject = in_session<&list::C_DestroyObject>;
    made.C_GetAttributeValue = in_session<&list::C_GetAttributeValue>;
    made.C_FindObjectsInit = in_session<&list::C_FindObjectsInit>;
    made.C_FindObjects = in_session<&list::C_FindObjects>;
    made.C_FindObjectsFinal = in_session<&list::C_FindObjectsFinal>;
    made.C_SignInit = in_session<&list::C_SignInit>;
    made.C_Sign = in_session<&list::C_Sign>;
    made.C_DecryptInit = in_session<&list::C_DecryptInit>;
    made.C_Decrypt = in_session<&list::C_Decrypt>;
    made.C_DeriveKey = in_session<&list::C_DeriveKey>;
    return made;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    if (inner() == nullptr) {
        return CKR_FUNCTION_FAILED;
    }
    static CK_FUNCTION_LIST functions = make_functions();
    *list = &functions;
    return CKR_OK;
}
