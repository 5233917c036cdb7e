#include "submitters.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <stdexcept>

namespace hawser::crash {
namespace {

constexpr auto reconnect_pause = std::chrono::milliseconds(10);
constexpr std::size_t memory_size_max = 64 * 1024;  // a larger body is handed over as a file, which is made once
constexpr double give_up_probability = 0.1;         // of a submission that was clearly refused

// What the client says where the connection broke: the message may be there or not.
bool is_uncertain(const submit_answer& answer) { return answer.text.find("it is not known") != std::string::npos; }

class memory_file {
public:
    explicit memory_file(const std::string& bytes) : descriptor_(::memfd_create("body", MFD_CLOEXEC)) {
        if (::pwrite(descriptor_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
            throw std::runtime_error("a body cannot be kept in memory");
        }
    }
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;
    ~memory_file() { ::close(descriptor_); }
    int descriptor() const noexcept { return descriptor_; }
    void rewind() const noexcept { ::lseek(descriptor_, 0, SEEK_SET); }

private:
    int descriptor_;
};

bool has_host(const submit_answer& answer) { return answer.text.find("no host is running") == std::string::npos; }

}  // namespace

submitters::submitters(const configuration& loaded, std::vector<load_kind> kinds, std::uint32_t seed)
    : loaded_(loaded), seed_(seed) {
    std::uint32_t number = 0;
    for (load_kind& kind : kinds) {
        threads_.emplace_back([this, number = ++number, kind = std::move(kind)] { run(number, kind); });
    }
}

submitters::~submitters() {
    is_finishing_ = true;
    for (std::thread& one : threads_) {
        one.join();
    }
}

void submitters::finish() {
    is_finishing_ = true;
    for (std::thread& one : threads_) {
        one.join();
    }
    threads_.clear();
}

std::unique_ptr<bus> submitters::connect_patiently() {
    while (!is_finishing_) {
        if (opened<bus> made = connect(loaded_); made.value) {
            return std::move(made.value);
        }
        std::this_thread::sleep_for(reconnect_pause);
    }
    return nullptr;
}

void submitters::run(std::uint32_t number, const load_kind& kind) {
    std::mt19937_64 chance(seed_ * 1009ULL + number);
    const std::unique_ptr<bus> host = connect_patiently();
    for (std::uint32_t sequence = 1; host && !is_finishing_; ++sequence) {
        submit_one(*host, kind, {number, sequence}, chance);
        std::this_thread::sleep_for(
            std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, kind.pause_max_ms)(chance)));
    }
}

void submitters::submit_one(bus& host, const load_kind& kind, const body_identity& who, std::mt19937_64& chance) {
    submission message{.port = kind.port,
                       .key = "crash-" + std::to_string(who.submitter) + '-' + std::to_string(who.sequence)};
    message.properties.push_back({"Crash.Kind", kind.port.empty() ? "both" : "direct"});
    message.parts.push_back({.content_type = "application/octet-stream"});
    const std::string body =
        make_body(who, std::uniform_int_distribution<std::size_t>(kind.size_min, kind.size_max)(chance));
    std::optional<memory_file> file;
    if (body.size() <= memory_size_max) {
        message.parts.back().bytes = body;
    } else {
        message.parts.back().descriptor = file.emplace(body).descriptor();
    }
    acknowledged_message wanted{
        .body = who, .size = body.size(), .sha256 = sha256_hex(body), .ports = kind.subscribers};
    ++submission_count_;
    bool has_been_uncertain = false;
    while (true) {
        if (file) {
            file->rewind();  // a submission reads it to its end, also where it is refused
        }
        const submit_answer answer = host.submit(message, {});
        has_been_uncertain = has_been_uncertain || is_uncertain(answer);
        const bool may_give_up = !has_been_uncertain && std::bernoulli_distribution(give_up_probability)(chance);
        if (take_answer(answer, wanted, may_give_up)) {
            return;
        }
        std::this_thread::sleep_for(reconnect_pause);
    }
}

// True: the submission is settled.
bool submitters::take_answer(const submit_answer& answer, acknowledged_message& message, bool may_give_up) {
    const std::lock_guard lock(mutex_);
    if (answer.code == answer_code::accepted) {
        repeat_count_ += answer.is_repeat ? 1U : 0U;
        message.message_id = answer.message_id;
        acknowledged_.push_back(std::move(message));
        return true;
    }
    if (answer.code != answer_code::not_accepted) {
        surprises_.push_back("message " + std::to_string(message.body.sequence) + " of submitter " +
                             std::to_string(message.body.submitter) + " was answered with code " +
                             std::to_string(static_cast<int>(answer.code)) + ": " + answer.text);
        return true;
    }
    uncertain_count_ += is_uncertain(answer) ? 1U : 0U;
    refusal_count_ += !is_uncertain(answer) && has_host(answer) ? 1U : 0U;
    if (may_give_up) {
        given_up_.emplace(message.body.submitter, message.body.sequence);
    }
    return may_give_up;
}

}  // namespace hawser::crash
