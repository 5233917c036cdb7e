// Any CRLs and OCSP answers beside a signature: no certificate is found good without one that its own issuer, or its
// issuer's delegate, has signed; those that neither has signed change nothing, for better or for worse; of a message
// that was checked nothing else is kept; and the number taken has its limit. Each answer of an input is a byte (its
// lowest bit: OCSP; the others: who signs it anew), its size in two bytes, and its DER.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "certificate_check.hpp"
#include "known_authorities.hpp"

using namespace hawser::smime;
namespace fuzz = hawser::fuzz;

namespace {

constexpr std::size_t answers_max = 24;  // some more than a message may bring

struct brought_answer {
    bool is_ocsp;
    std::string der;
};

std::vector<brought_answer> read_input(std::string_view input) {
    std::vector<brought_answer> read;
    while (input.size() > 3 && read.size() < answers_max) {
        const auto head = static_cast<unsigned char>(input[0]);
        const std::size_t size = static_cast<unsigned char>(input[1]) * 256U + static_cast<unsigned char>(input[2]);
        const bool is_ocsp = (head & 1U) != 0;
        read.push_back(
            {is_ocsp, fuzz::signed_anew(input.substr(3, size), is_ocsp, fuzz::known().signer_of(head >> 1U))});
        input.remove_prefix(std::min(3 + size, input.size()));
    }
    return read;
}

std::unique_ptr<trust_material> make_trust() {
    auto made = std::make_unique<trust_material>();
    made->add_anchor(fuzz::known().root.certificate.get());
    made->add_anchor(fuzz::known().namesake.certificate.get());
    return made;
}

bool is_found_good(const fuzz::party& leaf, const std::vector<brought_answer>& answers, const trust_material& trust) {
    stapled_answers brought;
    for (const brought_answer& one : answers) {
        one.is_ocsp ? brought.add_ocsp(one.der) : brought.add_crl(one.der);
    }
    if (brought.all().size() > stapled_answers::count_max || brought.digest().empty() != brought.all().empty()) {
        std::abort();
    }
    try {
        const auto chain = check_certificate(
            leaf.certificate.get(),
            {.purpose = certificate_purpose::signing, .now_unix = fuzz::now_unix, .stapled = &brought}, trust, "leaf");
        if (chain->valid_until_unix <= fuzz::now_unix) {
            std::abort();
        }
        return true;
    } catch (const hawser::failure&) {  // most are
        return false;
    }
}

void check(const fuzz::party& authority, const fuzz::party& leaf, const std::vector<brought_answer>& answers,
           const trust_material& shared) {
    std::vector<brought_answer> proofs;
    std::copy_if(answers.begin(), answers.end(), std::back_inserter(proofs),
                 [&](const brought_answer& one) { return fuzz::is_proof_for(one.der, one.is_ocsp, authority); });
    const bool is_good = is_found_good(leaf, answers, *make_trust());
    const bool is_later_good = is_found_good(leaf, {}, shared);
    if ((is_good || is_later_good) && proofs.empty()) {
        std::abort();
    }
    if (answers.size() <= stapled_answers::count_max && is_good != is_found_good(leaf, proofs, *make_trust())) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::authorities& all = fuzz::known();
    const std::vector<brought_answer> answers = read_input({reinterpret_cast<const char*>(data), size});
    const std::unique_ptr<trust_material> shared = make_trust();
    is_found_good(all.leaf, answers, *shared);
    is_found_good(all.other_leaf, answers, *shared);
    check(all.root, all.leaf, answers, *shared);
    check(all.namesake, all.other_leaf, answers, *shared);
    return 0;
}
