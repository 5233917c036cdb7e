#include "certificates/revocation_question.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/hexadecimal.hpp"
#include "base/openssl_pointers.hpp"
#include "certificates/fetch_url.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t urls_max = 4;  // of one certificate
constexpr std::size_t url_size_max = 2048;

bool is_askable(const std::string& url) {
    const std::optional<fetch_url> parsed = parse_fetch_url(url);
    return parsed && !parsed->host.empty();  // without a server it would be the directory of whoever asks
}

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
    if (url.size() <= url_size_max && urls.size() < urls_max && is_askable(url)) {
        urls.push_back(url);
    }
}

// HTTP first: a directory more often says nothing to strangers, and where it is out of reach takes its time.
std::vector<std::string> urls_of(const CRL_DIST_POINTS* points) {
    std::vector<std::string> urls;
    for (int i = 0; i < sk_DIST_POINT_num(points); ++i) {
        const DIST_POINT_NAME* place = sk_DIST_POINT_value(points, i)->distpoint;
        for (int j = 0; place != nullptr && place->type == 0 && j < sk_GENERAL_NAME_num(place->name.fullname); ++j) {
            const GENERAL_NAME* name = sk_GENERAL_NAME_value(place->name.fullname, j);
            if (name->type == GEN_URI) {
                add_url(name->d.uniformResourceIdentifier, urls);
            }
        }
    }
    std::stable_partition(urls.begin(), urls.end(),
                          [](const std::string& url) { return !parse_fetch_url(url)->is_ldap(); });
    return urls;
}

using points_pointer = std::unique_ptr<CRL_DIST_POINTS, openssl_deleter<&CRL_DIST_POINTS_free>>;

std::vector<std::string> crl_urls(const X509* certificate, int extension) {
    return urls_of(
        points_pointer(static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, extension, nullptr, nullptr)))
            .get());
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

std::string joined(const std::string& start, const std::vector<std::string>& urls) {
    std::string text = start;
    for (const std::string& url : urls) {
        text += '\n' + url;
    }
    return text;
}

revocation_question delta_of(const revocation_question& base, std::vector<std::string> urls) {
    revocation_question question{
        revocation_kind::delta_crl, std::move(urls), base.certificates, "", base.file_name, "", base.id};
    question.id = sha256_of(joined("delta\n" + base.id, question.urls));
    return question;
}

// Nothing where the certificate does not say whom to ask.
std::optional<revocation_question> find_question(const known_certificate& one,
                                                 const std::vector<known_certificate>& known) {
    revocation_question question;
    question.urls = crl_urls(one.parsed.get(), NID_crl_distribution_points);
    std::string content = "crl";
    if (question.urls.empty()) {
        const known_certificate* issuer = find_issuer(known, one);
        question.urls = ocsp_urls(one.parsed.get());
        if (issuer == nullptr || question.urls.empty()) {
            return std::nullopt;
        }
        question.kind = revocation_kind::ocsp;
        question.issuer = issuer->entry->der;
        content = "ocsp\n" + one.entry->sha256 + '\n' + issuer->entry->sha256;
    }
    question.file_name = one.entry->file_name;
    question.id = sha256_of(joined(content, question.urls));
    return question;
}

}  // namespace

std::vector<revocation_question> find_revocation_questions(const certificate_snapshot& all) {
    const std::vector<known_certificate> known = parse_all(all);
    std::map<std::string, revocation_question> questions;
    const auto add = [&](revocation_question question, const std::string& der) {
        question.certificates = {};
        questions.try_emplace(question.id, question).first->second.certificates.push_back(der);
    };
    for (const known_certificate& one : known) {
        const std::optional<revocation_question> question = find_question(one, known);
        if (!question) {
            continue;
        }
        add(*question, one.entry->der);
        if (std::vector<std::string> urls = crl_urls(one.parsed.get(), NID_freshest_crl);
            question->kind == revocation_kind::crl && !urls.empty()) {
            add(delta_of(*question, std::move(urls)), one.entry->der);
        }
    }
    std::vector<revocation_question> list;
    for (auto& [id, question] : questions) {
        list.push_back(std::move(question));
    }
    return list;
}

std::optional<revocation_question> find_delta_question(const revocation_question& base, const std::string& crl_der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(crl_der.data());
    const crl_pointer crl(d2i_X509_CRL(nullptr, &bytes, static_cast<long>(crl_der.size())));
    const points_pointer points(static_cast<CRL_DIST_POINTS*>(
        crl ? X509_CRL_get_ext_d2i(crl.get(), NID_freshest_crl, nullptr, nullptr) : nullptr));
    ERR_clear_error();
    std::vector<std::string> urls = urls_of(points.get());
    return urls.empty() ? std::nullopt : std::optional(delta_of(base, std::move(urls)));
}

}  // namespace hawser::engine
