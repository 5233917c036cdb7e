// Any answer of a token endpoint, and any challenge after a token: both readers end, what is granted fits in a command,
// and nothing of a token is in the text for a person. The input's first byte chooses the HTTP status.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "oauth_grant.hpp"
#include "sasl_oauth.hpp"

using namespace hawser::smtp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::array<unsigned, 4> statuses{200, 400, 401, 503};
    const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    const token_answer answer = read_token_answer(statuses[data[0] % statuses.size()], text);
    const bool is_granted = answer.what == token_answer::kind::granted;
    if (is_granted != !answer.access_token.is_empty() || answer.access_token.size() > token_size_max ||
        answer.lifetime_s < 0 || answer.lifetime_s > token_lifetime_max_s || is_granted != answer.problem.empty() ||
        answer.problem.size() > 1000) {
        std::abort();
    }
    const auto mechanism = make_token_mechanism("OAUTHBEARER", {"user", "host", 25, secret_text("t0ken")});
    mechanism->respond("");
    mechanism->respond(text);
    if (mechanism->may_succeed() || mechanism->server_problem().size() > 1000) {
        std::abort();
    }
    return 0;
}
