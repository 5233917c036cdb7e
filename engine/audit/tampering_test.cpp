// Whoever alters an archive is found out: every byte, line and file of one is changed in turn.
#include <algorithm>

#include "audit/audit_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::audit;
using namespace hawser::engine::audit::test;

namespace {

struct tampering_fixture : archive_fixture {
    tampering_fixture() {
        settings.file_size_max = 3000;  // several files
        settings.sign_after_records = 6;
        const auto one = open();
        for (int i = 0; i < 9; ++i) {
            REQUIRE(record(*one, std::to_string(i), i % 4 == 0 ? std::string(20'000, 'c') : "small"));
        }
        one->close();
        REQUIRE(verify().code == answer_code::done);
        REQUIRE(record_files().size() > 2);
    }
    // Every line, over all files; with the file it stands in.
    std::vector<std::string> lines(const fs::path& file) const {
        std::vector<std::string> all;
        std::string text = text_of(file);
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            all.push_back(text.substr(0, end + 1));
            text.erase(0, end + 1);
        }
        return all;
    }
    static std::string joined(const std::vector<std::string>& lines) {
        std::string text;
        for (const std::string& line : lines) {
            text += line;
        }
        return text;
    }
    // The fault that it makes, and as it was again.
    audit_verdict with(const fs::path& file, const std::string& text, const audit_verify_options& options = {}) const {
        const std::string before = text_of(file);
        write_text(file, text);
        audit_verdict verdict = verify(options);
        write_text(file, before);
        return verdict;
    }
    // All lines in one file, chained anew from the first that does not fit: what somebody without the key can do.
    void chain_anew(const std::vector<std::string>& all) const {
        for (const fs::path& file : record_files()) {
            fs::remove(file);
        }
        std::string text;
        chain_head head;
        for (const std::string& line : all) {
            std::string rest = line.substr(line.find(",\"time\""));
            rest.pop_back();
            add_line(text, head,
                     "{\"record\":" + std::to_string(head.next) + ",\"previous\":\"" + head.previous + '"' + rest);
        }
        write_text(folder() / record_file_name(1), text);
    }
    std::vector<std::string> all_lines() const {
        std::vector<std::string> all;
        for (const fs::path& file : record_files()) {
            for (const std::string& line : lines(file)) {
                all.push_back(line);
            }
        }
        return all;
    }
};

bool names(const audit_verdict& verdict, const std::string& piece) {
    return std::any_of(verdict.breaks.begin(), verdict.breaks.end(),
                       [&](const audit_break& one) { return one.text.find(piece) != std::string::npos; });
}

}  // namespace

TEST_CASE("a byte that is changed in any record is found" * doctest::test_suite("sequential")) {
    const tampering_fixture f;
    for (const fs::path& file : f.record_files()) {
        const std::string text = text_of(file);
        for (std::size_t i = 0; i < text.size(); i += 13) {
            std::string changed = text;
            changed[i] = static_cast<char>(changed[i] ^ 1);
            CAPTURE(i);
            audit_verify_options options;
            options.wants_signed_end = true;  // of the very last record, which nothing follows
            const audit_verdict verdict = f.with(file, changed, options);
            const bool is_found = verdict.code == answer_code::bad_input || verdict.unfinished_size > 0;
            REQUIRE(is_found);
        }
    }
}

TEST_CASE("a line that is removed, doubled or exchanged with another is found, with its place") {
    const tampering_fixture f;
    for (const fs::path& file : f.record_files()) {
        const std::vector<std::string> lines = f.lines(file);
        const bool is_last_file = file == f.record_files().back();
        for (std::size_t i = 0; i < lines.size(); ++i) {
            std::vector<std::string> removed = lines;
            removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(i));
            if (!is_last_file || i + 1 < lines.size()) {  // the very last: see below
                CHECK(names(f.with(file, f.joined(removed)), "missing"));
            }
            std::vector<std::string> doubled = lines;
            doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
            CHECK(names(f.with(file, f.joined(doubled)), "stands after"));
            if (i > 0) {
                std::vector<std::string> exchanged = lines;
                std::swap(exchanged[i - 1], exchanged[i]);
                const audit_verdict verdict = f.with(file, f.joined(exchanged));
                CHECK(verdict.code == answer_code::bad_input);
                CHECK(verdict.breaks.at(0).line == i);
            }
        }
    }
}

TEST_CASE("a file that is removed or renamed is found") {
    const tampering_fixture f;
    const std::vector<fs::path> files = f.record_files();
    for (const fs::path& file : files) {
        const fs::path aside = f.top() / "aside";
        fs::rename(file, aside);
        const audit_verdict verdict = f.verify();
        fs::rename(aside, file);
        CHECK((verdict.code == answer_code::bad_input) == (file != files.back()));
    }
    fs::rename(files[1], f.folder() / record_file_name(1000));
    CHECK(names(f.verify(), "its name says 1000"));
}

TEST_CASE("a content that is altered, cut, removed or replaced is found, and one too many is named") {
    const tampering_fixture f;
    const audit_entry entry = [&] {
        for (const audit_entry& one : f.entries("hand-over")) {
            if (!one.content_file.empty()) {
                return one;
            }
        }
        return audit_entry{};
    }();
    const fs::path content = f.folder() / "content" / entry.content_file;
    const std::string text = text_of(content);
    for (const std::string& changed : {text.substr(1), text + "x", std::string(text.size(), 'd'), std::string()}) {
        CHECK(names(f.with(content, changed), "content"));
    }
    fs::remove(content);
    CHECK(names(f.verify(), "is not there"));
    fs::create_symlink("/etc/passwd", content);
    CHECK(f.verify().code == answer_code::bad_input);
    fs::remove(content);
    fs::create_directory(content);
    CHECK(names(f.verify(), "is no file"));
    fs::remove(content);
    write_text(content, text);
    CHECK(f.verify().code == answer_code::done);
    write_text(content.parent_path() / "0too-many", "x");
    const audit_verdict young = f.verify();
    CHECK(young.code == answer_code::done);
    CHECK(young.left_over_count == 0);  // a host may be about to name it
}

TEST_CASE("a cut end is provable against a signature that was seen, or an expected record, and not without") {
    const tampering_fixture f;
    const audit_verdict whole = f.verify();
    const std::vector<std::string> all = f.all_lines();
    const std::vector<std::string> cut(all.begin(), all.end() - 3);
    f.chain_anew(cut);
    const audit_verdict verdict = f.verify();
    CHECK(verdict.code == answer_code::done);  // nothing in it says that there was more
    CHECK(verdict.unsigned_count > 0);
    audit_verify_options options;
    options.wants_signed_end = true;
    CHECK(names(f.verify(options), "not signed"));
    options = {};
    options.expected = {{whole.last_record, whole.last_hash}};
    CHECK(names(f.verify(options), "was expected, and is not there"));
    options.expected = {{verdict.last_record, std::string(64, '0')}};
    CHECK(names(f.verify(options), "is not the one that was expected"));
    options.expected = {{verdict.last_record, verdict.last_hash}};
    CHECK(f.verify(options).code == answer_code::done);
}

TEST_CASE("who alters a record and chains all anew, without the key, is found by every signature after it") {
    const tampering_fixture f;
    std::vector<std::string> all = f.all_lines();
    std::string& line = all.at(4);
    line.replace(line.find("\"Out\""), 5, "\"Qut\"");
    f.chain_anew(all);
    CHECK(verify_audit(f.settings.folder).code == answer_code::done);  // without a key that cannot be seen
    CHECK(verify_audit(f.settings.folder).checked_signature_count == 0);
    const audit_verdict verdict = f.verify();
    CHECK(verdict.code == answer_code::bad_input);
    CHECK(names(verdict, "the signature is not that of the records before it"));
}

TEST_CASE("signatures that are left out, or made by another key, are found") {
    const tampering_fixture f;
    const std::vector<std::string> all = f.all_lines();
    std::vector<std::string> without;
    std::copy_if(all.begin(), all.end(), std::back_inserter(without),
                 [](const std::string& one) { return one.find("\"kind\":\"signature\"") == std::string::npos; });
    f.chain_anew(without);
    CHECK(names(f.verify(), "nothing is signed"));

    write_key(f.top(), "thief", "ED25519");
    const auto thief = *signing_key::read((f.top() / "thief.pem").string());
    std::string text;
    chain_head head;
    for (const std::string& one : without) {
        std::string rest = one.substr(one.find(",\"time\""));
        rest.pop_back();
        add_line(text, head,
                 "{\"record\":" + std::to_string(head.next) + ",\"previous\":\"" + head.previous + '"' + rest);
    }
    const std::string begun = begin_signature_line(head, 0, "ed25519", thief->fingerprint());
    add_line(text, head, end_signature_line(begun, thief->sign(begun)));
    write_text(f.folder() / record_file_name(1), text);
    CHECK(names(f.verify(), "signed by a key that was not given: its fingerprint is " + thief->fingerprint()));
}

TEST_CASE("a garbled archive is no crash" * doctest::test_suite("sequential")) {
    const tampering_fixture f;
    const fs::path file = f.record_files()[0];
    const std::string text = text_of(file);
    const std::vector<std::string> lines = f.lines(file);
    const std::string start = lines[0].substr(0, lines[0].find(",\"facts\""));
    for (const std::string& garbage :
         {std::string(3'000'000, 'x'), std::string(300'000, '\n'), std::string(5'000'000, '\0'),
          start + ",\"facts\":" + std::string(900'000, '[') + "}\n", start + ",\"signature\":7}\n", std::string("{}\n"),
          start + ",\"content\":[]}\n", std::string("\xff\xfe\n")}) {
        CHECK(f.with(file, garbage).code == answer_code::bad_input);
        CHECK(f.with(file, text + garbage).code == answer_code::bad_input);
    }
    CHECK(verify_audit((f.top() / "nowhere").string()).code == answer_code::not_found);
    CHECK(verify_audit(f.top().string()).code == answer_code::not_found);
    audit_verify_options options;
    options.key_files = {(f.top() / "no.pem").string()};
    CHECK(verify_audit(f.settings.folder, options).code == answer_code::not_found);
}
