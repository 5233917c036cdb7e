#include "certificates/pkcs11_objects.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t attribute_size_max = 64 * 1024;

template <typename Value>
CK_ATTRIBUTE attribute_of(CK_ATTRIBUTE_TYPE type, Value& value) {
    return {type, &value, sizeof value};
}

CK_ATTRIBUTE attribute_of(CK_ATTRIBUTE_TYPE type, const std::string& bytes) {
    return {type, const_cast<char*>(bytes.data()), bytes.size()};
}

std::vector<CK_OBJECT_HANDLE> find_objects(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                           std::vector<CK_ATTRIBUTE> wanted) {
    check_pkcs11(functions.C_FindObjectsInit(session, wanted.data(), wanted.size()), "looking for objects");
    std::vector<CK_OBJECT_HANDLE> found(token_objects_max);
    unsigned long count = 0;
    const CK_RV code = functions.C_FindObjects(session, found.data(), found.size(), &count);
    functions.C_FindObjectsFinal(session);
    check_pkcs11(code, "looking for objects");
    found.resize(std::min<std::size_t>(count, token_objects_max));
    return found;
}

std::string without_leading_zeros(const std::string& number) {
    const std::size_t first = number.find_first_not_of('\0');
    return first == std::string::npos ? "" : number.substr(first);
}

// CKA_EC_POINT is a point inside a DER OCTET STRING; some modules leave that away.
std::string point_of(const std::string& value) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(value[at]); };
    if (value.size() > 2 && byte(0) == 0x04 && byte(1) == value.size() - 2) {
        return value.substr(2);
    }
    if (value.size() > 3 && byte(0) == 0x04 && byte(1) == 0x81 && byte(2) == value.size() - 3) {
        return value.substr(3);
    }
    return value;
}

class object_reading {
public:
    object_reading(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) : functions_(functions), session_(session) {}

    token_objects read() {
        read_certificates();
        for (const CK_KEY_TYPE type : {CKK_RSA, CKK_EC}) {
            read_keys(type);
        }
        return std::move(made_);
    }

private:
    std::string value(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
        return read_attribute(functions_, session_, object, type);
    }

    void read_certificates() {
        CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
        CK_CERTIFICATE_TYPE form = CKC_X_509;
        for (const CK_OBJECT_HANDLE one : find_objects(
                 functions_, session_, {attribute_of(CKA_CLASS, kind), attribute_of(CKA_CERTIFICATE_TYPE, form)})) {
            made_.certificates.push_back({value(one, CKA_VALUE), value(one, CKA_ID), value(one, CKA_LABEL)});
        }
    }

    void read_keys(CK_KEY_TYPE type) {
        CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
        for (const CK_OBJECT_HANDLE one :
             find_objects(functions_, session_, {attribute_of(CKA_CLASS, kind), attribute_of(CKA_KEY_TYPE, type)})) {
            token_private_key key{value(one, CKA_ID), value(one, CKA_LABEL), type, "", false};
            key.public_key = type == CKK_RSA ? without_leading_zeros(value(one, CKA_MODULUS)) : find_point(key);
            const std::string asks = value(one, CKA_ALWAYS_AUTHENTICATE);
            key.asks_for_each_use = asks.size() == 1 && asks[0] != CK_FALSE;
            made_.keys.push_back(std::move(key));
        }
    }

    // That of the public key beside it: a private one does not tell.
    std::string find_point(const token_private_key& key) {
        CK_OBJECT_CLASS kind = CKO_PUBLIC_KEY;
        CK_KEY_TYPE type = key.type;
        const std::vector<CK_OBJECT_HANDLE> found = find_objects(
            functions_, session_,
            {attribute_of(CKA_CLASS, kind), attribute_of(CKA_KEY_TYPE, type), attribute_of(CKA_ID, key.id)});
        return found.size() == 1 ? point_of(value(found.front(), CKA_EC_POINT)) : "";
    }

    CK_FUNCTION_LIST& functions_;
    CK_SESSION_HANDLE session_;
    token_objects made_;
};

}  // namespace

std::string read_attribute(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE_TYPE type) {
    CK_ATTRIBUTE wanted{type, nullptr, 0};
    CK_RV code = functions.C_GetAttributeValue(session, object, &wanted, 1);
    if (code == CKR_ATTRIBUTE_TYPE_INVALID || code == CKR_ATTRIBUTE_SENSITIVE ||
        (code == CKR_OK && (wanted.ulValueLen == 0 || wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION))) {
        return {};
    }
    check_pkcs11(code, "reading an object");
    if (wanted.ulValueLen > attribute_size_max) {
        throw pkcs11_failure("reading an object of more than 64 KiB", CKR_DATA_LEN_RANGE);
    }
    std::string value(wanted.ulValueLen, '\0');
    wanted.pValue = value.data();
    code = functions.C_GetAttributeValue(session, object, &wanted, 1);
    check_pkcs11(code, "reading an object");
    value.resize(std::min<std::size_t>(wanted.ulValueLen, value.size()));
    return value;
}

token_objects read_token_objects(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session) {
    return object_reading(functions, session).read();
}

CK_OBJECT_HANDLE find_private_key(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                  const token_private_key& key) {
    CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = key.type;
    std::vector<CK_ATTRIBUTE> wanted{attribute_of(CKA_CLASS, kind), attribute_of(CKA_KEY_TYPE, type),
                                     attribute_of(CKA_ID, key.id), attribute_of(CKA_LABEL, key.label)};
    const std::vector<CK_OBJECT_HANDLE> found = find_objects(functions, session, std::move(wanted));
    return found.empty() ? 0 : found.front();
}

}  // namespace hawser::engine
