// An SMTP server for one connection at a time that keeps nothing: it decodes the first base64 attachment of each
// message while it arrives, and prints its size, its SHA-256 and how it came. Quick, so that a test of large files
// waits for the client and not for this. It knows what a large transfer needs. Failure: exit code 1.
//
//     attachment_sink [--chunking]      prints "port N", then for each message "N bytes, sha256 HEX, by DATA|BDAT"
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t block_size = 1 << 20;
constexpr std::size_t line_size_max = 4096;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

class sha256 {
public:
    sha256() { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
    sha256(const sha256&) = delete;
    sha256& operator=(const sha256&) = delete;
    ~sha256() { EVP_MD_CTX_free(context_); }
    void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
    std::string hexadecimal() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        EVP_DigestFinal_ex(context_, digest.data(), &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            char pair[3];
            std::snprintf(pair, sizeof pair, "%02x", digest[i]);
            text += pair;
        }
        return text;
    }

private:
    EVP_MD_CTX* context_ = EVP_MD_CTX_new();
};

const std::array<std::int8_t, 256>& base64_values() {
    static const auto table = [] {
        constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::array<std::int8_t, 256> made{};
        made.fill(-1);
        for (std::size_t i = 0; i < letters.size(); ++i) {
            made[static_cast<unsigned char>(letters[i])] = static_cast<std::int8_t>(i);
        }
        return made;
    }();
    return table;
}

// Takes a message's lines, and looks into the first part that is an attachment.
class attachment_reader {
public:
    void line(std::string_view text) {
        if (place_ == place::attachment) {
            if (text.starts_with("--")) {
                place_ = place::after;
            } else {
                decode(text);
            }
        } else if (place_ != place::after && text.starts_with("Content-Disposition: attachment")) {
            place_ = place::attachment_header;
        } else if (place_ == place::attachment_header && text.empty()) {
            place_ = place::attachment;
        }
    }
    void report(const char* way) {
        digest_.add(decoded_);
        std::printf("%llu bytes, sha256 %s, by %s\n", static_cast<unsigned long long>(size_),
                    digest_.hexadecimal().c_str(), way);
        std::fflush(stdout);
    }

private:
    enum class place : std::uint8_t { before = 1, attachment_header, attachment, after };

    void decode(std::string_view text) {
        const auto& values = base64_values();
        if (text.size() % 4 != 0 || text.size() > line_size_max) {
            std::fprintf(stderr, "a line of %zu characters is no base64\n", text.size());
            std::exit(1);
        }
        std::array<char, line_size_max / 4 * 3 + 3> bytes;
        std::size_t count = 0;
        std::int32_t wrong = 0;
        for (std::size_t i = 0; i < text.size(); i += 4) {
            std::int32_t group = 0;
            for (std::size_t k = 0; k < 4; ++k) {
                const std::int32_t value = values[static_cast<unsigned char>(text[i + k])];
                wrong |= value;  // negative where it is no letter of base64
                group = (group << 6) | (value & 63);
            }
            bytes[count++] = static_cast<char>(group >> 16);
            bytes[count++] = static_cast<char>(group >> 8);
            bytes[count++] = static_cast<char>(group);
        }
        if (text.ends_with('=')) {
            wrong = 0;  // the end of the attachment: its size and digest tell whether it is right
            count -= text.ends_with("==") ? 2U : 1U;
        }
        if (wrong < 0) {
            std::fprintf(stderr, "a character of the attachment is no base64\n");
            std::exit(1);
        }
        decoded_.append(bytes.data(), count);
        size_ += count;
        if (decoded_.size() >= block_size / 8) {
            digest_.add(decoded_);
            decoded_.clear();
        }
    }

    place place_ = place::before;
    std::string decoded_;
    std::uint64_t size_ = 0;
    sha256 digest_;
};

class connection {
public:
    connection(int socket, bool has_chunking) : socket_(socket), has_chunking_(has_chunking) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() { ::close(socket_); }

    void serve() {
        say("220 sink.example.test ESMTP\r\n");
        attachment_reader reader;
        std::string_view line;
        while (next_line(line)) {
            const std::string command(line);
            if (command.starts_with("EHLO")) {
                say(has_chunking_ ? "250-sink.example.test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n"
                                  : "250-sink.example.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n");
            } else if (command == "DATA") {
                say("354 Go\r\n");
                take_data(reader);
                say("250 2.0.0 Kept\r\n");
            } else if (command.starts_with("BDAT ")) {
                take_chunk(reader, std::strtoull(command.c_str() + 5, nullptr, 10));
                if (command.ends_with(" LAST")) {
                    reader.report("BDAT");
                }
                say("250 2.0.0 Taken\r\n");
            } else if (command == "QUIT") {
                say("221 2.0.0 Bye\r\n");
                return;
            } else {
                say("250 2.0.0 Ok\r\n");
            }
        }
    }

private:
    void say(std::string_view text) {
        if (::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size())) {
            fail("send");
        }
    }
    bool fill() {  // what is unread moves to the front
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        const ssize_t size = ::recv(socket_, buffer_.data() + end_, buffer_.size() - end_, 0);
        end_ += size > 0 ? static_cast<std::size_t>(size) : 0;
        return size > 0;
    }
    // The next line without its end; good until the next call.
    bool next_line(std::string_view& line) {
        while (true) {
            const void* found = std::memchr(buffer_.data() + begin_, '\n', end_ - begin_);
            if (found != nullptr) {
                const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
                const std::size_t size = at - begin_;
                line = {buffer_.data() + begin_, size > 0 && buffer_[at - 1] == '\r' ? size - 1 : size};
                begin_ = at + 1;
                return true;
            }
            if (end_ - begin_ > line_size_max || !fill()) {
                return false;
            }
        }
    }
    void take_data(attachment_reader& reader) {
        std::string_view line;
        while (next_line(line)) {
            if (line == ".") {
                reader.report("DATA");
                return;
            }
            line.remove_prefix(!line.empty() && line.front() == '.' ? 1 : 0);
            reader.line(line);
        }
        fail("the connection ended within the message");
    }
    void take_chunk(attachment_reader& reader, std::uint64_t size) {
        while (size > 0) {
            if (begin_ == end_ && !fill()) {
                fail("the connection ended within a chunk");
            }
            const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - begin_));
            std::string_view piece(buffer_.data() + begin_, taken);
            begin_ += taken;
            size -= taken;
            while (!piece.empty()) {
                const std::size_t end = piece.find('\n');
                part_ += piece.substr(0, std::min(end, piece.size()));
                piece.remove_prefix(std::min(end, piece.size() - 1) + 1);
                if (end != std::string_view::npos) {
                    reader.line(std::string_view(part_).substr(0, part_.size() - (part_.ends_with('\r') ? 1 : 0)));
                    part_.clear();
                }
            }
        }
    }

    int socket_;
    bool has_chunking_;
    std::string buffer_ = std::string(block_size, '\0');
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::string part_;  // of a line that one piece of a chunk began
};

}  // namespace

int main(int argc, char** argv) {
    const bool has_chunking = argc > 1 && std::strcmp(argv[1], "--chunking") == 0;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        fail("listen");
    }
    std::printf("port %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    while (true) {
        const int accepted = ::accept(listener, nullptr, nullptr);
        if (accepted < 0) {
            fail("accept");
        }
        connection(accepted, has_chunking).serve();
    }
}
