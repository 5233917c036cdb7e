#include "test_adapter.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <stdexcept>

namespace hawser::test_plugin {
namespace {

constexpr std::size_t read_size = 16 * 1024;

config_spec adapter_spec() {
    return config_spec{}
        .string("Outcomes", "What each attempt answers, by commas; the last one goes for all that follow.", "delivered")
        .string("CallsFile", "A file that gets a line for each transmit.", "")
        .string("Password", "A secret; never written anywhere.")
        .with(property_flag::secret);
}

std::string nth_word(std::string_view list, std::uint32_t index) {
    for (; index > 0 && list.find(',') != std::string_view::npos; --index) {
        list.remove_prefix(list.find(',') + 1);
    }
    return std::string(list.substr(0, list.find(',')));
}

bool is_accepting(const outcome& one) {
    return one.verdict == verdict::delivered || one.verdict == verdict::partial || one.is_maybe_duplicate;
}

std::string path_of(const message& one, const std::string& message_id) {
    std::string path = one.get_or("BTS.OutboundTransportLocation", "");
    path.erase(0, path.find(':') == std::string::npos ? 0 : path.find(':') + 1);
    if (path.rfind("//", 0) == 0) {
        path.erase(0, 2);
    }
    return path.empty() || path.back() != '/' ? path : path + message_id + ".body";
}

}  // namespace

transmission::transmission(delivery one, std::string_view name_space, std::uint32_t flags)
    : delivery_(std::move(one)), adapter_(name_space) {
    const message about = delivery_.message();
    const message_identity identity = about.identity();
    attempt_ = identity.attempt;
    message_id_ = identity.message_id;
    unique_id_ = identity.unique_id;
    resume_state_ = delivery_.resume_state();
    script_ = nth_word(about.get_or(adapter_ + ".Outcomes", "delivered"), attempt_ - 1);
    calls_file_ = about.get_or(adapter_ + ".CallsFile", "");
    path_ = path_of(about, message_id_);
    partial_path_ = path_ + "." + message_id_ + ".part";
    if ((flags & HAWSER_FLAG_AUDITS) != 0) {
        try {
            audit_ = audit_record(delivery_);
        } catch (const failure& wrong) {
            failure_ = wrong.what();
            has_ended_ = true;
            return;
        }
    }
    if (!path_.empty()) {
        body_.open(partial_path_, std::ios::binary | std::ios::trunc);
    }
    if (!body_.is_open()) {
        failure_ = "the adapter cannot write to the file that its address names: " + path_;
        has_ended_ = true;
    }
}

bool transmission::read_once() {
    char buffer[read_size];
    std::string error;
    const std::int64_t size = delivery_.body_read(buffer, sizeof buffer, error);
    if (size == HAWSER_WOULD_BLOCK) {
        return false;
    }
    if (size < 0) {
        failure_ = "the body failed: " + error;
    } else {
        record_content({buffer, static_cast<std::size_t>(size)});
        body_.write(buffer, static_cast<std::streamsize>(size));
        size_ += static_cast<std::uint64_t>(size);
    }
    has_ended_ = size <= 0 || is_broken();
    return true;
}

void transmission::record_content(std::string_view bytes) {
    if (audit_) {
        try {
            audit_.content(bytes);
        } catch (const failure& wrong) {
            failure_ = wrong.what();
        }
    }
}

// One write to a file opened for appending, so that lines of several threads and processes do not mix.
void transmission::record(std::string_view answer) const {
    if (calls_file_.empty()) {
        return;
    }
    const std::string line = adapter_ + ' ' + message_id_ + " attempt=" + std::to_string(attempt_) +
                             " unique=" + unique_id_ + " size=" + std::to_string(size_) + " resume=" + resume_state_ +
                             ' ' + std::string(answer) + '\n';
    const int file = ::open(calls_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool is_written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (file >= 0) {
        ::close(file);
    }
    if (!is_written) {
        throw failure("the adapter cannot write its CallsFile " + calls_file_);
    }
}

void transmission::accept_body() {
    body_.close();
    if (body_.fail()) {
        throw failure(HAWSER_IO, "the adapter cannot write " + partial_path_);
    }
    std::filesystem::rename(partial_path_, path_);
}

outcome transmission::scripted_outcome() const {
    outcome result;
    result.code = "test." + script_;
    result.text = "the test adapter was told to answer " + script_;
    result.resume_state = "resume-" + std::to_string(attempt_);
    if (script_ == "delivered") {
        result.verdict = verdict::delivered;
        result.resume_state.clear();
    } else if (script_ == "rejected") {
        result.verdict = verdict::rejected;
        result.reply_code = 550;
        result.enhanced_status = "5.1.1";
        result.resume_state.clear();
    } else if (script_ == "partial") {
        result.verdict = verdict::partial;
        result.recipients = {{"a@test.example", verdict::delivered, 250, "2.1.5", "accepted"},
                             {"b@test.example", verdict::retry, 450, "4.2.1", "mailbox busy"}};
    } else if (script_ == "endpointDown") {
        result.is_endpoint_down = true;
    } else if (script_ == "maybeDuplicate") {
        result.is_maybe_duplicate = true;
    } else if (script_ != "retry" && script_ != "checkpoint" && script_ != "hold") {
        result.verdict = verdict::rejected;
        result.code = "test.bad-script";
        result.text = "the property Outcomes has a word that the test adapter does not know: " + script_;
    }
    return result;
}

void transmission::discard_body() noexcept {
    std::error_code ignored;  // the file may never have been made
    body_.close();
    std::filesystem::remove(partial_path_, ignored);
}

// Waits for the archive, which answers on a thread of its own.
std::string transmission::record_hand_over() {
    if (!audit_) {
        return "";
    }
    using waited_answer = std::shared_ptr<std::promise<std::string>>;
    const auto answer = std::make_shared<std::promise<std::string>>();
    audit_.hand_over(R"({"transfer":"FILE","address":")" + path_ + "\"}",
                     [](void* user, hawser_status status, hawser_string text) {
                         const std::unique_ptr<waited_answer> owned(static_cast<waited_answer*>(user));
                         (*owned)->set_value(status < 0 ? std::string(text.data, text.size) : "");
                     },
                     new waited_answer(answer));
    return answer->get_future().get();
}

void transmission::record_result(std::string_view answer) {
    if (audit_) {
        audit_.finish(R"({"outcome":")" + std::string(answer) + "\"}", [](void*, hawser_status, hawser_string) {},
                      nullptr);
    }
}

outcome transmission::finish() {
    if (is_broken()) {
        discard_body();
        record("body-failed");
        outcome result;
        result.code = "test.body-failed";
        result.text = failure_;
        return result;
    }
    outcome result = scripted_outcome();
    if (const std::string why_not = is_accepting(result) ? record_hand_over() : ""; !why_not.empty()) {
        discard_body();
        record("not-recorded");
        result = {};
        result.code = "test.not-recorded";
        result.text = why_not;
        return result;
    }
    if (is_accepting(result)) {
        accept_body();
        record_result(script_);
    } else {
        discard_body();
    }
    record(script_);
    return result;
}

void transmission::complete() noexcept {
    outcome result;
    try {
        result = finish();
    } catch (const std::exception& thrown) {
        result.code = "test.io";
        result.text = thrown.what();
    }
    audit_ = audit_record();  // one that is left open ends here, as broken off
    delivery_.complete(result);
}

void transmission::complete_cancelled() noexcept {
    outcome result;
    try {
        discard_body();
        record("cancelled");
    } catch (const std::exception&) {
        // It is a retry in any case; the missing line is what a test then notices.
    }
    audit_ = audit_record();
    result.code = "test.cancelled";
    result.text = "the host cancelled the delivery";
    delivery_.complete(result);
}

void transmission::drop(std::string_view answer) {
    discard_body();
    record(answer);
    audit_ = audit_record();
    const delivery dropped = std::move(delivery_);  // its destructor completes it as misbehaviour
}

job_thread::~job_thread() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void job_thread::post(std::function<void()> job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    changed_.notify_all();
}

void job_thread::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) {
            return;
        }
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

config_spec queued_adapter::spec() { return adapter_spec(); }
config_spec blocking_adapter::spec() { return adapter_spec(); }

void queued_adapter::transmit(delivery one) {
    auto made = std::make_unique<session>();
    made->owner = this;
    made->work = std::make_unique<transmission>(std::move(one), info.property_namespace, info.flags);
    session& started = *made;
    {
        const std::lock_guard lock(mutex_);
        sessions_.push_back(std::move(made));
    }
    if (started.work->script() == "throw") {
        started.work->drop("throw");
        throw std::runtime_error("the test adapter was told to throw out of transmit");
    }
    jobs_.post([this, &started] { begin(started); });
}

void queued_adapter::begin(session& one) {
    one.work->handle().on_cancel(
        [](void* user) {
            auto& cancelled = *static_cast<session*>(user);
            cancelled.owner->jobs_.post([&cancelled] { cancelled.owner->cancel(cancelled); });
        },
        &one);
    step(one);
}

void queued_adapter::step(session& one) {
    transmission& work = *one.work;
    while (work.is_open() && !work.has_ended()) {
        if (!work.read_once()) {
            work.handle().body_on_ready(
                [](void* user) {
                    auto& ready = *static_cast<session*>(user);
                    ready.owner->jobs_.post([&ready] { ready.owner->step(ready); });
                },
                &one);
            return;
        }
    }
    if (!work.is_open()) {
        return;  // cancelled while it waited
    }
    const std::string script = work.is_broken() ? "" : work.script();
    if (script == "hold") {
        return;  // cancel() goes on
    }
    if (script == "crash") {
        std::abort();
    }
    if (script == "drop") {
        work.drop("drop");
    } else if (script == "checkpoint") {
        one.is_checkpointing = true;
        work.handle().checkpoint(
            "checkpoint",
            [](void* user, hawser_status) {
                auto& stored = *static_cast<session*>(user);
                stored.owner->jobs_.post([&stored] { stored.work->complete(); });
            },
            &one);
    } else {
        work.complete();
    }
}

void queued_adapter::cancel(session& one) {
    if (one.work->is_open() && !one.is_checkpointing) {
        one.work->complete_cancelled();
    }
}

void blocking_adapter::transmit(delivery one) {
    struct waiter {
        std::mutex mutex;
        std::condition_variable changed;
        bool is_set = false;
        void set() {
            const std::lock_guard lock(mutex);
            is_set = true;
            changed.notify_all();
        }
        void wait() {
            std::unique_lock lock(mutex);
            changed.wait(lock, [this] { return is_set; });
        }
    };
    transmission work(std::move(one), info.property_namespace, info.flags);
    const std::string& script = work.script();
    if (script == "throw") {
        work.drop("throw");
        throw std::runtime_error("the test adapter was told to throw out of transmit");
    }
    while (!work.has_ended()) {
        if (!work.read_once()) {
            throw failure(HAWSER_MISUSE, "the host answered would-block to an adapter that blocks");
        }
    }
    waiter event;
    if (work.is_broken()) {
        work.complete();
    } else if (script == "crash") {
        std::abort();
    } else if (script == "drop") {
        work.drop("drop");
    } else if (script == "hold") {
        work.handle().on_cancel([](void* user) { static_cast<waiter*>(user)->set(); }, &event);
        event.wait();
        work.complete_cancelled();
    } else {
        if (script == "checkpoint") {
            work.handle().checkpoint(
                "checkpoint", [](void* user, hawser_status) { static_cast<waiter*>(user)->set(); }, &event);
            event.wait();
        }
        work.complete();
    }
}

}  // namespace hawser::test_plugin
