#include "host/submission_input.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "base/hexadecimal.hpp"
#include "host/human.hpp"

namespace hawser::command {
namespace {

constexpr std::array property_types{"string", "int", "bool", "dateTime"};

bool is_property_name(const std::string& name) {
    const std::size_t dot = name.find('.');
    if (dot == 0 || dot == std::string::npos || dot + 1 == name.size()) {
        return false;
    }
    return std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
    });
}

std::string base_name(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::string parse_property(const std::string& text, message_property& into, const std::string& option) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return option + " " + plain(text) + ": write it as NS.Name=VALUE, for example SMTP.Subject=Invoice";
    }
    std::string name = text.substr(0, equals);
    std::string type = "string";
    if (const std::size_t colon = name.find(':'); colon != std::string::npos) {
        type = name.substr(colon + 1);
        name.resize(colon);
        if (std::find(property_types.begin(), property_types.end(), type) == property_types.end()) {
            return option + " " + plain(name) + ": \"" + plain(type) +
                   "\" is not a type; there are string, int, bool and dateTime";
        }
    }
    if (!is_property_name(name)) {
        return option + " \"" + plain(name) + "\": a property's name is NS.Name, for example SMTP.Subject";
    }
    into = {.name = name, .value = text.substr(equals + 1), .type = type};
    return {};
}

std::string content_type_of(const std::string& file_name) {
    static constexpr std::array<std::pair<const char*, const char*>, 44> types{
        {{"7z", "application/x-7z-compressed"},
         {"avif", "image/avif"},
         {"bmp", "image/bmp"},
         {"csv", "text/csv"},
         {"doc", "application/msword"},
         {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
         {"edi", "application/EDIFACT"},
         {"eml", "message/rfc822"},
         {"gif", "image/gif"},
         {"gz", "application/gzip"},
         {"htm", "text/html"},
         {"html", "text/html"},
         {"ics", "text/calendar"},
         {"jpeg", "image/jpeg"},
         {"jpg", "image/jpeg"},
         {"json", "application/json"},
         {"log", "text/plain"},
         {"md", "text/markdown"},
         {"mp3", "audio/mpeg"},
         {"mp4", "video/mp4"},
         {"odp", "application/vnd.oasis.opendocument.presentation"},
         {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
         {"odt", "application/vnd.oasis.opendocument.text"},
         {"p7m", "application/pkcs7-mime"},
         {"pdf", "application/pdf"},
         {"png", "image/png"},
         {"ppt", "application/vnd.ms-powerpoint"},
         {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
         {"rtf", "application/rtf"},
         {"svg", "image/svg+xml"},
         {"tar", "application/x-tar"},
         {"tif", "image/tiff"},
         {"tiff", "image/tiff"},
         {"tsv", "text/tab-separated-values"},
         {"txt", "text/plain"},
         {"wav", "audio/x-wav"},
         {"webp", "image/webp"},
         {"xls", "application/vnd.ms-excel"},
         {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
         {"xml", "text/xml"},
         {"yaml", "application/yaml"},
         {"yml", "application/yaml"},
         {"zip", "application/zip"},
         {"zst", "application/zstd"}}};
    const std::size_t dot = file_name.rfind('.');
    if (dot != std::string::npos) {
        std::string extension = file_name.substr(dot + 1);
        std::transform(extension.begin(), extension.end(), extension.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        for (const auto& [known, type] : types) {
            if (extension == known) {
                return type;
            }
        }
    }
    return "application/octet-stream";
}

submission_input::~submission_input() {
    for (const submission_part& part : message_.parts) {
        if (part.descriptor >= 0) {
            ::close(part.descriptor);
        }
    }
}

std::string submission_input::add_part(const std::string& name, const std::string& file,
                                       const std::string& content_type) {
    const bool is_standard_input = file == "-";
    const int number =
        is_standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (number < 0) {
        return "cannot read " + (is_standard_input ? "standard input" : plain(file)) + ": " + std::strerror(errno);
    }
    message_.parts.push_back({.name = name,
                              .content_type = content_type.empty() ? content_type_of(file) : content_type,
                              .file_name = is_standard_input ? "" : base_name(file),
                              .descriptor = number});
    starts_.push_back(::lseek(number, 0, SEEK_CUR));
    struct stat found {};
    if (::fstat(number, &found) == 0) {
        if (S_ISDIR(found.st_mode)) {
            return plain(file) + " is a folder: give a file";
        }
        size_ += S_ISREG(found.st_mode) ? static_cast<std::uint64_t>(found.st_size) : 0;
    }
    return {};
}

std::string submission_input::build(const arguments& given, const std::string& file) {
    message_.port = given.port;
    message_.receive_port = given.receive_port;
    message_.key = given.key.empty() ? random_key() : given.key;
    for (const std::string& text : given.properties) {
        message_property property;
        if (std::string problem = parse_property(text, property); !problem.empty()) {
            return problem;
        }
        message_.properties.push_back(std::move(property));
    }
    if (std::string problem = add_part("body", file, given.content_type); !problem.empty()) {
        return problem;
    }
    for (const std::string& text : given.parts) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
            return "--part " + plain(text) + ": write it as NAME=FILE";
        }
        const std::string name = text.substr(0, equals);
        if (std::any_of(message_.parts.begin(), message_.parts.end(),
                        [&name](const submission_part& part) { return part.name == name; })) {
            return "--part " + plain(name) + ": there is a part of this name already" +
                   (name == "body" ? " (FILE is the part \"body\")" : "");
        }
        if (std::string problem = add_part(name, text.substr(equals + 1), {}); !problem.empty()) {
            return problem;
        }
    }
    return {};
}

bool submission_input::rewind() const noexcept {
    for (std::size_t i = 0; i < starts_.size(); ++i) {
        if (starts_[i] < 0 || ::lseek(message_.parts[i].descriptor, starts_[i], SEEK_SET) != starts_[i]) {
            return false;
        }
    }
    return true;
}

std::string random_key() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("the kernel gave no random bytes");
    }
    return engine::to_hexadecimal(bytes.data(), bytes.size());
}

}  // namespace hawser::command
