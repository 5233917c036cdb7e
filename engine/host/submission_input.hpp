// From the command line to a submission: properties, parts, content types, and the files, which are opened and handed
// on as descriptors (never read into memory). Called by send, submit and preview. What is wrong is a sentence in
// `problem`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hawser/types.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

// "SMTP.Subject=Hello", "SMTP.DeliveryReceipt:bool=true". "" or what is wrong.
// `option` is what the complaint names.
std::string parse_property(const std::string& text, message_property& into, const std::string& option = "--property");

// By the extension, as /etc/mime.types would say; application/octet-stream when it is not known.
std::string content_type_of(const std::string& file_name);

// A submission whose parts' descriptors are closed with it.
class submission_input {
public:
    submission_input() = default;
    submission_input(const submission_input&) = delete;
    submission_input& operator=(const submission_input&) = delete;
    ~submission_input();

    // `file` becomes the body part, --part the others. Returns "" or what is wrong.
    std::string build(const arguments& given, const std::string& file);

    const submission& message() const noexcept { return message_; }
    bool rewind() const noexcept;                          // false: a part is not a file, and has been read
    std::uint64_t size() const noexcept { return size_; }  // of the parts that are regular files

private:
    std::string add_part(const std::string& name, const std::string& file, const std::string& content_type);

    submission message_;
    std::vector<std::int64_t> starts_;  // of the parts, in their files; -1 = no position
    std::uint64_t size_ = 0;
};

// 32 hexadecimal digits from the kernel: a key for a submission that was given none, so that it can be repeated safely.
std::string random_key();

}  // namespace hawser::command
