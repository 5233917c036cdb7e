// The SMTP send adapter as a plugin: reads a delivery's settings, hands it to the client, composes mail.
#include <memory>

#include "hawser/sdk.hpp"
#include "mail_composer.hpp"
#include "smtp_client.hpp"
#include "smtp_settings.hpp"
#include "smtp_tls.hpp"
#include "smtp_transmission.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

// A body whose beginning was looked at.
class whole_body final : public stream_source {
public:
    whole_body(std::string start, body_stream rest) : start_(std::move(start)), rest_(std::move(rest)) {}

    std::size_t read(void* buffer, std::size_t capacity) override {
        if (position_ == start_.size()) {
            return rest_.read(buffer, capacity);
        }
        const std::size_t size = start_.copy(static_cast<char*>(buffer), capacity, position_);
        position_ += size;
        return size;
    }

private:
    std::string start_;
    std::size_t position_ = 0;
    body_stream rest_;
};

// As a transmission looks at it, so that a preview fails where the message would.
void check_blind_recipients_of(message& one) {
    constexpr std::size_t start_size = 64 * 1024;
    body_stream body = one.take_body();
    std::string start(start_size, '\0');
    std::size_t filled = 0;
    while (const std::size_t size = body.read(start.data() + filled, start.size() - filled)) {
        filled += size;
    }
    start.resize(filled);
    check_blind_recipients(one, start);
    one.put_body(make_stream(std::make_unique<whole_body>(std::move(start), std::move(body))));
}

}  // namespace

class smtp_adapter final : public send_adapter {
public:
    static constexpr adapter_info info{.id = "SMTP",
                                       .version = "0.1.0",
                                       .summary = "Sends mail to an SMTP server (RFC 5321).",
                                       .property_namespace = "SMTP",
                                       .address_scheme = "mailto",
                                       .flags = HAWSER_FLAG_AUDITS | HAWSER_FLAG_COMPOSES};
    static config_spec spec() { return smtp_spec(); }
    static void validate(const config& values, const host&, problems& found) { validate_smtp(values, found); }

    smtp_adapter(const config& values, const host& owner)
        : host_(owner),
          tls_(owner),
          own_server_(server_of(values)),
          client_(read_timeouts(values), read_limits(values),
                  [owner](const std::string& text) { owner.log(log_level::error, "SMTP client: " + text); }) {}

    void transmit(delivery one) override {
        std::shared_ptr<smtp_transmission> made;
        try {
            made = std::make_shared<smtp_transmission>(client_.io(), std::move(one));
            check_current_credentials(made->endpoint());
            tls_contexts contexts = tls_.contexts_for(made->endpoint());
            if (made->recipients().open().empty()) {
                made->complete(made->recipients().settle(made->endpoint().label()));
                return;
            }
            made->watch_cancel();
            client_.send(made, std::move(contexts));
        } catch (const failure& wrong) {
            if (made) {
                made->complete(made->recipients().add_to(settings_trouble(wrong)));
            } else if (one.abi() != nullptr) {
                one.complete(settings_trouble(wrong));
            }
        }
    }

    bool has_composer() const override { return true; }
    void compose(message& one) override { compose_mail(one); }

    bool has_probe() const override { return true; }
    void probe(const probed_delivery& one, findings& found) override {
        const smtp_endpoint endpoint = read_endpoint(one.message(), one);
        check_current_credentials(endpoint);
        client_.probe(endpoint, tls_.contexts_for(endpoint), found);
    }

    void preview(message& one, std::string& text) override {
        const envelope mail = envelope_of(one);
        if (!one.get_or("SMTP.BCC", "").empty()) {
            check_blind_recipients_of(one);
        }
        text = "SMTP server: " + one.get_or("SMTP.SMTPHost", "") + " (TLS " + one.get_or("SMTP.TLS", "starttls") +
               ")\nMAIL FROM:<" + mail.sender + ">\n";
        for (const std::string& recipient : mail.recipients) {
            text += "RCPT TO:<" + recipient + ">\n";
        }
    }

private:
    // The process's own account is for the servers that the send handler names: no port and no message sends it
    // elsewhere.
    void check_current_credentials(const smtp_endpoint& endpoint) const {
        if (endpoint.uses_current_credentials() &&
            (endpoint.host != own_server_.host || endpoint.port != own_server_.port ||
             endpoint.tls != own_server_.tls || endpoint.fallbacks != own_server_.fallbacks)) {
            throw failure(
                "the process's own account is only for the SMTPHost, FallbackHosts and TLS of the send handler, not "
                "for " +
                endpoint.label() + " or other FallbackHosts: give the port its own Username and Password");
        }
    }

    static outcome settings_trouble(const failure& wrong) {
        outcome refused;
        refused.verdict = wrong.status() == HAWSER_TRY_LATER || wrong.status() == HAWSER_CANCELLED ? verdict::retry
                                                                                                   : verdict::rejected;
        refused.code = "smtp.settings";
        refused.text = wrong.what();
        return refused;
    }

    host host_;
    smtp_tls tls_;
    smtp_endpoint own_server_;
    smtp_client client_;
};

}  // namespace hawser::smtp

HAWSER_PLUGIN(hawser::smtp::smtp_adapter)
