// hawser.audit/1 as an adapter calls it: the order of its calls is held to, and whatever it does wrong is answered.
#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

#include "plugins/bridge/audit_sink.hpp"
#include "plugins/bridge/delivery_handle.hpp"
#include "plugins/bridge/service_tables.hpp"
#include "plugins/bridge/working_message.hpp"

using namespace hawser::engine;

namespace {

struct archive_in_memory final : audit_sink {
    struct record_in_memory final : audit_record_writer {
        explicit record_in_memory(archive_in_memory& its_archive) : archive(its_archive) {}
        ~record_in_memory() override { ++archive.ended; }
        result<void> content(std::string_view bytes) override {
            archive.calls.push_back("content " + std::string(bytes));
            return bytes == "full" ? result<void>(fail("audit.later", "the disk is full")) : result<void>{};
        }
        void hand_over(std::string_view facts, audit_answer answer) override {
            if (facts == "throw") {
                throw std::runtime_error("out of memory");
            }
            archive.calls.push_back("hand_over " + std::string(facts));
            answer(facts == "wrong" ? result<void>(fail(audit_misuse, "no object")) : result<void>{});
        }
        void finish(std::string_view facts, audit_answer answer) override {
            archive.calls.push_back("finish " + std::string(facts));
            answer({});
        }
        archive_in_memory& archive;
    };
    result<std::unique_ptr<audit_record_writer>> begin(const audit_subject& about) override {
        subjects.push_back(about);
        if (!trouble.empty()) {
            return fail("audit.later", trouble);
        }
        return std::unique_ptr<audit_record_writer>(std::make_unique<record_in_memory>(*this));
    }
    std::string trouble;
    std::vector<audit_subject> subjects;
    std::vector<std::string> calls;
    int ended = 0;
};

struct test_delivery final : delivery_handle {
    working_message& message() noexcept override { return about; }
    const working_message& message() const noexcept override { return about; }
    std::int64_t body_read(void*, std::uint64_t, const hawser_error*) override { return 0; }
    void body_on_ready(hawser_callback, void*) override {}
    std::int64_t body_size() const override { return 0; }
    std::string_view resume_state() const override { return ""; }
    void checkpoint(std::string_view, hawser_checkpoint_done, void*) override {}
    void complete(const hawser_outcome&) override {}
    const std::string* secret(std::string_view) override { return nullptr; }
    std::int64_t number() const noexcept override { return 42; }

    std::shared_ptr<archive_in_memory> archive = std::make_shared<archive_in_memory>();
    message_environment environment = [this] {
        message_environment made;
        made.port = "Out";
        made.audit = archive;
        return made;
    }();
    working_message about{environment, {"id", "unique", 0, 3}, {}, {}, [](std::size_t) { return hawser_stream{}; }};
};

const hawser_audit_api& api() { return *static_cast<const hawser_audit_api*>(find_service_table(HAWSER_AUDIT)); }

struct answers {
    std::vector<hawser_status> statuses;
    std::string text;
    static void take(void* user, hawser_status status, hawser_string text) {
        auto& all = *static_cast<answers*>(user);
        all.statuses.push_back(status);
        all.text = from_abi(text);
    }
};

struct audited_port {
    test_delivery delivery;
    error_text error;
    hawser_audit_record* record = nullptr;
    answers given;

    hawser_status begin() { return api().begin(nullptr, delivery.abi(), &record, error.abi()); }
    hawser_status content(const char* bytes) { return api().content(record, to_abi(bytes), error.abi()); }
    void hand_over(const char* facts) { api().hand_over(record, to_abi(facts), &answers::take, &given); }
    void finish(const char* facts) {
        api().finish(std::exchange(record, nullptr), to_abi(facts), &answers::take, &given);
    }
};

}  // namespace

TEST_CASE("a record goes into the port's archive, with what the engine knows") {
    audited_port f;
    REQUIRE(f.begin() == HAWSER_OK);
    REQUIRE(f.record != nullptr);
    CHECK(f.content("a") == HAWSER_OK);
    f.hand_over("{}");
    f.finish("{1}");
    CHECK(f.given.statuses == std::vector<hawser_status>{HAWSER_OK, HAWSER_OK});
    CHECK(f.delivery.archive->calls == std::vector<std::string>{"content a", "hand_over {}", "finish {1}"});
    CHECK(f.delivery.archive->ended == 1);
    const audit_subject& about = f.delivery.archive->subjects.at(0);
    CHECK(about.port == "Out");
    CHECK(about.message_id == "id");
    CHECK(about.unique_id == "unique");
    CHECK(about.delivery == 42);
    CHECK(about.attempt == 3);
}

TEST_CASE("without an archive nothing is recorded, and one that cannot be written refuses") {
    audited_port f;
    f.delivery.archive->trouble = "the disk is full";
    CHECK(f.begin() == HAWSER_TRY_LATER);
    CHECK(f.error.text() == "the disk is full");
    CHECK(f.record == nullptr);
    f.delivery.environment.audit = nullptr;
    CHECK(f.begin() == HAWSER_OK);
    CHECK(f.record == nullptr);
}

TEST_CASE("what an adapter does wrong is misuse, and what the disk does is not") {
    audited_port f;
    REQUIRE(f.begin() == HAWSER_OK);
    CHECK(f.content("full") == HAWSER_TRY_LATER);
    f.hand_over("wrong");
    CHECK(f.given.statuses == std::vector<hawser_status>{HAWSER_MISUSE});
    CHECK(f.content("late") == HAWSER_MISUSE);
    f.hand_over("{}");
    CHECK(f.given.statuses == std::vector<hawser_status>{HAWSER_MISUSE, HAWSER_MISUSE});
    f.finish("{}");
    CHECK(f.delivery.archive->ended == 1);
}

TEST_CASE("no null and no exception comes through") {
    audited_port f;
    CHECK(api().begin(nullptr, nullptr, &f.record, f.error.abi()) == HAWSER_MISUSE);
    CHECK(api().begin(nullptr, f.delivery.abi(), nullptr, nullptr) == HAWSER_MISUSE);
    CHECK(f.content("x") == HAWSER_MISUSE);
    f.hand_over("{}");
    f.finish("{}");
    CHECK(f.given.statuses == std::vector<hawser_status>{HAWSER_MISUSE, HAWSER_MISUSE});
    REQUIRE(f.begin() == HAWSER_OK);
    f.hand_over("throw");
    CHECK(f.given.statuses.back() == HAWSER_TRY_LATER);
    CHECK(f.given.text == "out of memory");
    api().finish(std::exchange(f.record, nullptr), to_abi("{}"), nullptr, nullptr);
    CHECK(f.delivery.archive->ended == 1);
}
