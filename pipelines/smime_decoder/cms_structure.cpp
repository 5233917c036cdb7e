#include "cms_structure.hpp"

#include <openssl/objects.h>

#include <array>

namespace hawser::smime {
namespace {

using object_pointer = std::unique_ptr<ASN1_OBJECT, deleter<&ASN1_OBJECT_free>>;

object_pointer parse_object(std::string_view element) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(element.data());
    object_pointer object(d2i_ASN1_OBJECT(nullptr, &bytes, static_cast<long>(element.size())));
    if (!object) {
        ERR_clear_error();
        throw failure("the CMS structure has an object identifier that is none");
    }
    return object;
}

}  // namespace

int nid_of(std::string_view object_identifier) { return OBJ_obj2nid(parse_object(object_identifier).get()); }

std::string object_identifier_of(int nid) {
    unsigned char* bytes = nullptr;
    const int size = i2d_ASN1_OBJECT(OBJ_nid2obj(nid), &bytes);
    if (size <= 0) {
        throw_openssl_failure("writing an object identifier");
    }
    std::string element(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return element;
}

std::string name_of_algorithm(int nid) {
    const char* name = nid == NID_undef ? nullptr : OBJ_nid2sn(nid);
    return name == nullptr ? "unknown" : name;
}

int enter_content_info(ber_reader& reader) {
    reader.enter(ber::sequence, "CMS ContentInfo");
    const int kind = nid_of(reader.capture(ber::object_identifier, small_element_max, "the content type"));
    switch (kind) {
    case NID_pkcs7_signed:
    case NID_pkcs7_enveloped:
    case NID_id_smime_ct_authEnvelopedData: break;
    case NID_id_smime_ct_compressedData:
        throw failure(
            "the message is compressed (CMS compressed-data), which this decoder does not support: ask the sender to "
            "send it uncompressed");
    default:
        throw failure("the message's CMS content type is " + name_of_algorithm(kind) +
                      "; signed-data, enveloped-data and authEnveloped-data are supported");
    }
    reader.enter(ber::explicit_context(0), "the content of the CMS ContentInfo");
    reader.enter(ber::sequence, "the CMS structure");
    return kind;
}

void leave_content_info(ber_reader& reader) {
    reader.leave();
    reader.leave();
    reader.leave();
}

cms_pointer parse_structure(int kind, std::string_view elements, const char* what, OSSL_LIB_CTX* library) {
    const std::string content = der_element(ber::explicit_context(0), der_element(ber::sequence, elements));
    const std::string whole = der_element(ber::sequence, object_identifier_of(kind) + content);
    const auto* bytes = reinterpret_cast<const unsigned char*>(whole.data());
    CMS_ContentInfo* made = CMS_ContentInfo_new_ex(library, nullptr);
    cms_pointer parsed(made == nullptr ? nullptr : d2i_CMS_ContentInfo(&made, &bytes, static_cast<long>(whole.size())));
    if (!parsed) {
        throw_openssl_failure(std::string("reading ") + what + " of the CMS structure");
    }
    return parsed;
}

}  // namespace hawser::smime
