#include "plugins/bridge/message_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "plugins/bridge/working_message.hpp"

using namespace hawser::engine;
namespace fs = std::filesystem;

namespace {
struct folder {
    folder() {
        std::string pattern = (fs::temp_directory_path() / "hawser-files-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
        fs::create_directories(path / "allowed" / "sub");
        std::ofstream(path / "secret.txt") << "secret";
        std::ofstream(path / "allowed" / "sub" / "a.txt") << "attachment";
        fs::create_symlink(path / "secret.txt", path / "allowed" / "out");
        fs::create_symlink("sub/a.txt", path / "allowed" / "in");
        ::mkfifo((path / "allowed" / "fifo").c_str(), 0600);
        environment.attachment_roots = {(path / "allowed").string()};
        environment.base_directory = path.string();
    }
    ~folder() { fs::remove_all(path); }
    std::string code(const std::string& name) const {
        const auto file = open_message_file(environment, false, name);
        return file ? "opened" : file.error().code;
    }
    fs::path path;
    message_environment environment;
};
}  // namespace

TEST_CASE("a file named by a message is opened only beneath an attachment root") {
    const folder f;
    CHECK(f.code("sub/a.txt") == "opened");
    CHECK(f.code((f.path / "allowed/sub/a.txt").string()) == "opened");
    CHECK(f.code("in") == "opened");
    CHECK(f.code("out") == "files.not-allowed");
    CHECK(f.code("../secret.txt") == "files.not-allowed");
    CHECK(f.code((f.path / "secret.txt").string()) == "files.not-allowed");
    CHECK(f.code((f.path / "allowed/../secret.txt").string()) == "files.not-allowed");
    CHECK(f.code(f.path.string() + "/allowed-not/x") == "files.not-allowed");
    CHECK(f.code("missing.txt") == "files.missing");
    CHECK(f.code("fifo") == "files.not-regular");
    CHECK(f.code("sub") == "files.not-regular");
    CHECK(f.code(std::string("sub/a.txt\0x", 11)) == "files.not-allowed");
    CHECK(f.code("") == "files.not-allowed");
}

TEST_CASE("without attachment roots a message names no file at all, while the bindings may") {
    folder f;
    f.environment.attachment_roots.clear();
    CHECK(f.code("sub/a.txt") == "files.not-allowed");
    auto file = open_message_file(f.environment, true, "secret.txt");
    REQUIRE(file);
    char bytes[16];
    CHECK((*file)->size_hint() == 6);
    CHECK((*file)->read(bytes, sizeof bytes) == 6);
    CHECK(std::string(bytes, 6) == "secret");
    CHECK((*file)->read(bytes, sizeof bytes) == 0);
}

TEST_CASE("a file that shrinks while it is read is no complete body") {
    const folder f;
    auto file = open_message_file(f.environment, true, "secret.txt");
    REQUIRE(file);
    fs::resize_file(f.path / "secret.txt", 2);
    char bytes[16];
    CHECK((*file)->read(bytes, sizeof bytes) == 2);
    CHECK_THROWS_AS((*file)->read(bytes, sizeof bytes), stream_failure);
}
