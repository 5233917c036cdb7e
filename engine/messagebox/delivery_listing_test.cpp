// Listing and counting: every filter against a plain look at every delivery, paging, the property index, and a box that
// an earlier version wrote.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <random>

#include "message/codec.hpp"
#include "messagebox/sqlite/schema.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::int64_t first_time = 1'700'000'000'000;
constexpr std::int64_t minute_ms = 60'000;

void execute(const std::string& path, const std::string& sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    sqlite3_busy_timeout(handle, 10'000);  // the box may be writing
    CHECK_MESSAGE(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

void publish_at(message_box& box, std::int64_t unix_ms, const std::vector<std::string>& ports,
                const std::map<std::string, std::string>& properties) {
    publication message;
    message.message_id = make_uuid();
    message.published_unix_ms = unix_ms;
    message.context = context_of(properties);
    new_part part;
    part.info = {.name = "body", .is_body = true};
    message.parts.push_back(part);
    for (const std::string& port : ports) {
        message.deliveries.push_back({port, 5, 0, false, ""});
    }
    REQUIRE(commit(box, publish_operation{std::move(message)}).status == commit_status::done);
}

// What a filter means, said once more and without any index.
bool fits(const delivery_detail& one, const delivery_filter& filter) {
    const delivery_summary& seen = one.summary;
    const auto lower = [](std::string text) {
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
        return text;
    };
    const bool is_state = !filter.state || seen.state == *filter.state ||
                          (*filter.state == delivery_state::suspended && seen.state >= delivery_state::suspended);
    const bool is_error = filter.error.empty() || lower(seen.code).find(lower(filter.error)) != std::string::npos ||
                          lower(seen.text).find(lower(filter.error)) != std::string::npos;
    const bool has_properties =
        std::all_of(filter.properties.begin(), filter.properties.end(),
                    [&](const auto& wanted) { return one.context.text_or(wanted.first, "\x01none") == wanted.second; });
    return is_state && is_error && has_properties && (filter.port.empty() || filter.port == seen.port) &&
           (filter.message_id.empty() || filter.message_id == seen.message_id) &&
           (filter.unique_id.empty() || filter.unique_id == seen.unique_id) &&
           (filter.ids.empty() || std::count(filter.ids.begin(), filter.ids.end(), seen.id) > 0) &&
           seen.published_unix_ms >= filter.published_from_unix_ms.value_or(0) &&
           seen.published_unix_ms < filter.published_before_unix_ms.value_or(INT64_MAX) && seen.id > filter.after;
}

std::vector<delivery_id> ids_of(const std::vector<delivery_summary>& list) {
    std::vector<delivery_id> ids;
    for (const delivery_summary& one : list) {
        ids.push_back(one.id);
    }
    return ids;
}

// A box with deliveries in every state, on three ports, over six hours.
class filled_box : public box_folder {
public:
    explicit filled_box(std::mt19937& random, const std::string& indexed_from_the_middle = {}) : box(open()) {
        for (int i = 0; i < 400; ++i) {
            if (i == 200 && !indexed_from_the_middle.empty()) {
                REQUIRE(commit(*box, index_operation{{indexed_from_the_middle}}).status == commit_status::done);
            }
            const std::int64_t wobble =
                static_cast<std::int64_t>(random() % 10) * minute_ms;  // a clock that jumps back
            std::vector<std::string> ports{std::string(1, static_cast<char>('A' + random() % 3))};
            if (random() % 4 == 0) {
                ports = {"A", "B"};
            }
            publish_at(*box, first_time + i * minute_ms - wobble, ports,
                       {{"T.Kind", std::to_string(random() % 5)}, {"T.Number", std::to_string(i)}});
        }
        for (const char* port : {"A", "B", "C"}) {
            for (const claimed_delivery& one : claim(*box, port, 60)) {
                settle(one, random() % 6);
            }
            claim(*box, port, 10);  // stay active
        }
    }
    void settle(const claimed_delivery& one, unsigned long choice) {
        const attempt_state tried{1, 1, false, "", ""};
        if (choice < 2) {
            commit(*box,
                   suspend_operation{one.token, choice == 0, "smtp.refused", "550 5.1.1 No such 100%_User", tried, {}});
        } else if (choice == 2) {  // waits for its next attempt
            commit(
                *box,
                reschedule_operation{
                    one.token, now() + 600 * minute_ms, tried, {1, 0, 0, "", "retry", "smtp.later", "451 Try LATER"}});
        } else if (choice == 3) {  // due again
            commit(*box,
                   reschedule_operation{one.token, 1, tried, {1, 0, 0, "", "retry", "smtp.later", "451 Try LATER"}});
        } else if (choice == 4) {
            commit(*box, suspend_operation{one.token, true, "x", "y", tried, {}});
            commit(*box,
                   resume_operation{one.token.delivery, now() + 600 * minute_ms, context_of({{"T.Kind", "edited"}})});
        } else {
            commit(*box, release_operation{one.token});
        }
    }
    std::vector<delivery_detail> all() const {
        std::vector<delivery_detail> details;
        for (const delivery_summary& one : box->list({.count_max = 100000})) {
            details.push_back(*box->show(one.id));
        }
        return details;
    }
    std::unique_ptr<message_box> box;
};

delivery_filter random_filter(std::mt19937& random, const std::vector<delivery_detail>& all) {
    delivery_filter filter;
    const delivery_detail& some = all[random() % all.size()];
    if (random() % 3 == 0) {
        filter.port = random() % 9 == 0 ? "nosuch" : some.summary.port;
    }
    if (random() % 2 == 0) {
        filter.state = static_cast<delivery_state>(1 + random() % 5);
    }
    if (random() % 4 == 0) {
        filter.error = std::vector<std::string>{"no SUCH", "later", "100%_u", "0%u", "smtp."}[random() % 5];
    }
    if (random() % 3 == 0) {
        filter.properties.emplace_back("T.Kind", random() % 6 == 0 ? "edited" : std::to_string(random() % 5));
    }
    if (random() % 3 == 0) {
        filter.published_from_unix_ms = first_time + static_cast<std::int64_t>(random() % 400) * minute_ms;
    }
    if (random() % 3 == 0) {
        filter.published_before_unix_ms = first_time + static_cast<std::int64_t>(random() % 500) * minute_ms;
    }
    if (random() % 8 == 0) {
        filter.ids = {some.summary.id, all[random() % all.size()].summary.id, some.summary.id, 999'999};
    }
    filter.message_id = random() % 8 == 0 ? some.summary.message_id : "";
    filter.unique_id = random() % 8 == 0 ? some.summary.unique_id : "";
    filter.after = random() % 4 == 0 ? some.summary.id : 0;
    filter.count_max = 100000;
    return filter;
}

std::string described(const delivery_filter& filter) {
    return "port " + filter.port + " state " + std::to_string(filter.state ? static_cast<int>(*filter.state) : 0) +
           " error " + filter.error + " property " + (filter.properties.empty() ? "" : filter.properties[0].second) +
           " from " + std::to_string(filter.published_from_unix_ms.value_or(0)) + " before " +
           std::to_string(filter.published_before_unix_ms.value_or(0)) + " ids " + std::to_string(filter.ids.size()) +
           " message " + filter.message_id + " unique " + filter.unique_id + " after " + std::to_string(filter.after);
}

void check_against_model(const filled_box& filled, std::mt19937& random) {
    const std::vector<delivery_detail> all = filled.all();
    REQUIRE(all.size() > 400);
    std::size_t found_in_all = 0;
    for (int round = 0; round < 1500; ++round) {
        delivery_filter filter = random_filter(random, all);
        std::vector<delivery_id> expected;
        for (const delivery_detail& one : all) {
            if (fits(one, filter)) {
                expected.push_back(one.summary.id);
            }
        }
        const std::vector<delivery_id> found = ids_of(filled.box->list(filter));
        INFO(described(filter), ": ", found.size(), " found, ", expected.size(), " expected");
        REQUIRE(found == expected);
        found_in_all += found.size();
        std::vector<delivery_id> paged;  // the same in pieces
        filter.count_max = 7;
        do {
            const std::vector<delivery_id> page = ids_of(filled.box->list(filter));
            REQUIRE(page.size() <= 7);
            paged.insert(paged.end(), page.begin(), page.end());
            filter.after = page.size() < 7 ? INT64_MAX - 1 : page.back();
        } while (filter.after != INT64_MAX - 1);
        REQUIRE(paged == expected);
    }
    CHECK(found_in_all > 5000);
}

}  // namespace

TEST_CASE("every filter, alone and combined, lists what fits and nothing else, in order, whole and in pages" *
          doctest::test_suite("sequential")) {
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const filled_box filled(random);
    check_against_model(filled, random);
}

TEST_CASE("an indexed property finds the same: indexed messages, earlier ones, and those that were edited" *
          doctest::test_suite("sequential")) {
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const filled_box filled(random, "T.Kind");
    check_against_model(filled, random);
}

TEST_CASE("an indexed property is looked up in the index, not in the contexts") {
    const box_folder folder;
    const auto box = folder.open();
    const auto count_of = [&box](const std::string& value) {
        return box->list({.properties = {{"T.Kind", value}}}).size();
    };
    REQUIRE(commit(*box, index_operation{{"T.Kind"}}).status == commit_status::done);
    const std::string long_value(indexed_value_size_max + 1, 'x');
    publish_at(*box, first_time, {"A"}, {{"T.Kind", "wanted"}});
    publish_at(*box, first_time, {"A"}, {{"T.Kind", "wanted"}});
    publish_at(*box, first_time, {"A"}, {{"T.Kind", long_value}});
    CHECK(count_of("wanted") == 2);
    CHECK(count_of(long_value) == 1);
    execute(folder.box_path(), "DELETE FROM property_value WHERE message=1");
    CHECK(count_of("wanted") == 1);
    REQUIRE(commit(*box, index_operation{{}}).status == commit_status::done);
    CHECK(count_of("wanted") == 2);
}

TEST_CASE("what is indexed survives a restart, and begins with the messages that follow") {
    const box_folder folder;
    {
        const auto box = folder.open();
        publish_at(*box, first_time, {"A"}, {{"T.Kind", "x"}});
        REQUIRE(commit(*box, index_operation{{"T.Kind"}}).status == commit_status::done);
    }
    const auto box = folder.open();
    publish_at(*box, first_time, {"A"}, {{"T.Kind", "x"}});
    CHECK(box->list({.properties = {{"T.Kind", "x"}}}).size() == 2);
    execute(folder.box_path(), "DELETE FROM property_value WHERE message>1");
    CHECK(box->list({.properties = {{"T.Kind", "x"}}}).size() == 1);  // the first one is in no index
}

TEST_CASE("counts are those of the list, by port and state") {
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const filled_box filled(random);
    std::map<std::string, std::map<int, std::uint64_t>> expected;
    for (const delivery_summary& one : filled.box->list({.count_max = 100000})) {
        ++expected[one.port][std::min(static_cast<int>(one.state), 4)];
    }
    const std::vector<port_counts> counts = filled.box->counts();
    REQUIRE(counts.size() == expected.size());
    for (const port_counts& one : counts) {
        CAPTURE(one.port);
        CHECK(one.queued == expected[one.port][1]);
        CHECK(one.retrying == expected[one.port][2]);
        CHECK(one.active == expected[one.port][3]);
        CHECK(one.suspended == expected[one.port][4]);
        CHECK(one.retrying > 0);
    }
}

TEST_CASE("a list is that of the moment it began, and a damaged context is said, not skipped") {
    const box_folder folder;
    const auto box = folder.open();
    publish_at(*box, first_time, {"A"}, {{"T.Kind", "x"}});
    CHECK(box->list({.after = INT64_MAX - 1}).empty());
    CHECK(box->list({.count_max = 0}).empty());
    execute(folder.box_path(), "UPDATE message SET context='T.Kind x'");
    CHECK(box->list({}).size() == 1);
    CHECK_THROWS(box->list({.properties = {{"T.Kind", "x"}}}));
}

TEST_CASE("a box that version 1 wrote is taken over: its messages are listed, counted and delivered") {
    const char* version_1 = R"sql(
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE port(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT '',
  declared TEXT NOT NULL DEFAULT '');
CREATE TABLE message(
  sequence INTEGER PRIMARY KEY, message_id TEXT NOT NULL, submission_key TEXT, published INTEGER NOT NULL,
  delivery_count INTEGER NOT NULL, open_count INTEGER NOT NULL, size INTEGER NOT NULL,
  context BLOB NOT NULL, parts BLOB NOT NULL, bodies BLOB NOT NULL);
CREATE INDEX message_by_id ON message(message_id);
CREATE TABLE part_file(message INTEGER NOT NULL, part INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY(message,
  part)) WITHOUT ROWID;
CREATE TABLE delivery(
  id INTEGER PRIMARY KEY, message INTEGER NOT NULL, port INTEGER NOT NULL, unique_id TEXT NOT NULL,
    state INTEGER NOT NULL,
  priority INTEGER NOT NULL, due INTEGER NOT NULL, epoch INTEGER NOT NULL, crash_count INTEGER NOT NULL,
  attempt INTEGER NOT NULL, total_attempts INTEGER NOT NULL, is_on_backup INTEGER NOT NULL,
  resume_state BLOB, resume_scope TEXT, overlay BLOB, code TEXT, text TEXT);
CREATE INDEX delivery_ready ON delivery(port, priority, message) WHERE state = 1;
CREATE INDEX delivery_later ON delivery(port, due) WHERE state = 2;
CREATE INDEX delivery_active ON delivery(port) WHERE state = 3;
CREATE INDEX delivery_suspended ON delivery(port) WHERE state >= 4;
CREATE INDEX delivery_by_message ON delivery(message);
CREATE TABLE attempt(
  delivery INTEGER NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL, started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
  transport TEXT NOT NULL, verdict TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY(delivery, number)) WITHOUT ROWID;
CREATE TABLE submission_key(key TEXT PRIMARY KEY, sha256 BLOB NOT NULL, message_id TEXT NOT NULL,
  expires INTEGER) WITHOUT ROWID;
CREATE INDEX submission_key_expiry ON submission_key(expires) WHERE expires IS NOT NULL;
)sql";
    const box_folder folder;
    const std::string context = context_of({{"T.Kind", "old"}}).encode();
    const std::string parts = encode_parts({{.name = "body", .size = 3, .is_body = true}});
    byte_encoder bodies;
    bodies.u8(1);
    bodies.text("old");
    const auto hex = [](const std::string& bytes) {
        std::string text = "x'";
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            text += "0123456789abcdef"[byte >> 4];
            text += "0123456789abcdef"[byte & 15];
        }
        return text + "'";
    };
    execute(folder.box_path(), "PRAGMA application_id=" + std::to_string(sqlite::application_id) +
                                   "; PRAGMA journal_mode=WAL; PRAGMA user_version=1;" + version_1);
    execute(folder.box_path(),
            "INSERT INTO counter VALUES('number',7); INSERT INTO port(name) VALUES('A');"
            "INSERT INTO message VALUES(1,'m1',NULL,1700000000000,3,3,3," +
                hex(context) + "," + hex(parts) + "," + hex(bodies.take()) +
                ");"
                "INSERT INTO delivery VALUES(2,1,1,'u2',1,5,0,0,0,0,0,0,NULL,NULL,NULL,NULL,NULL);"
                "INSERT INTO delivery VALUES(3,1,1,'u3',2,5,9000000000000,0,0,1,1,0,NULL,NULL,NULL,'c','later');"
                "INSERT INTO delivery VALUES(4,1,1,'u4',4,5,0,0,0,1,1,0,NULL,NULL,NULL,'c','never');");
    const auto box = folder.open();
    CHECK(ids_of(box->list({.properties = {{"T.Kind", "old"}}})) == std::vector<delivery_id>{2, 3, 4});
    CHECK(ids_of(box->list({.state = delivery_state::retrying})) == std::vector<delivery_id>{3});
    CHECK(ids_of(box->list({.state = delivery_state::suspended, .error = "NEVER"})) == std::vector<delivery_id>{4});
    CHECK(ids_of(box->list({.message_id = "m1"})).size() == 3);
    CHECK(box->counts().at(0).queued == 1);
    CHECK(claim(*box, "A").at(0).inline_bodies.at(0) == "old");
}
