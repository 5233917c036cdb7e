#include "certificates/revocation_refresher.hpp"

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace hawser::engine {
namespace {

constexpr std::chrono::milliseconds idle_interval{1000};
constexpr std::int64_t life_min_s = 10;  // no answer is asked for more often
constexpr std::int64_t failure_wait_min_s = 2;
constexpr std::int64_t failure_wait_max_s = 15 * 60;

std::int64_t now_unix() { return system_clock().unix_ms() / 1000; }

std::vector<std::string> authorities_of(const certificate_snapshot& all) {
    std::vector<std::string> found;
    for (const certificate_folder* folder : {&all.trusted, &all.personal, &all.other_people}) {
        for (const certificate_entry& entry : folder->certificates) {
            found.push_back(entry.der);
        }
    }
    return found;
}

std::string described(const revocation_question& question) {
    return (question.kind == revocation_kind::crl ? "the CRL at " : "the OCSP responder at ") + question.urls.front();
}

}  // namespace

revocation_refresher::revocation_refresher(revocation_settings settings, const certificate_store& store)
    : settings_(std::move(settings)), store_(store), cache_(settings_.cache_folder) {
    limits_.allows_private_addresses = settings_.allows_private_addresses;
    take_questions();
}

void revocation_refresher::start() {
    if (!thread_.joinable()) {
        is_stopping_ = false;
        thread_ = std::thread([this] { run(); });
    }
}

void revocation_refresher::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

std::shared_ptr<const revocation_refresher::answers> revocation_refresher::current() const {
    const std::lock_guard lock(mutex_);
    return current_;
}

std::vector<pending_revocation> revocation_refresher::pending() const {
    const std::int64_t now = now_unix();
    const std::lock_guard lock(mutex_);
    std::vector<pending_revocation> found;
    for (const auto& [id, one] : items_) {
        if (!one.answer || one.answer->next_update_unix <= now) {
            const std::string state = one.problem.empty() ? "it has not been asked yet" : one.problem;
            found.push_back({one.question.certificates, described(one.question) + ": " + state});
        }
    }
    return found;
}

void revocation_refresher::run() {
    for (bool is_first = true; !is_stopping_; is_first = false) {
        if (const bool is_changed = store_.current()->revision != store_revision_; is_changed || is_first) {
            if (is_changed) {
                take_questions();
            }
            cache_.keep_only([this](const std::string& id) { return items_.count(id) != 0; });
        }
        std::string id;
        revocation_question question;
        {
            std::unique_lock lock(mutex_);
            if (const item* due = next_due(now_unix())) {
                id = due->question.id;
                question = due->question;
            } else {
                changed_.wait_for(lock, idle_interval, [this] { return is_stopping_.load(); });
            }
        }
        if (!id.empty()) {
            look(id, question);
        }
    }
}

// Questions that stay keep their answers. New ones may have one on disk, from before this start.
void revocation_refresher::take_questions() {
    const std::shared_ptr<const certificate_snapshot> all = store_.current();
    std::map<std::string, item> fresh;
    authorities_ = authorities_of(*all);
    for (revocation_question& question : find_revocation_questions(*all)) {
        item& one = fresh[question.id];
        const auto known = items_.find(question.id);
        if (known != items_.end()) {
            one = known->second;
        }
        one.question = std::move(question);
        if (known == items_.end()) {
            const std::string der = cache_.read(one.question.id);
            const result<revocation_validity> good =
                check_revocation_answer(one.question, der, authorities_, now_unix());
            if (!der.empty() && good) {
                take_answer(one, der, *good);
            }
        }
    }
    store_revision_ = all->revision;
    const std::lock_guard lock(mutex_);
    items_ = std::move(fresh);
    publish();
}

// Whichever has waited longest, so that one that always fails keeps none from its turn.
revocation_refresher::item* revocation_refresher::next_due(std::int64_t now) {
    item* found = nullptr;
    for (auto& [id, one] : items_) {
        if (one.next_look_unix <= now && (found == nullptr || one.last_look < found->last_look)) {
            found = &one;
        }
    }
    if (found != nullptr) {
        found->last_look = ++look_count_;
    }
    return found;
}

result<std::string> revocation_refresher::fetch_any(const revocation_question& question) {
    const bool is_ocsp = question.kind == revocation_kind::ocsp;
    std::string problems;
    bool is_server_away = true;
    for (const std::string& url : question.urls) {
        const http_request request{url, is_ocsp ? "application/ocsp-request" : "",
                                   is_ocsp ? make_ocsp_request(question) : ""};
        result<std::string> got = fetch(request, limits_, is_stopping_);
        if (got) {
            const result<revocation_validity> good = check_revocation_answer(question, *got, authorities_, now_unix());
            if (good) {
                return got;
            }
            got = unexpected{good.error()};
        }
        is_server_away = is_server_away && got.error().code == server_away;
        problems += (problems.empty() ? "" : "; ") + url + ": " + printable(got.error().text);
    }
    return fail(is_server_away ? server_away : "revocation.answer", problems);
}

void revocation_refresher::look(const std::string& id, const revocation_question& question) {
    const result<std::string> der = fetch_any(question);
    if (der) {
        if (const result<void> kept = cache_.write(id, *der); !kept) {
            log::warning("revocation.cache", {{"problem", kept.error().text}});
        }
    }
    const std::lock_guard lock(mutex_);
    const auto place = items_.find(id);
    if (place == items_.end() || is_stopping_) {
        return;
    }
    if (!der) {
        postpone(place->second, der.error());
        return;
    }
    if (const result<revocation_validity> good = check_revocation_answer(question, *der, authorities_, now_unix())) {
        take_answer(place->second, *der, *good);
        publish();
    }
}

// Looks again in the middle of what is left of its life.
void revocation_refresher::take_answer(item& one, const std::string& der, const revocation_validity& good) {
    const std::int64_t now = now_unix();
    const std::int64_t half = good.this_update_unix + (good.next_update_unix - good.this_update_unix) / 2;
    const std::int64_t wait = half > now ? half - now : (good.next_update_unix - now) / 2;
    one.answer = std::make_shared<const revocation_answer>(
        revocation_answer{one.question.kind, der, one.question.urls.front(), good.next_update_unix});
    one.next_look_unix = now + with_jitter(std::max(wait, life_min_s));
    one.failures = 0;
    one.problem.clear();
}

// Where the server is away, its other questions wait as well: each of them could take the whole time-out.
void revocation_refresher::postpone(item& one, const error& failure) {
    const std::int64_t wait =
        with_jitter(std::min(failure_wait_min_s << std::min(one.failures++, 12U), failure_wait_max_s));
    const std::int64_t next = now_unix() + wait;
    one.problem = failure.text;
    one.next_look_unix = next;
    const std::string server = server_of(one.question.urls.front());
    for (auto& [id, other] : items_) {
        if (failure.code == server_away && server_of(other.question.urls.front()) == server) {
            other.next_look_unix = std::max(other.next_look_unix, next);
            other.problem = other.problem.empty() ? failure.text : other.problem;
        }
    }
    log::warning(
        "revocation.fetch",
        {{"certificate", one.question.file_name}, {"problem", failure.text}, {"next_look_s", std::to_string(wait)}});
}

void revocation_refresher::publish() {
    auto fresh = std::make_shared<answers>();
    for (const auto& [id, one] : items_) {
        if (one.answer) {
            fresh->push_back(one.answer);
        }
    }
    current_ = std::move(fresh);
    ++revision_;
}

// A tenth more or less, so that hosts that started together do not ask together for ever.
std::int64_t revocation_refresher::with_jitter(std::int64_t seconds) {
    std::uniform_int_distribution<std::int64_t> some(-seconds / 10, seconds / 10);
    return seconds + some(random_);
}

}  // namespace hawser::engine
