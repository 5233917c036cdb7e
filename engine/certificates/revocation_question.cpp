#include "certificates/revocation_question.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>

#include "base/hexadecimal.hpp"
#include "base/openssl_pointers.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t urls_max = 4;  // of one certificate
constexpr std::size_t url_size_max = 2048;

struct known_certificate {
    const certificate_entry* entry;
    x509_pointer parsed;
};

std::string sha256_of(const std::string& text) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), bytes, &size, EVP_sha256(), nullptr);
    return to_hexadecimal(bytes, size);
}

void add_url(const ASN1_IA5STRING* text, std::vector<std::string>& urls) {
    const std::string url(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                          static_cast<std::size_t>(ASN1_STRING_length(text)));
    const bool is_plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (is_plain && url.size() <= url_size_max && url.rfind("http://", 0) == 0 && urls.size() < urls_max) {
        urls.push_back(url);
    }
}

std::vector<std::string> crl_urls(const X509* certificate) {
    std::vector<std::string> urls;
    const std::unique_ptr<CRL_DIST_POINTS, openssl_deleter<&CRL_DIST_POINTS_free>> points(
        static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr)));
    for (int i = 0; i < sk_DIST_POINT_num(points.get()); ++i) {
        const DIST_POINT_NAME* place = sk_DIST_POINT_value(points.get(), i)->distpoint;
        for (int j = 0; place != nullptr && place->type == 0 && j < sk_GENERAL_NAME_num(place->name.fullname); ++j) {
            const GENERAL_NAME* name = sk_GENERAL_NAME_value(place->name.fullname, j);
            if (name->type == GEN_URI) {
                add_url(name->d.uniformResourceIdentifier, urls);
            }
        }
    }
    return urls;
}

std::vector<std::string> ocsp_urls(const X509* certificate) {
    std::vector<std::string> urls;
    const std::unique_ptr<AUTHORITY_INFO_ACCESS, openssl_deleter<&AUTHORITY_INFO_ACCESS_free>> access(
        static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access.get()); ++i) {
        const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(access.get(), i);
        if (OBJ_obj2nid(one->method) == NID_ad_OCSP && one->location->type == GEN_URI) {
            add_url(one->location->d.uniformResourceIdentifier, urls);
        }
    }
    return urls;
}

std::vector<known_certificate> parse_all(const certificate_snapshot& all) {
    std::map<std::string, known_certificate> found;
    for (const certificate_folder* folder : {&all.trusted, &all.personal, &all.other_people}) {
        for (const certificate_entry& entry : folder->certificates) {
            if (x509_pointer parsed = x509_of(entry.der)) {
                found.emplace(entry.sha256, known_certificate{&entry, std::move(parsed)});
            }
        }
    }
    ERR_clear_error();  // of what is no certificate
    std::vector<known_certificate> list;
    for (auto& [digest, one] : found) {
        list.push_back(std::move(one));
    }
    return list;
}

const known_certificate* find_issuer(const std::vector<known_certificate>& all, const known_certificate& of) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const known_certificate& one) {
        return one.entry != of.entry && X509_check_issued(one.parsed.get(), of.parsed.get()) == X509_V_OK;
    });
    ERR_clear_error();
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::vector<revocation_question> find_revocation_questions(const certificate_snapshot& all) {
    const std::vector<known_certificate> known = parse_all(all);
    std::map<std::string, revocation_question> questions;
    for (const known_certificate& one : known) {
        revocation_question question;
        question.urls = crl_urls(one.parsed.get());
        std::string content = "crl";
        if (question.urls.empty()) {
            const known_certificate* issuer = find_issuer(known, one);
            question.urls = ocsp_urls(one.parsed.get());
            if (issuer == nullptr || question.urls.empty()) {
                continue;
            }
            question.kind = revocation_kind::ocsp;
            question.issuer = issuer->entry->der;
            content = "ocsp\n" + one.entry->sha256 + '\n' + issuer->entry->sha256;
        }
        for (const std::string& url : question.urls) {
            content += '\n' + url;
        }
        question.file_name = one.entry->file_name;
        question.id = sha256_of(content);
        const auto [place, is_new] = questions.try_emplace(question.id, std::move(question));
        place->second.certificates.push_back(one.entry->der);
    }
    std::vector<revocation_question> list;
    for (auto& [id, question] : questions) {
        list.push_back(std::move(question));
    }
    return list;
}

}  // namespace hawser::engine
