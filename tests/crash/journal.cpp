#include "journal.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

namespace hawser::crash {
namespace {

std::vector<std::filesystem::path> journal_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".journal") {
            files.push_back(entry.path());
        }
    }
    return files;
}

}  // namespace

std::string make_body(const body_identity& one, std::size_t size) {
    std::string body =
        "submitter " + std::to_string(one.submitter) + " sequence " + std::to_string(one.sequence) + '\n';
    std::mt19937_64 random(one.submitter * 1'000'003ULL + one.sequence);
    body.reserve(size + sizeof(std::uint64_t));
    while (body.size() < size) {
        const std::uint64_t word = random();
        body.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return body;
}

std::optional<body_identity> read_identity(std::string_view body) {
    std::istringstream in{std::string(body.substr(0, identity_size_max))};
    std::string submitter_word;
    std::string sequence_word;
    body_identity one;
    in >> submitter_word >> one.submitter >> sequence_word >> one.sequence;
    if (!in || submitter_word != "submitter" || sequence_word != "sequence" || in.get() != '\n') {
        return std::nullopt;
    }
    return one;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        hex += digits[byte >> 4U];
        hex += digits[byte & 15U];
    }
    return hex;
}

std::string sha256_hex(std::string_view bytes) {
    std::string digest(32, '\0');
    if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(),
                   nullptr) != 1) {
        throw std::runtime_error("OpenSSL has no SHA-256");
    }
    return to_hex(digest);
}

std::string to_text(const journal_line& line) {
    std::ostringstream out;
    out << line.run << ' ' << line.port << ' ' << line.message_id << ' ' << line.unique_id << ' ' << line.attempt << ' '
        << line.body.submitter << ' ' << line.body.sequence << ' ' << line.size << ' ' << line.sha256 << ' '
        << line.answer << '\n';
    return out.str();
}

std::optional<journal_line> parse_line(std::string_view text) {
    std::istringstream in{std::string(text)};
    journal_line line;
    std::string rest;
    in >> line.run >> line.port >> line.message_id >> line.unique_id >> line.attempt >> line.body.submitter >>
        line.body.sequence >> line.size >> line.sha256 >> line.answer;
    const bool is_known = line.answer == "delivered" || line.answer == "retry" || line.answer == "failed";
    return in && is_known && !(in >> rest) ? std::optional(line) : std::nullopt;
}

void append_line(const std::string& folder, const journal_line& line) {
    const std::string path = folder + '/' + line.port + ".journal";
    const std::string text = to_text(line);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool is_written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int reason = errno;
    if (file >= 0) {
        ::close(file);
    }
    if (!is_written) {
        throw std::runtime_error("cannot write " + path + ": " + std::strerror(reason));
    }
}

std::size_t drop_unfinished_lines(const std::string& folder) {
    std::size_t dropped = 0;
    for (const std::filesystem::path& path : journal_files(folder)) {
        std::ifstream in(path, std::ios::binary);
        const std::string text(std::istreambuf_iterator<char>(in), {});
        if (!text.empty() && text.back() != '\n') {
            std::filesystem::resize_file(path, text.rfind('\n') + 1);  // npos + 1 is 0: nothing but that part
            ++dropped;
        }
    }
    return dropped;
}

journals read_journals(const std::string& folder) {
    journals all;
    for (const std::filesystem::path& path : journal_files(folder)) {
        std::vector<journal_line>& lines = all.by_port[path.stem().string()];
        std::ifstream in(path);
        for (std::string text; std::getline(in, text);) {
            if (std::optional<journal_line> line = parse_line(text)) {
                lines.push_back(std::move(*line));
            } else {
                ++all.unreadable_count;
            }
        }
    }
    return all;
}

}  // namespace hawser::crash
