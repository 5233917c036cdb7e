// BizTalk's MIME/SMIME encoder as a pipeline component (spec section 3). It never lets a message pass that it could not
// seal as it is configured to. Made by the host for each use in a pipeline; messages come one after another.
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <string>

#include "cms_seal.hpp"
#include "encoder_settings.hpp"
#include "hawser/sdk.hpp"
#include "part_entity.hpp"
#include "payload_writer.hpp"
#include "protected_header.hpp"
#include "seal_algorithms.hpp"
#include "seal_material.hpp"

namespace hawser::smime {

class smime_encoder final : public pipeline_component {
public:
    static constexpr component_info info{
        .id = "SMIMEEncoder",
        .version = "0.1.0",
        .summary = "Signs and encrypts a message as S/MIME (RFC 8551).",
        .stages = stage::encode,
        .flags = HAWSER_FLAG_NEEDS_COMPOSED | HAWSER_FLAG_NEEDS_PRIVATE_KEY | HAWSER_FLAG_SEALS};

    static config_spec spec() { return describe_encoder(); }
    static void validate(const config& values, const host&, problems& found) { validate_encoder(values, found); }

    explicit smime_encoder(const config& values)
        : signature_(values.string("/SignatureType")),
          algorithms_(read_algorithms(values)),
          cipher_(algorithms_.encryption),
          adds_certificates_(values.boolean("/AddSigningCertToMessage")),
          wraps_three_times_(values.boolean("/TripleWrap")),
          protection_(read_header_protection(values)),
          parts_(read_part_settings(values)),
          wish_{signature_ != "NoSign", values.boolean("/EnableEncryption"), values.boolean("/CheckRevocationList"),
                values.boolean("/AllowLegacyAlgorithms"), values.string("/EncryptToSelf")} {}

    std::uint32_t configured_seals() const override {
        return (wish_.is_signed ? HAWSER_SEAL_SIGNED : 0U) | (wish_.is_encrypted ? HAWSER_SEAL_ENCRYPTED : 0U);
    }

    void execute(message& one) override {
        const bool is_composed = one.is_true(HAWSER_IS_MIME_ENCODED);
        std::string transfer_encoding = one.get_or(HAWSER_TRANSFER_ENCODING, "7bit");
        body_stream entity;
        if (is_composed) {
            entity = one.take_body();
        } else {
            part_entity made = make_part_entity(one, parts_);
            entity = std::move(made.body);
            transfer_encoding = made.transfer_encoding;
        }
        if (wish_.is_signed || wish_.is_encrypted) {
            const std::shared_ptr<const seal_material> material = material_of(one);
            entity = protect(one, std::move(entity));
            transfer_encoding = signature_ == "ClearSign" && !wish_.is_encrypted ? "7bit" : "base64";
            if (signature_ == "BlobSign") {
                entity = sign_opaque(std::move(entity), material, algorithms_, adds_certificates_);
            } else if (signature_ == "ClearSign") {
                entity = sign_clear(std::move(entity), material, algorithms_, adds_certificates_);
            }
            if (wish_.is_encrypted) {
                entity = encrypt(std::move(entity), material, algorithms_, cipher_);
            }
            if (wraps_three_times_) {
                entity = sign_opaque(std::move(entity), material, algorithms_, adds_certificates_);
            }
        }
        one.put_body(std::move(entity));
        one.set(HAWSER_IS_MIME_ENCODED, "true", property_kind::boolean);
        one.set(HAWSER_TRANSFER_ENCODING, transfer_encoding);
        if (configured_seals() != 0) {
            one.report_seal(configured_seals());
        }
    }

private:
    body_stream protect(message& one, body_stream entity) const {
        protected_header header = protect_header(one, protection_);
        if (header.names.empty()) {
            one.erase(protected_fields_property);
            return entity;
        }
        std::string names;
        for (const std::string& name : header.names) {
            names += (names.empty() ? "" : ",") + name;
        }
        one.set(protected_fields_property, names);
        return write_payload(std::move(entity), std::move(header));
    }

    // Parsed and checked once for a port and choice of certificate, until the host's certificates change or the answer
    // may have: a certificate or CRL has ended, or an hour is over.
    std::shared_ptr<const seal_material> material_of(message& one) {
        const std::uint64_t revision = one.host().certificate_revision();
        if (!trust_ || revision != revision_) {
            cache_.clear();
            trust_ = load_trust_material(one.host());
            revision_ = revision;
        }
        std::shared_ptr<const seal_material>& known =
            cache_[one.identity().port + '\n' + one.get_or("BTS.EncryptionCert", "")];
        if (!known || std::time(nullptr) >= known->valid_until_unix) {
            known = nullptr;
            known = load_seal_material(one, wish_, *trust_, revision_);
        }
        std::shared_ptr<const seal_material> found = known;
        if (cache_.size() > material_count_max) {
            cache_.clear();
        }
        return found;
    }

    static constexpr const char* protected_fields_property = "SMIME.ProtectedFields";  // their names, never a value
    static constexpr std::size_t material_count_max = 1000;

    std::string signature_;
    seal_algorithms algorithms_;
    sealing_cipher cipher_;
    bool adds_certificates_;
    bool wraps_three_times_;
    header_protection protection_;
    part_settings parts_;
    seal_wish wish_;
    // execute is never called twice at once
    std::map<std::string, std::shared_ptr<const seal_material>> cache_;
    std::shared_ptr<const trust_material> trust_;
    std::uint64_t revision_ = 0;  // of what is in those two
};

}  // namespace hawser::smime
