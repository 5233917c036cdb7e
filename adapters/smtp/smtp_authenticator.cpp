#include "smtp_authenticator.hpp"

#include "sasl_base64.hpp"
#include "sasl_gssapi.hpp"
#include "sasl_oauth.hpp"
#include "smtp_authentication_settings.hpp"
#include "smtp_trouble.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t command_size_max = 510;     // RFC 5321 section 4.5.3.1.4, without CRLF
constexpr std::size_t response_size_max = 12288;  // RFC 4954 section 4: what every server must take
constexpr int round_count_max = 10;               // no mechanism has more than four

}  // namespace

smtp_authenticator::smtp_authenticator(smtp_connection& connection, const smtp_endpoint& endpoint,
                                       const smtp_timeouts& timeouts, smtp_services services, token_tls tls)
    : connection_(connection), endpoint_(endpoint), timeouts_(timeouts), services_(services), tls_(std::move(tls)) {}

asio::awaitable<std::optional<outcome>> smtp_authenticator::authenticate(const smtp_extensions& offered) {
    if (!connection_.is_encrypted() && !endpoint_.allows_clear_text) {
        co_return authentication_not_possible(endpoint_.label(),
                                              "nobody authenticates over a connection that is not encrypted");
    }
    if (!endpoint_.uses_token()) {
        co_return co_await authenticate_by_password(offered);
    }
    attempt done = co_await authenticate_by_token(offered);
    if (done.may_repeat) {
        done = co_await authenticate_by_token(offered);
    }
    co_return done.result;
}

asio::awaitable<std::optional<outcome>> smtp_authenticator::authenticate_by_password(const smtp_extensions& offered) {
    channel_binding binding = connection_.channel_binding(endpoint_.channel_binding);
    mechanism_choice choice =
        choose_mechanism(offered, mechanisms_of(endpoint_.way), endpoint_.mechanism, !binding.type.empty());
    if (choice.name.empty()) {
        co_return authentication_not_possible(endpoint_.label(), choice.problem);
    }
    std::shared_ptr<sasl_mechanism> mechanism;
    if (endpoint_.way == authentication_way::basic) {
        mechanism = make_password_mechanism(choice.name, {endpoint_.username, secret_text(endpoint_.password)},
                                            std::move(binding), choice.binds);
    } else {
        mechanism =
            make_gssapi_mechanism(choice.name, {endpoint_.host, endpoint_.username, secret_text(endpoint_.password)});
    }
    co_return co_await run(std::move(choice), std::move(mechanism));
}

asio::awaitable<smtp_authenticator::attempt> smtp_authenticator::authenticate_by_token(const smtp_extensions& offered) {
    attempt done;
    mechanism_choice choice = choose_mechanism(offered, token_mechanisms(), endpoint_.mechanism, false);
    if (choice.name.empty()) {
        done.result = authentication_not_possible(endpoint_.label(), choice.problem);
        co_return done;
    }
    oauth_token token =
        co_await services_.tokens.token(endpoint_.grant, endpoint_.allows_clear_text, tls_, connection_.waits());
    if (token.text.is_empty()) {
        done.result = token_trouble(endpoint_.label(), endpoint_.grant.token_endpoint, token.failed);
        co_return done;
    }
    std::shared_ptr<sasl_mechanism> mechanism = make_token_mechanism(
        choice.name, {endpoint_.username, endpoint_.host, endpoint_.port, secret_text(token.text.view())});
    done.result = co_await run(std::move(choice), std::move(mechanism));
    if (done.result && done.result->verdict == verdict::rejected) {
        services_.tokens.forget(endpoint_.grant, token.text);
        done.may_repeat = !token.is_new && done.result->reply_code != 0;
    }
    co_return done;
}

asio::awaitable<std::optional<outcome>> smtp_authenticator::run(mechanism_choice choice,
                                                                std::shared_ptr<sasl_mechanism> mechanism) {
    const std::string label = endpoint_.label();
    mechanism_ = choice.name;
    const exchange_end end = co_await exchange(choice.name, mechanism);
    if (end.is_passing) {
        co_return authentication_unavailable(label, endpoint_.username, choice.name, end.problem);
    }
    if (!end.problem.empty()) {
        co_return authentication_broken_off(label, endpoint_.username, choice.name, end.problem);
    }
    if (end.reply.code != 235) {
        co_return authentication_refusal(label, endpoint_.username, choice.name, end.reply,
                                         mechanism->server_problem());
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
    bool is_begun = false;
    try {
        secret_text first("AUTH " + name);
        std::string shown = "AUTH " + name;
        secret_text initial;
        if (mechanism->has_initial_response()) {
            initial = co_await respond(mechanism, {});
            if (first.size() + 1 + initial.size() <= command_size_max) {
                (first += " ") += initial.is_empty() ? "=" : initial.view();
                initial = {};
                shown += " [credentials not shown]";
            }
        }
        is_begun = true;
        end.reply = co_await command(std::move(first), shown);
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
            end.reply = co_await command(std::move(response), "[credentials not shown]");
        }
        co_return end;
    } catch (const sasl_failure& wrong) {
        end.problem = wrong.what();
    } catch (const sasl_trouble& trouble) {
        end.problem = trouble.what();
        end.is_passing = true;
    }
    if (is_begun) {
        end.reply = co_await command(secret_text("*"), "*");  // RFC 4954 section 4: breaks the exchange off
    }
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
        response = co_await services_.blocking.run(std::move(work), timeouts_.command, connection_.waits());
    } catch (const blocking_timeout& late) {
        throw wire_failure(std::string("the authentication could not be worked out: ") + late.what());
    }
    if (response.size() > response_size_max) {
        throw sasl_failure("the answer to the server has " + std::to_string(response.size()) +
                           " characters, but SMTP takes " + std::to_string(response_size_max));
    }
    co_return response;
}

asio::awaitable<smtp_reply> smtp_authenticator::command(secret_text line, std::string shown) {
    line += "\r\n";
    co_await connection_.write_credentials(line.view(), shown, timeouts_.command);
    co_return co_await connection_.read_reply(timeouts_.command);
}

}  // namespace hawser::smtp
