#include "raw_header.hpp"

#include "mime_header.hpp"

namespace hawser::smime {

raw_header::raw_header(std::string_view block) : text_(block) {
    if (text_ == "\r\n" || text_ == "\n") {
        text_.clear();
        return;
    }
    for (const std::string_view end : {"\r\n\r\n", "\n\n"}) {
        if (text_.size() > end.size() && text_.compare(text_.size() - end.size(), end.size(), end) == 0) {
            text_.resize(text_.size() - end.size() / 2);
            return;
        }
    }
}

raw_header::place raw_header::find(std::string_view field) const {
    const std::string wanted = to_lower(field);
    for (std::size_t begin = 0; begin < text_.size();) {
        std::size_t end = begin;
        do {
            end = std::min(text_.find('\n', end), text_.size() - 1) + 1;
        } while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t'));
        const std::size_t colon = text_.find(':', begin);
        if (colon < end) {
            const std::size_t last = text_.find_last_not_of(" \t", colon - 1);
            if (to_lower(text_.substr(begin, last + 1 - begin)) == wanted) {
                return {begin, end};
            }
        }
        begin = end;
    }
    return {text_.size(), text_.size()};
}

void raw_header::add_parameter(std::string_view field, std::string_view otherwise, std::string_view parameter) {
    const place found = find(field);
    if (found.begin == found.end) {
        text_.append(field).append(": ").append(otherwise).append(";\r\n ").append(parameter).append("\r\n");
        return;
    }
    const std::size_t last = text_.find_last_not_of("; \t\r\n", found.end - 1);
    text_.replace(last + 1, found.end - last - 1, ";\r\n " + std::string(parameter) + "\r\n");
}

void raw_header::set(std::string_view field, std::string_view value) {
    const place found = find(field);
    text_.replace(found.begin, found.end - found.begin, std::string(field) + ": " + std::string(value) + "\r\n");
}

}  // namespace hawser::smime
