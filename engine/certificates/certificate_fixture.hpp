// For the tests of this room: a folder of certificates, made by the openssl command.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "certificates/certificate_folder.hpp"

namespace hawser::engine::test {

inline std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline const certificate_entry* find(const certificate_folder& folder, const std::string& selector,
                                     certificate_role role = certificate_role::signer) {
    return find_certificate(folder, selector, role, std::time(nullptr));
}

class made_folder {
public:
    made_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-certificates-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }
    made_folder(const made_folder&) = delete;
    made_folder& operator=(const made_folder&) = delete;
    ~made_folder() { std::filesystem::remove_all(path); }

    void run(const std::string& command) const {
        INFO(command);
        REQUIRE(std::system(("cd " + path.string() + " && umask 077 && { " + command + "; } 2>/dev/null").c_str()) ==
                0);
    }
    // name.pem with the certificate and its key; `more`: of openssl req.
    void make(const std::string& name, const std::string& more = "-days 30") const {
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " " + more +
            " -keyout .key -out .crt && cat .crt .key > .new && mv .new " + name + ".pem && rm .key .crt");
    }
    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
        std::filesystem::permissions(path / name,
                                     std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    }
    std::string read(const std::string& name) const { return bytes_of(path / name); }

    std::filesystem::path path;
};

}  // namespace hawser::engine::test
