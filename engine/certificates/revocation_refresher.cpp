#include "certificates/revocation_refresher.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <limits>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random_share.hpp"
#include "certificates/fetch_url.hpp"

namespace hawser::engine {
namespace {

constexpr std::chrono::milliseconds idle_interval{1000};
constexpr std::int64_t life_min_s = 10;  // no answer is asked for more often
constexpr std::int64_t failure_wait_min_s = 2;
constexpr std::int64_t failure_wait_max_s = 15 * 60;

std::int64_t now_unix() { return system_clock().unix_ms() / 1000; }

std::vector<std::string> ders_of(std::initializer_list<const certificate_folder*> folders) {
    std::vector<std::string> found;
    for (const certificate_folder* folder : folders) {
        for (const certificate_entry& entry : folder->certificates) {
            found.push_back(entry.der);
        }
    }
    return found;
}

std::string described(const revocation_question& question) {
    const char* kind = question.kind == revocation_kind::crl    ? "the CRL at "
                       : question.kind == revocation_kind::ocsp ? "the OCSP responder at "
                                                                : "the delta CRL at ";
    return kind + question.urls.front();
}

std::set<std::string> servers_of(const revocation_question& question) {
    std::set<std::string> servers;
    for (const std::string& url : question.urls) {
        servers.insert(server_of(url));
    }
    return servers;
}

bool has_common(const std::set<std::string>& left, const std::set<std::string>& right) {
    return std::any_of(left.begin(), left.end(), [&](const std::string& one) { return right.count(one) != 0; });
}

// A tenth more or less, so that hosts that started together do not ask together for ever.
std::int64_t with_jitter(std::int64_t seconds) {
    return seconds + static_cast<std::int64_t>(static_cast<double>(seconds) * (random_share() - 0.5) / 5);
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
            const bool is_delta = one.question.kind == revocation_kind::delta_crl;
            found.push_back({is_delta ? std::vector<std::string>{} : one.question.certificates,
                             described(one.question) + ": " + state});
        }
    }
    return found;
}

void revocation_refresher::run() {
    for (bool is_first = true; !is_stopping_; is_first = false) {
        try {
            take_turn(is_first);
        } catch (const std::exception& failure) {  // memory: the next turn may have it
            log::warning("revocation.refresh", {{"problem", failure.what()}});
        }
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, idle_interval, [this] {
                return is_stopping_ ||
                       std::any_of(looks_.begin(), looks_.end(), [](const running_look& one) { return one.is_over; });
            });
        }
        end_looks();
    }
    for (running_look& one : looks_) {
        one.thread.join();
    }
    looks_.clear();
}

void revocation_refresher::take_turn(bool is_first) {
    const bool is_changed = store_.current()->revision != store_revision_;
    if (is_changed) {
        take_questions();
    }
    if (is_changed || is_first) {
        clean_cache();
    }
    start_looks();
}

void revocation_refresher::clean_cache() {
    std::set<std::string> wanted;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, one] : items_) {
            wanted.insert(id);
        }
    }
    cache_.keep_only([&](const std::string& id) { return wanted.count(id) != 0; });
}

// Questions that stay keep their answers. New ones may have one on disk, from before this start.
void revocation_refresher::take_questions() {
    const std::shared_ptr<const certificate_snapshot> all = store_.current();
    {
        const std::lock_guard lock(mutex_);
        authorities_ = std::make_shared<const std::vector<std::string>>(
            ders_of({&all->trusted, &all->personal, &all->other_people}));
        tls_anchors_ = std::make_shared<const std::vector<std::string>>(ders_of({&all->trusted}));
    }
    items fresh;
    for (revocation_question& question : find_revocation_questions(*all)) {
        const std::string id = question.id;
        fresh.emplace(id, make_item(std::move(question)));
    }
    for (items named; !(named = named_deltas(fresh)).empty(); fresh.merge(named)) {
        for (auto& [id, one] : named) {
            one = make_item(std::move(one.question));
        }
    }
    const std::lock_guard lock(mutex_);
    for (auto& [id, one] : fresh) {
        if (const auto known = items_.find(id); known != items_.end()) {
            revocation_question question = std::move(one.question);
            one = known->second;
            one.question = std::move(question);
        }
    }
    for (auto& [id, one] : named_deltas(fresh)) {
        const auto known = items_.find(id);
        fresh.emplace(id, known == items_.end() ? std::move(one) : known->second);
    }
    items_ = std::move(fresh);
    publish();
    store_revision_ = all->revision;
}

revocation_refresher::item revocation_refresher::make_item(revocation_question question) {
    item made;
    made.question = std::move(question);
    if (std::string der = cache_.read(made.question.id); !der.empty()) {
        if (result<checked_answer> good = check(made.question, std::move(der), answer_origin::disk)) {
            take_answer(made, std::move(*good));
        }
    }
    return made;
}

// Those that CRLs name themselves and that are not there yet.
revocation_refresher::items revocation_refresher::named_deltas(const items& all) {
    items named;
    for (const auto& [id, one] : all) {
        if (one.delta && all.count(one.delta->id) == 0) {
            named[one.delta->id].question = *one.delta;
        }
    }
    return named;
}

void revocation_refresher::start_looks() {
    while (looks_.size() < looks_max) {
        revocation_question question;
        {
            const std::lock_guard lock(mutex_);
            item* due = next_due(now_unix());
            if (due == nullptr) {
                return;
            }
            question = due->question;
        }
        start_look(std::move(question));
    }
}

void revocation_refresher::start_look(revocation_question question) {
    running_look& started = looks_.emplace_back(running_look{std::move(question), {}, false});
    try {
        started.thread = std::thread([this, &started] {
            try {
                look(started.question);
            } catch (const std::exception& failure) {  // memory, for an answer of many megabytes
                give_up(started.question, failure.what());
            }
            {
                const std::lock_guard lock(mutex_);
                started.is_over = true;
            }
            changed_.notify_all();
        });
    } catch (const std::exception& failure) {  // no further thread can be had
        give_up(started.question, failure.what());
        looks_.pop_back();
    }
}

void revocation_refresher::end_looks() {
    for (auto one = looks_.begin(); one != looks_.end();) {
        bool is_over = false;
        {
            const std::lock_guard lock(mutex_);
            is_over = one->is_over;
        }
        if (is_over) {
            one->thread.join();
        }
        one = is_over ? looks_.erase(one) : std::next(one);
    }
}

bool revocation_refresher::is_looked_for(const std::string& id) const {
    return std::any_of(looks_.begin(), looks_.end(), [&](const running_look& one) { return one.question.id == id; });
}

std::set<std::string> revocation_refresher::busy_servers() const {
    std::set<std::string> busy;
    for (const running_look& one : looks_) {
        busy.merge(servers_of(one.question));
    }
    return busy;
}

// Whichever has waited longest, so that one that always fails keeps none from its turn. A server is asked by one thread
// at a time; a delta is of use beside its base only.
revocation_refresher::item* revocation_refresher::next_due(std::int64_t now) {
    const std::set<std::string> busy = busy_servers();
    item* found = nullptr;
    for (auto& [id, one] : items_) {
        const auto base = items_.find(one.question.base_id);
        const bool is_of_use =
            one.question.kind != revocation_kind::delta_crl || (base != items_.end() && base->second.answer);
        if (one.next_look_unix <= now && is_of_use && (found == nullptr || one.last_look < found->last_look) &&
            !is_looked_for(id) && !has_common(servers_of(one.question), busy)) {
            found = &one;
        }
    }
    if (found != nullptr) {
        found->last_look = ++look_count_;
    }
    return found;
}

result<revocation_refresher::checked_answer> revocation_refresher::fetch_any(const revocation_question& question) {
    const bool is_ocsp = question.kind == revocation_kind::ocsp;
    fetch_limits limits = limits_;
    {
        const std::lock_guard lock(mutex_);
        limits.tls_anchors = tls_anchors_;
    }
    std::string problems;
    bool is_server_away = true;
    for (const std::string& url : question.urls) {
        const fetch_request request{url, is_ocsp ? "application/ocsp-request" : "",
                                    is_ocsp ? make_ocsp_request(question) : ""};
        result<std::string> got = fetch(request, limits, is_stopping_);
        result<checked_answer> good = got ? check(question, std::move(*got), answer_origin::network)
                                          : result<checked_answer>(unexpected{got.error()});
        if (good) {
            return good;
        }
        is_server_away = is_server_away && good.error().code == server_away;
        problems += (problems.empty() ? "" : "; ") + url + ": " + printable(good.error().text);
    }
    return fail(is_server_away ? server_away : answer_unfit, problems);
}

result<revocation_refresher::checked_answer> revocation_refresher::check(const revocation_question& question,
                                                                         std::string der, answer_origin origin) {
    std::shared_ptr<const std::vector<std::string>> authorities;
    {
        const std::lock_guard lock(mutex_);
        authorities = authorities_;
    }
    const result<revocation_validity> good = check_revocation_answer(question, der, *authorities, now_unix(), origin);
    if (!good) {
        return unexpected{good.error()};
    }
    if (question.kind == revocation_kind::delta_crl && origin == answer_origin::network) {
        if (const result<void> fits = check_base_of(question, der); !fits) {
            return unexpected{fits.error()};
        }
    }
    std::optional<revocation_question> delta =
        question.kind == revocation_kind::crl ? find_delta_question(question, der) : std::nullopt;
    return checked_answer{std::move(der), *good, std::move(delta)};
}

// A delta that does not go with the CRL that is here is not taken in the place of one that did.
result<void> revocation_refresher::check_base_of(const revocation_question& question, const std::string& der) {
    const std::lock_guard lock(mutex_);
    const auto base = items_.find(question.base_id);
    if (base == items_.end() || !base->second.answer) {
        return fail(answer_unfit, "the CRL that it goes with is not here");
    }
    switch (judge_delta(base->second.answer->der, der)) {
    case delta_fit::fits: return {};
    case delta_fit::needs_newer_base:
        base->second.next_look_unix = now_unix();
        return fail(answer_unfit, "it goes with a newer CRL than " + described(base->second.question) +
                                      " has given, which is fetched again");
    default: return fail(answer_unfit, "it does not go with " + described(base->second.question));
    }
}

void revocation_refresher::look(const revocation_question& question) {
    result<checked_answer> fetched = fetch_any(question);
    if (fetched) {
        if (const result<void> kept = cache_.write(question.id, fetched->der); !kept) {
            log::warning("revocation.cache", {{"problem", kept.error().text}});
        }
    }
    const std::lock_guard lock(mutex_);
    const auto place = items_.find(question.id);
    if (place == items_.end() || is_stopping_) {
        return;
    }
    if (!fetched) {
        postpone(place->second, fetched.error());
        return;
    }
    take_answer(place->second, std::move(*fetched));
    items_.merge(named_deltas(items_));
    publish();
}

// Looks again in the middle of what is left of its life; where a certificate is revoked for good, never.
void revocation_refresher::take_answer(item& one, checked_answer fetched) {
    const std::int64_t now = now_unix();
    const revocation_validity& good = fetched.validity;
    const std::int64_t half = good.this_update_unix + (good.next_update_unix - good.this_update_unix) / 2;
    const std::int64_t wait = half > now ? half - now : (good.next_update_unix - now) / 2;
    one.answer = std::make_shared<const revocation_answer>(
        revocation_answer{one.question.kind, std::move(fetched.der), one.question.urls.front(),
                          good.is_final ? std::numeric_limits<std::int64_t>::max() : good.next_update_unix});
    one.next_look_unix =
        good.is_final ? std::numeric_limits<std::int64_t>::max() : now + with_jitter(std::max(wait, life_min_s));
    one.delta = std::move(fetched.delta);
    one.failures = 0;
    one.problem.clear();
}

void revocation_refresher::give_up(const revocation_question& question, const char* why) noexcept {
    try {
        const std::lock_guard lock(mutex_);
        if (const auto place = items_.find(question.id); place != items_.end()) {
            postpone(place->second, {"revocation.look", why});
        }
    } catch (const std::exception&) {  // no memory for the text: it waits all the same
    }
}

// Where the server is away, its other questions wait as well: each of them could take the whole time-out.
void revocation_refresher::postpone(item& one, const error& failure) {
    const std::int64_t wait =
        with_jitter(std::min(failure_wait_min_s << std::min(one.failures++, 12U), failure_wait_max_s));
    const std::int64_t next = now_unix() + wait;
    one.next_look_unix = next;
    one.problem = failure.text;
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

}  // namespace hawser::engine
