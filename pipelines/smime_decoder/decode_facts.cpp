#include "decode_facts.hpp"

#include <algorithm>
#include <utility>

namespace hawser::smime {
namespace {

bool is_signature(layer one) { return one == layer::signed_opaque || one == layer::signed_clear; }

// nullptr where the address is nobody's.
const signer_facts* find_signer(const std::vector<signer_facts>& all, const std::string& address) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const signer_facts& one) { return is_for_address(one.addresses, address); });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

void decode_facts::add_encryption(layer one) {
    if (is_signed()) {
        outer_signers = std::exchange(signers, {});
    }
    layers.push_back(one);
}

bool decode_facts::is_signed() const { return !layers.empty() && is_signature(layers.back()); }

bool decode_facts::has_outer_signature() const { return !outer_signers.empty(); }

bool decode_facts::is_encrypted() const {
    return std::any_of(layers.begin(), layers.end(), [](layer one) { return !is_signature(one); });
}

bool decode_facts::is_authenticated() const {
    return layers.empty() || std::all_of(layers.begin(), layers.end(), [this](const layer& one) {
               return one != layer::encrypted_cbc || std::any_of(&one, layers.data() + layers.size(), [](layer inner) {
                          return inner != layer::encrypted_cbc;
                      });
           });
}

bool decode_facts::is_sender_verified() const { return is_signed() && find_signer(signers, from_address) != nullptr; }

bool decode_facts::is_sender_field_verified() const {
    return is_signed() && !is_sender_verified() && find_signer(signers, sender_address) != nullptr;
}

const signer_facts& decode_facts::signer() const {
    static const signer_facts nobody;
    const signer_facts* found = find_signer(signers, from_address);
    found = found != nullptr ? found : find_signer(signers, sender_address);
    return found != nullptr ? *found : signers.empty() ? nobody : signers.front();
}

}  // namespace hawser::smime
