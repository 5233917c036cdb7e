#include "tls_facts.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "tls_policy.hpp"

namespace hawser::smtp {
namespace {

constexpr int names_max = 100;

std::string in_hexadecimal(const unsigned char* bytes, std::size_t size) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < size; ++i) {
        out += digits[bytes[i] >> 4U];
        out += digits[bytes[i] & 15U];
    }
    return out;
}

std::string name_text(const X509_NAME* name) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
        return {};
    }
    const char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::int64_t unix_seconds(const ASN1_TIME* time) {
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(::timegm(&parts)) : 0;
}

std::string address_text(const ASN1_OCTET_STRING* address) {
    const int size = ASN1_STRING_length(address);
    char text[INET6_ADDRSTRLEN] = {};
    if (size != 4 && size != 16) {
        return {};
    }
    ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text);
    return text;
}

std::vector<std::string> names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    std::vector<std::string> all;
    for (int i = 0; names && i < std::min(sk_GENERAL_NAME_num(names.get()), names_max); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(names.get(), i);
        if (one->type == GEN_DNS) {
            const auto* text = ASN1_STRING_get0_data(one->d.dNSName);
            all.emplace_back(reinterpret_cast<const char*>(text),
                             static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName)));
        } else if (one->type == GEN_IPADD) {
            all.push_back(address_text(one->d.iPAddress));
        }
    }
    return all;
}

certificate_facts facts_of(const X509* certificate) {
    certificate_facts facts;
    facts.subject = name_text(X509_get_subject_name(certificate));
    facts.issuer = name_text(X509_get_issuer_name(certificate));
    facts.names = names_of(certificate);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1) {
        facts.sha256 = in_hexadecimal(digest.data(), size);
    }
    facts.key_pin = shown_pin(key_pin_of(certificate));
    facts.not_before_unix_s = unix_seconds(X509_get0_notBefore(certificate));
    facts.not_after_unix_s = unix_seconds(X509_get0_notAfter(certificate));
    ERR_clear_error();
    return facts;
}

}  // namespace

tls_facts facts_of(SSL* connection) {
    tls_facts facts;
    facts.version = SSL_get_version(connection);
    facts.cipher = SSL_get_cipher_name(connection);
    facts.is_resumed = SSL_session_reused(connection) == 1;
    if (const X509* own = SSL_get0_peer_certificate(connection); own != nullptr) {
        facts.peer = facts_of(own);
    }
    return facts;
}

std::vector<certificate_facts> sent_chain_of(SSL* connection) {
    std::vector<certificate_facts> all;
    const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        all.push_back(facts_of(sk_X509_value(chain, i)));
    }
    return all;
}

std::string in_words(const tls_facts& facts) {
    return facts.version + ", " + facts.cipher + (facts.is_resumed ? ", resumed" : "") +
           (facts.peer ? ", certificate of " + facts.peer->subject + " (SHA-256 " + facts.peer->sha256 + ')' : "");
}

}  // namespace hawser::smtp
