// For this room's tests: a folder with a key in it, archives opened there, and messages handed over.
#pragma once

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "audit/archive.hpp"
#include "audit/facts.hpp"
#include "base/log.hpp"
#include "hawser/audit.hpp"

namespace hawser::engine::audit::test {

namespace fs = std::filesystem;

inline std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void write_text(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    REQUIRE(file.good());
}

inline bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

inline EVP_PKEY* make_key(const std::string& kind) {
    return kind == "EC"    ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
           : kind == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                           : EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str());
}

// Writes <name>.pem and <name>.pub.pem.
inline void write_key(const fs::path& folder, const std::string& name, const std::string& kind) {
    EVP_PKEY* const key = make_key(kind);
    REQUIRE(key != nullptr);
    for (const bool is_public : {false, true}) {
        const fs::path path = folder / (name + (is_public ? ".pub.pem" : ".pem"));
        std::FILE* const file = std::fopen(path.c_str(), "w");
        REQUIRE(file != nullptr);
        CHECK((is_public ? PEM_write_PUBKEY(file, key)
                         : PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr)) == 1);
        std::fclose(file);
        fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    }
    EVP_PKEY_free(key);
}

class archive_fixture {
public:
    explicit archive_fixture(const std::string& key_kind = "ED25519") {
        log::configure(log::level::error, log::format::text);
        std::string pattern = (fs::temp_directory_path() / "hawser-audit-XXXXXX").string();
        top_ = ::mkdtemp(pattern.data());
        write_key(top_, "key", key_kind);
        settings.folder = (top_ / "archive").string();
        settings.key = *signing_key::read(key_file());
        settings.retry_ms = 5;
    }
    archive_fixture(const archive_fixture&) = delete;
    archive_fixture& operator=(const archive_fixture&) = delete;
    ~archive_fixture() { fs::remove_all(top_); }

    fs::path top() const { return top_; }
    fs::path folder() const { return settings.folder; }
    std::string key_file() const { return (top_ / "key.pem").string(); }
    std::string public_key_file() const { return (top_ / "key.pub.pem").string(); }

    std::shared_ptr<archive> open() const { return std::make_shared<archive>(settings, system_clock()); }
    audit_verdict verify(audit_verify_options options = {}) const {
        options.key_files.push_back(public_key_file());
        return verify_audit(settings.folder, options);
    }
    // With what is wrong, for a failed check.
    static std::string faults(const audit_verdict& verdict) {
        std::string text = verdict.text;
        for (const audit_break& one : verdict.breaks) {
            text += one.file + ':' + std::to_string(one.line) + ": " + one.text + '\n';
        }
        return text;
    }
    std::vector<fs::path> record_files() const {
        std::vector<fs::path> paths;
        const auto files = list_record_files(settings.folder);
        for (const record_file& one : *files) {
            paths.emplace_back(one.path);
        }
        return paths;
    }
    std::vector<audit_entry> entries(const std::string& kind = "") const {
        std::vector<audit_entry> all;
        CHECK(read_audit(settings.folder, {}, [&](const audit_entry& one) {
                  if (kind.empty() || one.kind == kind) {
                      all.push_back(one);
                  }
                  return true;
              }).code == answer_code::done);
        return all;
    }

    archive_settings settings;

private:
    fs::path top_;
};

inline record_subject subject(const std::string& id) { return {"Out", id, "unique-" + id, 7, 1}; }

// The answer, waited for.
template <typename Call>
result<void> answer_of(const Call& call) {
    const auto promise = std::make_shared<std::promise<result<void>>>();
    call([promise](const result<void>& answer) { promise->set_value(answer); });
    return promise->get_future().get();
}

inline const std::string facts_of_data = R"({"transfer":"DATA","envelope":{"recipients":["A@partner.example"]}})";

// Everything of one message; the answer to its hand-over.
inline result<void> record(archive& into, const std::string& id, const std::string& content,
                           const std::string& facts = facts_of_data) {
    auto begun = into.begin(subject(id));
    if (!begun) {
        return unexpected{begun.error()};
    }
    archive_entry& entry = **begun;
    if (result<void> taken = entry.content(content); !taken) {
        return taken;
    }
    result<void> handed_over = answer_of([&](const answer_function& answer) { entry.hand_over(facts, answer); });
    const result<void> finished =
        answer_of([&](const answer_function& answer) { entry.finish(R"({"outcome":"250 ok"})", answer); });
    return handed_over ? handed_over : result<void>(unexpected{handed_over.error()});
}

}  // namespace hawser::engine::audit::test
