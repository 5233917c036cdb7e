// The digests of a content that was read, and the check of every SignerInfo against them. Used by cms_signature.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decode_facts.hpp"
#include "decode_material.hpp"
#include "openssl_pointers.hpp"
#include "stapled_answers.hpp"

namespace hawser::smime {

// The elements of a SignedData without its content, as captured.
struct signed_elements {
    std::string version, digest_algorithms, content_type, certificates, signers;
    stapled_answers stapled;
};

// Of a content, by all algorithms that its SignedData announces and the policy allows.
class content_digests {
public:
    content_digests(const std::string& digest_algorithms, const decode_policy& policy);
    void update(std::string_view bytes);
    BIO* chain() const noexcept { return chain_.get(); }

private:
    bio_pointer chain_;
};

// Throws unless every signer is valid; fills facts.signers, gives the NIDs of the digests that were used.
std::vector<int> verify_signers(const signed_elements& elements, const content_digests& digests,
                                const decode_material& material, const decode_policy& policy, decode_facts& facts);

}  // namespace hawser::smime
