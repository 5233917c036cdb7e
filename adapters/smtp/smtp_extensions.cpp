#include "smtp_extensions.hpp"

#include <algorithm>
#include <charconv>

#include "text.hpp"

namespace hawser::smtp {
namespace {

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : line + ' ') {
        if (c != ' ' && c != '=') {  // "AUTH=LOGIN" is an old form that servers still send
            word += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

std::uint64_t number_of(const std::string& word) {  // 0 where it is none
    std::uint64_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    return number;
}

}  // namespace

bool smtp_extensions::offers(const std::string& mechanism) const {
    return std::find(authentication.begin(), authentication.end(), mechanism) != authentication.end();
}

smtp_extensions parse_extensions(const smtp_reply& ehlo) {
    smtp_extensions found;
    found.is_known = true;
    for (std::size_t i = 1; i < ehlo.lines.size(); ++i) {  // the first line is the server's name
        const std::vector<std::string> words = words_of(ehlo.lines[i]);
        if (words.empty()) {
            continue;
        }
        const std::string& name = words[0];
        found.has_pipelining = found.has_pipelining || name == "PIPELINING";
        found.has_8bitmime = found.has_8bitmime || name == "8BITMIME";
        found.has_starttls = found.has_starttls || name == "STARTTLS";
        found.has_dsn = found.has_dsn || name == "DSN";
        found.has_requiretls = found.has_requiretls || name == "REQUIRETLS";
        found.has_smtputf8 = found.has_smtputf8 || name == "SMTPUTF8";
        found.has_chunking = found.has_chunking || name == "CHUNKING";
        found.has_binarymime = found.has_binarymime || name == "BINARYMIME";
        if (name == "SIZE") {
            found.has_size = true;
            found.size_max = words.size() > 1 ? number_of(words[1]) : 0;
        } else if (name == "LIMITS") {
            for (std::size_t at = 1; at + 1 < words.size(); ++at) {
                found.recipients_max = words[at] == "RCPTMAX" ? number_of(words[at + 1]) : found.recipients_max;
            }
        } else if (name == "AUTH") {
            found.authentication.insert(found.authentication.end(), words.begin() + 1, words.end());
        }
    }
    return found;
}

}  // namespace hawser::smtp
