#include "smtp_authenticator.hpp"

#include "sasl_base64.hpp"
#include "smtp_authentication.hpp"
#include "smtp_trouble.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t command_size_max = 510;     // RFC 5321 section 4.5.3.1.4, without CRLF
constexpr std::size_t response_size_max = 12288;  // RFC 4954 section 4: what every server must take
constexpr int round_count_max = 10;               // no mechanism has more than four

}  // namespace

smtp_authenticator::smtp_authenticator(smtp_connection& connection, const smtp_endpoint& endpoint,
                                       const smtp_timeouts& timeouts, blocking_pool& blocking)
    : connection_(connection), endpoint_(endpoint), timeouts_(timeouts), blocking_(blocking) {}

asio::awaitable<std::optional<outcome>> smtp_authenticator::authenticate(const smtp_extensions& offered) {
    const std::string label = endpoint_.label();
    if (!connection_.is_encrypted() && !endpoint_.allows_clear_text) {
        co_return authentication_not_possible(label, "nobody authenticates over a connection that is not encrypted");
    }
    channel_binding binding = connection_.channel_binding(endpoint_.channel_binding);
    const mechanism_choice choice =
        choose_mechanism(offered, password_mechanisms(), endpoint_.mechanism, !binding.type.empty());
    if (choice.name.empty()) {
        co_return authentication_not_possible(label, choice.problem);
    }
    std::shared_ptr<sasl_mechanism> mechanism = make_password_mechanism(
        choice.name, {endpoint_.username, secret_text(endpoint_.password)}, std::move(binding), choice.binds);
    const exchange_end end = co_await exchange(choice.name, mechanism);
    if (!end.problem.empty()) {
        co_return authentication_broken_off(label, endpoint_.username, choice.name, end.problem);
    }
    if (end.reply.code != 235) {
        co_return authentication_refusal(label, endpoint_.username, choice.name, end.reply);
    }
    if (!mechanism->may_succeed()) {
        co_return authentication_broken_off(label, endpoint_.username, choice.name,
                                            "the server accepted before the exchange was over, so it has not proved "
                                            "that it knows the password");
    }
    co_return std::nullopt;
}

asio::awaitable<smtp_authenticator::exchange_end> smtp_authenticator::exchange(
    std::string name, std::shared_ptr<sasl_mechanism> mechanism) {
    exchange_end end;
    try {
        secret_text first("AUTH " + name);
        secret_text initial;
        if (mechanism->has_initial_response()) {
            initial = co_await respond(mechanism, {});
            if (first.size() + 1 + initial.size() <= command_size_max) {
                (first += " ") += initial.is_empty() ? "=" : initial.view();
                initial = {};
            }
        }
        end.reply = co_await command(std::move(first));
        for (int round = 0; end.reply.code == 334; ++round) {
            if (round == round_count_max || end.reply.lines.size() != 1) {
                throw sasl_failure("the server's challenges have no end");
            }
            secret_text response = std::move(initial);  // what was too long for the command line
            initial = {};
            if (response.is_empty()) {
                std::optional<secret_text> challenge = from_base64(end.reply.lines.front());
                if (!challenge) {
                    throw sasl_failure("the server's challenge is not base64");
                }
                response = co_await respond(mechanism, std::move(*challenge));
            }
            end.reply = co_await command(std::move(response));
        }
        co_return end;
    } catch (const sasl_failure& wrong) {
        end.problem = wrong.what();
    }
    end.reply = co_await command(secret_text("*"));  // RFC 4954 section 4: breaks the exchange off
    co_return end;
}

// In base64. On a thread that may take its time.
asio::awaitable<secret_text> smtp_authenticator::respond(std::shared_ptr<sasl_mechanism> mechanism,
                                                         secret_text challenge) {
    auto work = [mechanism, challenge = std::move(challenge)] {
        return to_base64(mechanism->respond(challenge.view()).view());
    };
    secret_text response;
    try {
        response = co_await blocking_.run(std::move(work), timeouts_.command);
    } catch (const blocking_timeout& late) {
        throw wire_failure(std::string("the authentication could not be worked out: ") + late.what());
    }
    if (response.size() > response_size_max) {
        throw sasl_failure("the answer to the server has " + std::to_string(response.size()) +
                           " characters, but SMTP takes " + std::to_string(response_size_max));
    }
    co_return response;
}

asio::awaitable<smtp_reply> smtp_authenticator::command(secret_text line) {
    line += "\r\n";
    co_await connection_.write(line.view(), timeouts_.command);
    co_return co_await connection_.read_reply(timeouts_.command);
}

}  // namespace hawser::smtp
