// The crash test's send adapter: reads a body to its end, writes what it was to the port's journal, and answers
// delivered, retry or failed by chance. It holds the message for a while on both sides of the journal line, so that
// kills fall before it, and between it and the durable outcome, which is where repeats come from.
#include <openssl/evp.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "hawser/sdk.hpp"
#include "journal.hpp"

namespace hawser::crash {
namespace {

constexpr std::size_t read_size = 64 * 1024;

std::uint32_t number_from_environment(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? 0 : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

// Hashes a body while it is read.
class body_digest {
public:
    body_digest() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
    void add(std::string_view bytes) {
        EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
        size_ += bytes.size();
        if (first_.size() < identity_size_max) {
            first_ += bytes.substr(0, identity_size_max - first_.size());
        }
    }
    void finish(journal_line& line) {
        std::string digest(32, '\0');
        EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
        line.sha256 = to_hex(digest);
        line.size = size_;
        line.body = read_identity(first_).value_or(body_identity{});
    }

private:
    struct deleter {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, deleter> context_;
    std::string first_;
    std::uint64_t size_ = 0;
};

class journal_adapter final : public send_adapter {
public:
    static constexpr adapter_info info{.id = "JOURNAL",
                                       .version = "1.0.0",
                                       .summary = "Writes a line for each attempt, and answers by chance.",
                                       .property_namespace = "JOURNAL",
                                       .address_scheme = "journal",
                                       .flags = HAWSER_FLAG_BLOCKING,
                                       .max_in_flight = 64};
    static config_spec spec() {
        return config_spec{}
            .string("Folder", "Where the journals are.", "")
            .with(property_flag::required)
            .integer("RetryPermille", "Of so many attempts in a thousand the answer is retry.", 0, 1000, "0")
            .integer("FailPermille", "Of so many it is failed.", 0, 1000, "0")
            .integer("HoldMilliseconds", "A message is held for so long at most.", 0, 1000, "0");
    }
    journal_adapter()
        : run_(number_from_environment("HAWSER_CRASH_RUN")), seed_(number_from_environment("HAWSER_CRASH_SEED")) {}

    void transmit(delivery one) override {
        const message what = one.message();
        const message_identity identity = what.identity();
        journal_line line{
            .run = run_, .port = identity.port, .message_id = identity.message_id, .unique_id = identity.unique_id};
        line.attempt = identity.attempt;
        read_body(one, line);
        // Of what the seed decides, not of the ids, which are others each time.
        std::seed_seq mix{seed_,
                          run_,
                          line.body.submitter,
                          line.body.sequence,
                          identity.attempt,
                          static_cast<std::uint32_t>(std::hash<std::string>{}(identity.port))};
        std::mt19937 chance(mix);
        const std::int64_t hold_max_ms = std::stoll(what.get_or("JOURNAL.HoldMilliseconds", "0"));
        const auto hold = [&] {
            const std::int64_t hold_ms = std::uniform_int_distribution<std::int64_t>(0, hold_max_ms)(chance);
            std::this_thread::sleep_for(std::chrono::milliseconds(hold_ms / 2));
        };
        const outcome answer = choose(what, chance, line);
        hold();
        append_line(what.get_or("JOURNAL.Folder", "."), line);
        hold();
        one.complete(answer);
    }

private:
    static void read_body(delivery& one, journal_line& line) {
        body_digest digest;
        std::string buffer(read_size, '\0');
        std::string error;
        while (true) {
            const std::int64_t size = one.body_read(buffer.data(), buffer.size(), error);
            if (size < 0) {
                throw failure("the body cannot be read: " + error);
            }
            if (size == 0) {
                return digest.finish(line);
            }
            digest.add(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
        }
    }

    static outcome choose(const message& what, std::mt19937& chance, journal_line& line) {
        const auto number = std::uniform_int_distribution<std::int64_t>(0, 999)(chance);
        const std::int64_t failed = std::stoll(what.get_or("JOURNAL.FailPermille", "0"));
        const std::int64_t retried = std::stoll(what.get_or("JOURNAL.RetryPermille", "0"));
        outcome answer;
        answer.verdict = number < failed             ? verdict::rejected
                         : number < failed + retried ? verdict::retry
                                                     : verdict::delivered;
        line.answer = answer.verdict == verdict::rejected ? "failed"
                      : answer.verdict == verdict::retry  ? "retry"
                                                          : "delivered";
        answer.code = "journal." + line.answer;
        answer.text = "the journal adapter answers by chance";
        return answer;
    }

    std::uint32_t run_;
    std::uint32_t seed_;
};

}  // namespace
}  // namespace hawser::crash

HAWSER_PLUGIN(hawser::crash::journal_adapter)
