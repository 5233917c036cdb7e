// For tests: a host with an encoder and the mail header that a composer would have made; and the decoder it is for.
#pragma once

#include "decoder_bench.hpp"
#include "smime_encoder.hpp"

namespace hawser::smime::samples {

inline constexpr const char* plain_mail =
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
    "Let us meet at eight.\r\n";

struct sealed {
    kit::run_result result;
    std::vector<kit::header_field> outside;
    std::string field(const std::string& name) const {  // "" where it is not there
        for (const kit::header_field& one : outside) {
            if (one.name == name) {
                return one.value;
            }
        }
        return "";
    }
    std::string mail() const {
        std::string text;
        for (const kit::header_field& one : outside) {
            text += one.name + ": " + one.value + "\r\n";
        }
        return text + result.body;
    }
};

// A host of Alice, who writes to Bob; and Bob's.
struct post {
    kit::host host;
    bench far_side;
    std::vector<kit::header_field> fields{{"From", "Alice A. <alice@example.test>"},
                                          {"To", "Bob <bob@example.test>,\r\n Carol <carol@example.test>"},
                                          {"Subject", "=?utf-8?Q?Angebot_f=C3=BCr?=\r\n =?utf-8?Q?_Bob?="},
                                          {"Date", "Sat, 20 Feb 2021 10:09:02 -0500"},
                                          {"Message-ID", "<1@example.test>"},
                                          {"Keywords", "contract, secret"},
                                          {"Bcc", "mallory@example.test"}};
    std::string secret = "Angebot";
    post() {
        furnish(host, all().trusted, {&all().alice});
        host.certificates[HAWSER_CERTIFICATES_PERSONAL] = {};
        host.certificates[HAWSER_CERTIFICATES_SIGNING] = {{all().alice.der(), all().alice.key_der(), all().alice.name}};
        host.certificates[HAWSER_CERTIFICATES_ENCRYPTION] = {{all().bob.der(), "", all().bob.name}};
    }
    sealed seal(kit::settings values, const std::string& entity = plain_mail, std::size_t piece = 64 * 1024) {
        kit::instance encoder = kit::instance::of<smime_encoder>(host, std::move(values));
        kit::message one(entity);
        one.parts[0].read_size_max = piece;
        one.mail_headers = fields;
        one.set(HAWSER_IS_MIME_ENCODED, "true");
        sealed out;
        out.result = kit::run(encoder, one, piece);
        out.outside = one.mail_headers;
        CHECK(host.violations().empty());
        CHECK(one.violations.all().empty());
        return out;
    }
    // The clear text that is inside.
    std::string inside(const sealed& mail, bool is_signed = false) {
        REQUIRE(mail.result.error == "");
        const std::size_t start = mail.result.body.find("\r\n\r\n") + 4;
        const std::string coded = mail.result.body.substr(start);
        const bio_pointer in(
            BIO_push(BIO_new(BIO_f_base64()), BIO_new_mem_buf(coded.data(), static_cast<int>(coded.size()))));
        const cms_pointer cms(d2i_CMS_bio(in.get(), nullptr));
        REQUIRE(cms);
        const bio_pointer out(BIO_new(BIO_s_mem()));
        const bool is_good = is_signed ? CMS_verify(cms.get(), nullptr, nullptr, nullptr, out.get(),
                                                    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1
                                       : CMS_decrypt(cms.get(), all().bob.key.get(), all().bob.certificate.get(),
                                                     nullptr, out.get(), CMS_BINARY) == 1;
        REQUIRE(is_good);
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(out.get(), &bytes);
        return {bytes, static_cast<std::size_t>(size)};
    }
};

inline kit::settings encrypting(const std::string& policy) {
    return {{"/EnableEncryption", "true"},
            {"/CheckRevocationList", "false"},
            {"/EncryptionAlgorithm", "AES256GCM"},
            {"/HeaderProtection", policy}};
}
inline kit::settings signing(const std::string& how, const std::string& policy) {
    return {{"/SignatureType", how}, {"/CheckRevocationList", "false"}, {"/HeaderProtection", policy}};
}

}  // namespace hawser::smime::samples
