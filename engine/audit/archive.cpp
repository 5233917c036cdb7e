#include "audit/archive.hpp"

#include <algorithm>
#include <stdexcept>

#include "audit/facts.hpp"
#include "base/durable_folder.hpp"
#include "base/log.hpp"

namespace hawser::engine::audit {
namespace {

constexpr int format_version = 1;
constexpr std::size_t group_count_max = 512;
constexpr std::size_t group_size_max = 8UL * 1024 * 1024;
constexpr std::size_t kept_size_max = 64UL * 1024 * 1024;  // of facts; beyond, results are kept without theirs
constexpr const char* no_facts = "{}";

result<void> later(const std::string& why) { return fail("audit.later", why); }

}  // namespace

archive::archive(archive_settings settings, clock& time)
    : folder_(settings.folder),
      time_(time),
      settings_(std::move(settings)),
      lock_(folder_),
      log_(folder_, settings_.file_size_max, lock_),
      folders_(folder_) {
    broken_since_ms_ = time_.monotonic_ms();
    try_to_open();
    thread_ = std::thread([this] { run(); });
}

archive::~archive() { close(); }

void archive::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

std::string archive::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_;
}

void archive::change(archive_settings settings) {
    {
        const std::lock_guard lock(mutex_);
        next_ = std::make_unique<archive_settings>(std::move(settings));
    }
    changed_.notify_all();
}

result<std::unique_ptr<archive_entry>> archive::begin(record_subject about) {
    {
        const std::lock_guard lock(mutex_);
        if (is_closing_ || !trouble_.empty()) {
            return fail("audit.later", "the audit archive " + folder_ +
                                           " cannot be written: " + (is_closing_ ? "the host is stopping" : trouble_));
        }
    }
    return std::make_unique<archive_entry>(shared_from_this(), std::move(about));
}

void archive::submit(request one) {
    {
        const std::lock_guard lock(mutex_);
        if (!is_closing_) {
            queue_.push_back(std::move(one));
            changed_.notify_all();
            return;
        }
    }
    if (one.kind != kind::hand_over) {
        log::error("a result came after the audit archive was closed, and is not in it",
                   {{"archive", folder_}, {"message", one.entry->about.message_id}});
    }
    one.answer(later("the audit archive is closed: the host is stopping"));
}

// ---- The archive's thread ----

void archive::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        wait_for_work(lock);
        const bool is_last = is_closing_ && queue_.size() <= group_count_max;
        group all = take_group();
        std::unique_ptr<archive_settings> next = std::move(next_);
        lock.unlock();
        if (next) {
            apply_settings(std::move(*next));
        }
        if (!is_open_ && (is_last || time_.monotonic_ms() >= retry_at_ms_)) {
            try_to_open();
        }
        if (is_open_) {
            write(all);
        } else {
            refuse(all);
        }
        if (is_open_ && (is_signature_due() || (is_last && unsigned_count_ > 0))) {
            if (const result<void> done = sign(); !done) {
                has_failed(done.error());
            }
        }
        lock.lock();
        if (is_last && queue_.empty()) {
            break;
        }
    }
    lock.unlock();
    give_up_kept();
}

void archive::wait_for_work(std::unique_lock<std::mutex>& lock) {
    const auto has_work = [this] { return !queue_.empty() || is_closing_ || next_ != nullptr; };
    if (is_open_ && unsigned_count_ == 0) {
        changed_.wait(lock, has_work);
        return;
    }
    const std::int64_t until_ms = is_open_ ? unsigned_since_ms_ + settings_.sign_after_ms : retry_at_ms_;
    const std::int64_t wait_ms = std::max<std::int64_t>(until_ms - time_.monotonic_ms(), 0);
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), has_work);
}

// Under the lock.
archive::group archive::take_group() {
    group all;
    for (std::size_t size = 0; !queue_.empty() && all.size() < group_count_max && size < group_size_max;) {
        size += queue_.front().facts.size();
        all.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return all;
}

// ---- Opening ----

// Taken once more where it was lost, but not to cut off what another host has written meanwhile.
result<void> archive::hold_lock() {
    if (lock_.check()) {
        return {};
    }
    if (!is_log_open_) {
        make_durable_folder(folder_);
    }
    archive_lock taken(folder_);
    if (result<void> done = taken.take(); !done) {
        return done;
    }
    if (result<void> unchanged = is_log_open_ ? log_.check_size() : result<void>{}; !unchanged) {
        return unchanged;
    }
    lock_ = std::move(taken);
    return {};
}

result<void> archive::open() {
    for (const auto& step : {std::function<result<void>()>([this] { return hold_lock(); }),
                             std::function<result<void>()>([this] { return follow_log(); }),
                             std::function<result<void>()>([this] { return folders_.prepare(); })}) {
        if (result<void> done = step(); !done) {
            return done;
        }
    }
    return was_open_ ? write_resumed() : write_opened();
}

result<void> archive::follow_log() {
    if (is_log_open_) {
        return log_.reopen();
    }
    if (result<void> done = log_.open(*settings_.key); !done) {
        return done;
    }
    is_log_open_ = true;
    if (log_.cut_size() > 0) {
        log::warning("the unfinished end of an audit archive was cut off: its last write had never ended",
                     {{"archive", folder_}, {"bytes", std::to_string(log_.cut_size())}});
    }
    return {};
}

result<void> archive::write_opened() {
    folders_.empty_incoming();
    std::string facts = settings_facts();
    facts.insert(facts.size() - 1, ",\"cutBytes\":" + std::to_string(log_.cut_size()));
    if (result<void> written = write_line(kind::opened, facts); !written) {
        return written;
    }
    was_open_ = true;
    return sign();
}

// What could not be written meanwhile comes first; this record says since when that was so.
result<void> archive::write_resumed() {
    return write_line(kind::resumed, "{\"trouble\":" + json_string(failure_text_) + ",\"unavailableMs\":" +
                                         std::to_string(time_.monotonic_ms() - broken_since_ms_) + '}');
}

void archive::try_to_open() {
    result<void> done;
    try {
        done = open();
    } catch (const std::exception& failure) {
        done = fail("audit.io", failure.what());
    }
    if (!done) {
        has_failed(done.error());
        return;
    }
    is_open_ = true;
    if (!failure_text_.empty()) {
        log::info("the audit archive can be written again", {{"archive", folder_}});
        failure_text_.clear();
    }
    group kept(std::make_move_iterator(kept_.begin()), std::make_move_iterator(kept_.end()));
    kept_.clear();
    kept_size_ = 0;
    write(kept);
    if (is_open_) {
        const std::lock_guard lock(mutex_);
        trouble_.clear();
    }
}

std::string archive::settings_facts() const {
    return "{\"format\":" + std::to_string(format_version) + ",\"content\":\"" +
           (settings_.content == content_kept::bytes ? "bytes" : "hash") + "\",\"algorithm\":\"" +
           settings_.key->algorithm() + "\",\"key\":\"" + settings_.key->fingerprint() + "\"}";
}

void archive::apply_settings(archive_settings settings) {
    const bool has_changed =
        settings.key->fingerprint() != settings_.key->fingerprint() || settings.content != settings_.content;
    if (has_changed && is_open_ && unsigned_count_ > 0) {
        if (const result<void> done = sign(); !done) {
            has_failed(done.error());
        }
    }
    {
        const std::lock_guard lock(mutex_);
        settings_ = std::move(settings);
    }
    if (has_changed && is_open_) {
        result<void> done = write_line(kind::settings, settings_facts());
        if (done) {
            done = sign();
        }
        if (!done) {
            has_failed(done.error());
        }
    }
}

// ---- Writing ----

std::string archive::line_of(const request& one, const chain_head& head) const {
    line_writer line(head, one.unix_ms, one.kind);
    line.subject(one.entry->about);
    if (one.kind == kind::outcome) {
        line.number("handOver", static_cast<std::int64_t>(one.entry->hand_over));
    } else {
        line.json("content", one.content->json());
    }
    line.json("facts", one.facts);
    return line.finish();
}

void archive::add_signature(std::string& lines, chain_head& head) const {
    const signing_key& key = *settings_.key;
    std::string line = begin_signature_line(head, time_.unix_ms(), key.algorithm(), key.fingerprint());
    const std::string signature = key.sign(line);
    add_line(lines, head, end_signature_line(std::move(line), signature));
}

void archive::note_written(std::uint64_t unsigned_count) {
    if (unsigned_count_ == 0 || unsigned_count < unsigned_count_) {
        unsigned_since_ms_ = time_.monotonic_ms();
    }
    unsigned_count_ = unsigned_count;
}

result<void> archive::write_line(std::string_view kind, const std::string& facts) {
    std::string lines;
    chain_head head = log_.head();
    line_writer line(head, time_.unix_ms(), kind);
    line.json("facts", facts);
    add_line(lines, head, line.finish());
    result<void> done = log_.append(lines, head);
    if (done) {
        note_written(unsigned_count_ + 1);
    }
    return done;
}

result<void> archive::sign() {
    std::string lines;
    chain_head head = log_.head();
    try {
        add_signature(lines, head);
    } catch (const std::runtime_error& failure) {
        return fail("audit.key", failure.what());
    }
    result<void> done = log_.append(lines, head);
    if (done) {
        note_written(0);
    }
    return done;
}

bool archive::is_signature_due() const {
    return unsigned_count_ >= settings_.sign_after_records ||
           (unsigned_count_ > 0 && time_.monotonic_ms() - unsigned_since_ms_ >= settings_.sign_after_ms);
}

// A content that cannot be made durable fails its own hand-over only.
result<void> archive::place_contents(group& all) {
    const auto needs_place = [](const request& one) { return one.kind == kind::hand_over && one.content->has_file(); };
    for (const request& one : all) {
        if (needs_place(one)) {
            one.content->start_writing();
        }
    }
    for (request& one : all) {
        if (needs_place(one)) {
            one.state = one.content->place(folders_, one.unix_ms);
            if (!one.state) {
                one.content->discard();
            }
        }
    }
    return folders_.sync();
}

void archive::write(group& all) {
    if (all.empty()) {
        return;
    }
    std::string lines;
    chain_head head = log_.head();
    result<void> done = place_contents(all);
    std::uint64_t unsigned_count = unsigned_count_;
    try {
        for (request& one : all) {
            if (!one.state) {
                continue;
            }
            if (one.kind == kind::hand_over) {
                one.entry->hand_over = head.next;
            } else {
                one.kind = one.entry->hand_over == 0 ? kind::broken_off : kind::outcome;
            }
            add_line(lines, head, line_of(one, head));
            if (++unsigned_count >= settings_.sign_after_records) {
                add_signature(lines, head);
                unsigned_count = 0;
            }
        }
    } catch (const std::exception& failure) {
        done = fail("audit.io", failure.what());
    }
    if (done && !lines.empty()) {
        done = log_.append(lines, head);
    }
    if (!done) {
        has_failed(done.error());
        refuse(all);
        return;
    }
    note_written(unsigned_count);
    for (request& one : all) {
        if (one.state && one.content) {
            one.content->keep();
        }
        one.answer(one.state ? result<void>{} : later(one.state.error().text));
    }
}

// ---- When it cannot be written ----

void archive::has_failed(const error& failure) {
    if (is_open_ || failure.text != failure_text_) {
        log::error("the audit archive cannot be written: its ports send nothing until it can",
                   {{"archive", folder_}, {"error", failure.text}});
    }
    if (is_open_) {
        broken_since_ms_ = time_.monotonic_ms();
    }
    is_open_ = false;
    failure_text_ = failure.text;
    retry_at_ms_ = time_.monotonic_ms() + settings_.retry_ms;
    const std::lock_guard lock(mutex_);
    trouble_ = failure.text;
}

void archive::refuse(group& all) {
    const std::string why = "the audit archive " + folder_ + " cannot be written: " + failure_text_;
    for (request& one : all) {
        const answer_function answer = std::exchange(one.answer, [](const result<void>&) {});
        if (one.kind == kind::hand_over) {
            one.entry->hand_over = 0;
            one.content->discard();
            answer(later(why));
        } else {
            keep(std::move(one));
            answer(later(why + "; the result is kept, and is the first that is written when it can be"));
        }
    }
}

void archive::keep(request one) {
    if (kept_size_ + one.facts.size() > kept_size_max) {
        one.facts = "{\"factsLeftOut\":" + std::to_string(one.facts.size()) + '}';
    }
    kept_size_ += one.facts.size();
    kept_.push_back(std::move(one));
}

void archive::give_up_kept() {
    if (!kept_.empty()) {
        log::error("results could not be written into the audit archive before the host stopped",
                   {{"archive", folder_}, {"results", std::to_string(kept_.size())}});
    }
}

// ---- Entries ----

archive_entry::archive_entry(std::shared_ptr<archive> owner, record_subject about)
    : owner_(std::move(owner)), entry_(std::make_shared<archive::entry_facts>()) {
    entry_->about = std::move(about);
    const std::lock_guard lock(owner_->mutex_);
    content_ =
        std::make_shared<content_file>(owner_->folder_, owner_->settings_.content, owner_->settings_.inline_size_max);
}

archive_entry::~archive_entry() {
    if (owner_) {
        finish(no_facts, [](const result<void>&) {});
    }
}

result<void> archive_entry::content(std::string_view bytes) {
    result<void> done = content_->append(bytes);
    return done ? done : later("the audit archive " + owner_->folder_ + " cannot be written: " + done.error().text);
}

void archive_entry::hand_over(std::string_view facts, answer_function answer) {
    result<std::string> checked = compact_facts(facts);
    if (!checked) {
        answer(unexpected{checked.error()});
        return;
    }
    if (const result<void> settled = content_->settle(); !settled) {
        answer(later(settled.error().text));
        return;
    }
    is_handed_over_ = true;
    owner_->submit(
        {kind::hand_over, owner_->time_.unix_ms(), entry_, content_, std::move(*checked), std::move(answer), {}});
}

// The end of a record is never lost for what is wrong with its facts.
void archive_entry::finish(std::string_view facts, answer_function answer) {
    const std::shared_ptr<archive> owner = std::move(owner_);
    result<std::string> checked = compact_facts(facts);
    if (!checked) {
        answer = [answer = std::move(answer), misuse = checked.error()](const result<void>&) {
            answer(unexpected{misuse});
        };
        checked = "{\"misuse\":" + json_string(checked.error().text) + '}';
    }
    if (!is_handed_over_) {
        (void)content_->settle();
        content_->discard();
    }
    owner->submit(
        {kind::outcome, owner->time_.unix_ms(), entry_, content_, std::move(*checked), std::move(answer), {}});
}

}  // namespace hawser::engine::audit
