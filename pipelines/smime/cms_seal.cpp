#include "cms_seal.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "base64_lines.hpp"
#include "boundary.hpp"
#include "cms_structures.hpp"
#include "token_key.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t block_size = 64 * 1024;  // not cleared first, which would be a seventh of a small message's time

constexpr const char* signed_data_header =
    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data;\r\n name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
constexpr const char* enveloped_data_header =
    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
constexpr const char* authenticated_data_header =
    "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=authEnveloped-data;\r\n "
    "name=\"smime.p7m\"\r\n"
    "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n";
constexpr const char* signature_header =
    "Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n";

// What all three have in common: text that is ready, and more of it when that is used up.
class sealing_source : public stream_source {
public:
    std::size_t read(void* buffer, std::size_t capacity) final {
        while (position_ == output_.size() && !is_finished_) {
            output_.clear();
            position_ = 0;
            ERR_clear_error();
            is_finished_ = !produce(output_);
            throw_if_memory_was_missing("sealing the message");
        }
        const std::size_t size = std::min(capacity, output_.size() - position_);
        std::memcpy(buffer, output_.data() + position_, size);
        position_ += size;
        return size;
    }

protected:
    virtual bool produce(std::string& out) = 0;  // false: this was the last

private:
    std::string output_;
    std::size_t position_ = 0;
    bool is_finished_ = false;
};

// OpenSSL pushes, we are pulled: its encoder writes into memory that is drained after every block.
class encoded_source final : public sealing_source {
public:
    encoded_source(body_stream entity, std::shared_ptr<const seal_material> material, cms_pointer cms,
                   const char* header)
        : entity_(std::move(entity)),
          material_(std::move(material)),
          cms_(std::move(cms)),
          header_(header),
          block_(std::make_unique_for_overwrite<char[]>(block_size)),
          memory_(BIO_new(BIO_s_mem())),
          encoder_(memory_ ? BIO_new_CMS(memory_.get(), cms_.get()) : nullptr) {
        if (encoder_ == nullptr) {
            throw_openssl_failure("preparing the encoder");
        }
    }
    ~encoded_source() override { free_encoder(); }

protected:
    bool produce(std::string& out) override {
        out += std::exchange(header_, "");
        const std::size_t size = entity_.read(block_.get(), block_size);
        if (size > 0) {
            if (BIO_write(encoder_, block_.get(), static_cast<int>(size)) != static_cast<int>(size)) {
                throw_openssl_failure("sealing the message");
            }
            drain(out);
            return true;
        }
        if (BIO_flush(encoder_) != 1) {  // signs, pads, and ends the structure
            throw_key_failure();
            throw_openssl_failure("finishing the seal");
        }
        free_encoder();
        drain(out);
        lines_.finish(out);
        return false;
    }

private:
    void drain(std::string& out) {
        char* bytes = nullptr;
        const long size = BIO_get_mem_data(memory_.get(), &bytes);
        lines_.write(std::string_view(bytes, static_cast<std::size_t>(size)), out);
        (void)BIO_reset(memory_.get());
    }
    void free_encoder() {  // the chain down to our memory, which stays
        while (encoder_ != nullptr && encoder_ != memory_.get()) {
            BIO* next = BIO_pop(encoder_);
            BIO_free(encoder_);
            encoder_ = next;
        }
        encoder_ = nullptr;
    }

    body_stream entity_;
    std::shared_ptr<const seal_material> material_;
    cms_pointer cms_;
    const char* header_;
    std::unique_ptr<char[]> block_;
    bio_pointer memory_;
    BIO* encoder_;
    base64_lines lines_;
};

// multipart/signed (RFC 1847): the entity passes byte for byte and is hashed on the way.
class clear_source final : public sealing_source {
public:
    clear_source(body_stream entity, std::shared_ptr<const seal_material> material, cms_pointer cms, const char* micalg)
        : entity_(std::move(entity)),
          material_(std::move(material)),
          cms_(std::move(cms)),
          micalg_(micalg),
          boundary_(make_boundary("=_smime_")),
          block_(std::make_unique_for_overwrite<char[]>(block_size)),
          nothing_(BIO_new(BIO_s_null())),
          digest_(nothing_ ? CMS_dataInit(cms_.get(), nothing_.get()) : nullptr) {
        if (digest_ == nullptr) {
            throw_openssl_failure("preparing the signature");
        }
    }
    ~clear_source() override {
        while (digest_ != nullptr && digest_ != nothing_.get()) {
            BIO* next = BIO_pop(digest_);
            BIO_free(digest_);
            digest_ = next;
        }
    }

protected:
    bool produce(std::string& out) override {
        if (!has_begun_) {
            has_begun_ = true;
            out =
                "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n "
                "micalg=" +
                std::string(micalg_) + ";\r\n boundary=\"" + boundary_ +
                "\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\nThis is a signed message in MIME format.\r\n\r\n--" +
                boundary_ + "\r\n";
        }
        const std::size_t size = entity_.read(block_.get(), block_size);
        if (size > 0) {
            check_7bit({block_.get(), size});
            if (BIO_write(digest_, block_.get(), static_cast<int>(size)) != static_cast<int>(size)) {
                throw_openssl_failure("signing the message");
            }
            out.append(block_.get(), size);
            return true;
        }
        finish(out);
        return false;
    }

private:
    // What is not 7bit would be re-encoded on the way, and the signature with it (RFC 8551 section 3.1.3).
    static void check_7bit(std::string_view bytes) {
        if (std::any_of(bytes.begin(), bytes.end(),
                        [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == '\0'; })) {
            throw failure(
                "ClearSign needs content that is 7bit on the wire, and this is not: encode it, or use BlobSign");
        }
    }
    void finish(std::string& out) {
        if (CMS_dataFinal(cms_.get(), digest_) != 1) {
            throw_key_failure();
            throw_openssl_failure("signing the message");
        }
        unsigned char* der = nullptr;
        const int size = i2d_CMS_ContentInfo(cms_.get(), &der);
        if (size <= 0) {
            throw_openssl_failure("encoding the signature");
        }
        out += "\r\n--" + boundary_ + "\r\n" + signature_header;
        base64_lines lines;
        lines.write(std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)), out);
        lines.finish(out);
        OPENSSL_free(der);
        out += "\r\n--" + boundary_ + "--\r\n";
    }

    body_stream entity_;
    std::shared_ptr<const seal_material> material_;
    cms_pointer cms_;
    const char* micalg_;
    std::string boundary_;
    std::unique_ptr<char[]> block_;
    bio_pointer nothing_;
    BIO* digest_;
    bool has_begun_ = false;
};

}  // namespace

body_stream sign_opaque(body_stream entity, std::shared_ptr<const seal_material> material,
                        const seal_algorithms& algorithms, bool adds_certificates) {
    cms_pointer cms = make_signed_data(*material, algorithms, adds_certificates, false);
    return make_stream(
        std::make_unique<encoded_source>(std::move(entity), std::move(material), std::move(cms), signed_data_header));
}

body_stream sign_clear(body_stream entity, std::shared_ptr<const seal_material> material,
                       const seal_algorithms& algorithms, bool adds_certificates) {
    cms_pointer cms = make_signed_data(*material, algorithms, adds_certificates, true);
    return make_stream(
        std::make_unique<clear_source>(std::move(entity), std::move(material), std::move(cms), algorithms.micalg()));
}

body_stream encrypt(body_stream entity, std::shared_ptr<const seal_material> material,
                    const seal_algorithms& algorithms, const sealing_cipher& cipher) {
    cms_pointer cms = make_enveloped_data(*material, algorithms, cipher);
    return make_stream(std::make_unique<encoded_source>(
        std::move(entity), std::move(material), std::move(cms),
        algorithms.is_authenticated() ? authenticated_data_header : enveloped_data_header));
}

}  // namespace hawser::smime
