#include "base/secret_file.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hawser::engine;

namespace {

struct folder {
    folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-secret-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string& bytes) const {
        const std::filesystem::path file = path / "secret";
        std::ofstream(file, std::ios::binary) << bytes;
        return file.string();
    }
    std::filesystem::path path;
};

}  // namespace

TEST_CASE("a secret's file is read whole, and of one that is too large a byte more than is allowed") {
    const folder in;
    for (const std::size_t size : {0U, 1U, 99U, 100U}) {
        const std::string bytes(size, 's');
        CHECK(read_secret_file(in.write(bytes), 100)->text() == bytes);
    }
    CHECK(read_secret_file(in.write(std::string(101, 's')), 100)->text().size() == 101);
    CHECK(read_secret_file(in.write(std::string(5000, 's')), 100)->text().size() == 101);
}

TEST_CASE("what has no size is read too, and what cannot be read has the system's reason") {
    const folder in;
    CHECK(read_secret_file("/dev/null", 100)->text().empty());
    CHECK(read_secret_file("/dev/zero", 100)->text().size() == 101);
    CHECK(read_secret_file("/proc/self/stat", 100'000)->text().find('(') != std::string::npos);
    CHECK(read_secret_file((in.path / "missing").string(), 100).error().text == "No such file or directory");
    CHECK(read_secret_file(in.path.string(), 100).error().text == "Is a directory");
}
