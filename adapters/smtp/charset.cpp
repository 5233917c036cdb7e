#include "charset.hpp"

#include <iconv.h>

#include <cerrno>

#include "hawser/sdk/error.hpp"
#include "mail_header.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

class converter {
public:
    explicit converter(const std::string& charset) : handle_(::iconv_open(charset.c_str(), "UTF-8")) {}
    ~converter() {
        if (is_open()) {
            ::iconv_close(handle_);
        }
    }
    converter(const converter&) = delete;
    converter& operator=(const converter&) = delete;
    bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

    // False: the first `out_used` characters fitted, the next did not.
    bool convert(std::string_view in, std::string& out, std::size_t& used) {
        char* source = const_cast<char*>(in.data());
        std::size_t left = in.size();
        char buffer[4096];
        while (true) {
            char* target = buffer;
            std::size_t room = sizeof buffer;
            const std::size_t done = ::iconv(handle_, left == 0 ? nullptr : &source, &left, &target, &room);
            const int reason = errno;
            out.append(buffer, sizeof buffer - room);
            used = in.size() - left;
            if (done != static_cast<std::size_t>(-1)) {
                if (left == 0 && source == nullptr) {
                    return true;
                }
                if (left == 0) {
                    source = nullptr;  // once more, for the shift state
                    target = buffer;
                    room = sizeof buffer;
                    ::iconv(handle_, nullptr, nullptr, &target, &room);
                    out.append(buffer, sizeof buffer - room);
                    return true;
                }
            } else if (reason != E2BIG) {
                return false;
            }
        }
    }

private:
    iconv_t handle_;
};

}  // namespace

bool is_charset_name(std::string_view name) {
    return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view("!#$%&'+-^_`{}~:.").find(c) != std::string_view::npos;
    });
}

std::string convert_to_charset(std::string_view utf8, const std::string& charset) {
    if (!is_charset_name(charset)) {
        throw failure("SMTP.EmailBodyTextCharset: \"" + shown(charset) + "\" is no character set");
    }
    if (!is_utf8(utf8)) {
        throw failure("SMTP.EmailBodyText is not UTF-8");
    }
    if (equals_ignoring_case(charset, "utf-8")) {
        return std::string(utf8);
    }
    const std::string lowered = [&] {
        std::string text;
        for (const char c : charset) {
            text += lower(c);
        }
        return text;
    }();
    converter made(charset);
    if (!made.is_open() || lowered.find("utf-16") == 0 || lowered.find("utf-32") == 0 || lowered.find("ucs") == 0) {
        throw failure("SMTP.EmailBodyTextCharset: \"" + shown(charset) +
                      "\" cannot be used for mail text; utf-8 always can");
    }
    std::string out;
    std::size_t used = 0;
    if (!made.convert(utf8, out, used)) {
        throw failure("SMTP.EmailBodyText has a character at byte " + std::to_string(used + 1) + " that " + charset +
                      " does not have: use utf-8");
    }
    return out;
}

}  // namespace hawser::smtp
