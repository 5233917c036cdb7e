#include "decode_facts.hpp"

#include <algorithm>
#include <utility>

namespace hawser::smime {
namespace {

bool is_signature(layer one) { return one == layer::signed_opaque || one == layer::signed_clear; }

}  // namespace

void decode_facts::add_encryption(layer one) {
    if (is_signed()) {
        outer_signer = std::exchange(signer, {});
    }
    layers.push_back(one);
}

bool decode_facts::is_signed() const { return !layers.empty() && is_signature(layers.back()); }

bool decode_facts::has_outer_signature() const { return outer_signer.signer_count > 0; }

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

bool decode_facts::is_sender_verified() const {
    return is_signed() && !from_address.empty() &&
           std::any_of(signer.addresses.begin(), signer.addresses.end(), [this](const std::string& one) {
               return std::equal(one.begin(), one.end(), from_address.begin(), from_address.end(), [](char a, char b) {
                   return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
               });
           });
}

}  // namespace hawser::smime
