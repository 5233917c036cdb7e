#include "wire_line.hpp"

#include <algorithm>

#include "wall_clock.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t text_size_max = 1000;  // a reply's line is capped: a server must not fill a log or an archive

std::string printable(std::string_view text) {
    std::string out(text.substr(0, text_size_max));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text.size() > text_size_max ? out + "..." : out;
}

}  // namespace

void tell(const wire_listener& listener, wire_speaker speaker, std::string_view text) {
    if (listener) {
        listener({unix_ms_now(), speaker, printable(text)});
    }
}

void tell_commands(const wire_listener& listener, std::string_view commands) {
    while (listener && !commands.empty()) {
        const std::size_t end = std::min(commands.find("\r\n"), commands.size());
        tell(listener, wire_speaker::client, commands.substr(0, end));
        commands.remove_prefix(std::min(end + 2, commands.size()));
    }
}

void tell_reply(const wire_listener& listener, const smtp_reply& reply) {
    if (!listener) {
        return;
    }
    const std::string code = std::to_string(reply.code);
    if (reply.code == 334) {
        tell(listener, wire_speaker::server, code + " [challenge not shown]");
        return;
    }
    for (std::size_t i = 0; i < reply.lines.size(); ++i) {
        tell(listener, wire_speaker::server, code + (i + 1 < reply.lines.size() ? '-' : ' ') + reply.lines[i]);
    }
}

}  // namespace hawser::smtp
