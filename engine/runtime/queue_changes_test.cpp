// Saving what a box has: a body that is not whole is never taken for one that is.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "messagebox/message_box.hpp"
#include "messagebox/test_box.hpp"
#include "runtime/queue_changes.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::size_t body_size = 3'000'000;

std::filesystem::path only_body_file(const box_folder& folder) {
    return *std::filesystem::directory_iterator(folder.box_path() + ".bodies");
}

class unnamed_target {
public:
    unnamed_target() : file_(std::tmpfile()) {}
    unnamed_target(const unnamed_target&) = delete;
    unnamed_target& operator=(const unnamed_target&) = delete;
    ~unnamed_target() { std::fclose(file_); }
    int number() const { return ::fileno(file_); }
    std::uintmax_t size() const { return static_cast<std::uintmax_t>(::lseek(number(), 0, SEEK_END)); }

private:
    std::FILE* file_;
};

void change_size(const std::filesystem::path& file) {
    SUBCASE("cut") { std::filesystem::resize_file(file, 1'000'000); }
    SUBCASE("emptied") { std::filesystem::resize_file(file, 0); }
    SUBCASE("the trailer alone is gone") { std::filesystem::resize_file(file, body_size + 8); }
    SUBCASE("longer") { std::filesystem::resize_file(file, body_size + 1'000'000); }
}

}  // namespace

TEST_CASE("a stored body that is not as long as it was published is not saved") {
    box_folder folder;
    const auto box = folder.open();
    publish(*box, {.ports = {"A"}, .staged = stage(*box, std::string(body_size, 'b'))});
    const delivery_id id = box->list({}).at(0).id;
    const unnamed_target whole;
    CHECK(save_part(*box, id, "", content_point::before_pipeline, whole.number()).code == answer_code::done);
    CHECK(whole.size() == body_size);
    change_size(only_body_file(folder));
    const unnamed_target target;
    CHECK_THROWS_AS(save_part(*box, id, "", content_point::before_pipeline, target.number()), std::runtime_error);
}

TEST_CASE("a tracked body that is not as long as it was sent is not saved") {
    box_folder folder;
    const auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "small"});
    const auto held = claim(*box, "A");
    const delivery_id id = held.at(0).token.delivery;
    tracked_delivery kept;
    kept.body_after = stage(*box, std::string(body_size, 'b'));
    commit(*box, complete_operation{held[0].token, {}, kept});
    const unnamed_target whole;
    CHECK(save_part(*box, id, "", content_point::after_pipeline, whole.number()).code == answer_code::done);
    change_size(only_body_file(folder));
    const unnamed_target target;
    CHECK_THROWS_AS(save_part(*box, id, "", content_point::after_pipeline, target.number()), std::runtime_error);
}
