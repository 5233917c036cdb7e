// Any bytes as a server's answer about revocation: it is taken only with a signature of the issuer (or its delegate)
// for the certificate that was asked about, in its time, and with nothing after it; whatever is refused says why; and
// the addresses that a CRL names are few and sound. The first byte chooses the question, where the answer is from, and
// who signs it anew.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "certificates/fetch_url.hpp"
#include "certificates/revocation_check.hpp"
#include "known_authorities.hpp"

using namespace hawser::engine;
namespace fuzz = hawser::fuzz;

namespace {

bool is_telling(const std::string& text) {
    return !text.empty() && text.size() < 300 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

bool is_taken(const revocation_question& question, const std::string& der, const fuzz::party& authority,
              answer_origin origin) {
    // The leaf is no authority, though it is in the folder.
    const std::vector<std::string> folder{fuzz::known().leaf.der(), authority.der()};
    const auto taken = check_revocation_answer(question, der, folder, fuzz::now_unix, origin);
    if (!taken) {
        if (taken.error().code != "revocation.answer" || !is_telling(taken.error().text)) {
            std::abort();
        }
        return false;
    }
    const bool is_ocsp = question.kind == revocation_kind::ocsp;
    const bool may_be_over =
        (question.kind == revocation_kind::delta_crl && origin == answer_origin::disk) || (is_ocsp && taken->is_final);
    if (!fuzz::is_proof_for(der, is_ocsp, authority) || taken->this_update_unix > fuzz::now_unix + 300 ||
        (taken->next_update_unix <= fuzz::now_unix && !may_be_over) || (taken->is_final && !is_ocsp)) {
        std::abort();
    }
    return true;
}

void check_crl_links(const revocation_question& question, const std::string& der) {
    if (const auto delta = find_delta_question(question, der)) {
        const bool is_sound = std::all_of(delta->urls.begin(), delta->urls.end(), [](const std::string& url) {
            return url.size() <= 2048 && !server_of(url).empty();
        });
        if (delta->urls.empty() || delta->urls.size() > 4 || !is_sound || delta->base_id != question.id) {
            std::abort();
        }
    }
    const auto crl = fuzz::read_crl(der);
    if (judge_delta(der, der) != delta_fit::is_foreign &&
        (!crl || X509_CRL_get_ext_by_NID(crl.get(), NID_delta_crl, -1) < 0)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const fuzz::authorities& all = fuzz::known();
    constexpr std::array<revocation_kind, 3> kinds{revocation_kind::crl, revocation_kind::ocsp,
                                                   revocation_kind::delta_crl};
    const revocation_kind kind = kinds[(data[0] & 3U) % kinds.size()];
    const answer_origin origin = (data[0] & 4U) != 0 ? answer_origin::disk : answer_origin::network;
    const bool is_ocsp = kind == revocation_kind::ocsp;
    const std::string der =
        fuzz::signed_anew({reinterpret_cast<const char*>(data) + 1, size - 1}, is_ocsp, all.signer_of(data[0] >> 3U));
    const auto about = [&](const fuzz::party& one, const fuzz::party& issuer) {
        return revocation_question{kind, {"http://o.example/"}, {one.der()}, issuer.der(), "one.pem", "id", ""};
    };
    const bool is_for_leaf = is_taken(about(all.leaf, all.root), der, all.root, origin);
    const bool is_for_responder = is_taken(about(all.responder, all.root), der, all.root, origin);
    is_taken(about(all.other_leaf, all.namesake), der, all.namesake, origin);
    if (is_ocsp && is_for_leaf && is_for_responder && OCSP_resp_count(fuzz::read_basic(der).get()) < 2) {
        std::abort();
    }
    if (is_for_leaf && is_taken(about(all.leaf, all.root), der + '\n', all.root, origin)) {
        std::abort();
    }
    if (!is_ocsp) {
        check_crl_links(about(all.leaf, all.root), der);
    }
    return 0;
}
