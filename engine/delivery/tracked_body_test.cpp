#include "delivery/tracked_body.hpp"

#include <doctest/doctest.h>

#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

std::string bytes_of(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<char>(i * 31 + i / 977);
    }
    return bytes;
}

body_stream stream_of(const std::string& bytes) {
    return body_stream(make_stream(std::make_shared<const std::string>(bytes)));
}

std::string read_all(body_stream& stream, std::size_t step) {
    std::string all;
    std::string buffer(step, '\0');
    while (const std::size_t size = stream.read(buffer.data(), buffer.size())) {
        all.append(buffer, 0, size);
    }
    return all;
}

// Accepts `good_count` calls, then the disk is full.
class full_disk final : public body_stager {
public:
    explicit full_disk(int good_count) : left_(good_count) {}
    result<void> append(const void*, std::size_t) override { return answer(); }
    result<void> flush() override { return answer(); }
    result<staged_body> finish() override { return fail("box.refused", "no space left on device"); }

private:
    result<void> answer() {
        if (left_-- > 0) {
            return {};
        }
        return fail("box.refused", "no space left on device");
    }
    int left_;
};

}  // namespace

TEST_CASE("the adapter gets the same bytes, and they are kept: small ones in memory, large ones in a file") {
    box_folder folder;
    auto box = folder.open();
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, inline_body_size_max, inline_body_size_max + 1, std::size_t{3'000'000}}) {
        CAPTURE(size);
        const std::string bytes = bytes_of(size);
        const auto keeper = std::make_shared<tracked_body>([&] { return box->stage_body(); });
        body_stream stream = tracked_body::tee(stream_of(bytes), keeper);
        CHECK(stream.size_hint() == static_cast<std::int64_t>(size));
        CHECK(read_all(stream, 50'000) == bytes);
        auto kept = keeper->take();
        REQUIRE(kept);
        CHECK(std::holds_alternative<std::string>(*kept) == (size <= inline_body_size_max));
        publish(*box, {.ports = {"A"}, .body = "x"});
        const auto claims = claim(*box, "A");
        REQUIRE(commit(*box, complete_operation{claims.at(0).token, {}, tracked_delivery{false, false, {}, *kept}})
                    .status == commit_status::done);
        std::string read(size + 1, '\0');
        std::size_t at = 0;
        const auto reader = box->open_tracked_body(claims[0].token.delivery);
        while (const std::size_t got = reader->read(read.data() + at, read.size() - at)) {
            at += got;
        }
        read.resize(at);
        CHECK(read == bytes);
    }
}

TEST_CASE("what is not taken leaves nothing behind") {
    box_folder folder;
    auto box = folder.open();
    {
        const auto keeper = std::make_shared<tracked_body>([&] { return box->stage_body(); });
        body_stream stream = tracked_body::tee(stream_of(bytes_of(500'000)), keeper);
        CHECK(read_all(stream, 64 * 1024).size() == 500'000);
        CHECK(folder.body_file_count() == 1);
    }
    CHECK(folder.body_file_count() == 0);
}

TEST_CASE("what was taken before the end is what was read until then") {
    box_folder folder;
    auto box = folder.open();
    const auto keeper = std::make_shared<tracked_body>([&] { return box->stage_body(); });
    body_stream stream = tracked_body::tee(stream_of(bytes_of(200'000)), keeper);
    std::string buffer(100'000, '\0');
    REQUIRE(stream.read(buffer.data(), buffer.size()) == 100'000);
    const auto kept = keeper->take();
    REQUIRE(kept);
    CHECK(std::get<staged_body>(*kept).size == 100'000);
    CHECK(read_all(stream, 64 * 1024).size() == 100'000);  // the rest is for the adapter alone
}

TEST_CASE("a body that cannot be kept is not sent: at any write or at the end, and it is tried again") {
    int reads_until_success = 0;
    for (int good_count = 0;; ++good_count) {
        const auto keeper =
            std::make_shared<tracked_body>([good_count] { return std::make_unique<full_disk>(good_count); });
        body_stream stream = tracked_body::tee(stream_of(bytes_of(300'000)), keeper);
        try {
            const std::string read = read_all(stream, 64 * 1024);
            CHECK(read.size() == 300'000);
            break;
        } catch (const stream_failure& failure) {
            CHECK(failure.status() == HAWSER_TRY_LATER);
            CHECK(std::string(failure.what()).find("no space left") != std::string::npos);
            ++reads_until_success;
        }
    }
    CHECK(reads_until_success == 6);  // the memory's bytes, four more reads, and the end
}
