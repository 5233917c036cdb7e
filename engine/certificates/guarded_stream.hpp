// A connection to a server that nobody vouches for, for so many seconds: only to public addresses unless private ones
// are allowed, with TLS where the server's name and chain are verified. A SyncStream for Beast. Made for one exchange;
// one thread. Every operation ends within a tenth of a second once the time is over or `is_stopping` is set, but for
// the look-up of a name, which the system does not let go of; afterwards each fails at once.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "certificates/answer_fetch.hpp"
#include "certificates/fetch_url.hpp"

namespace hawser::engine {

class guarded_stream {
public:
    using error_code = boost::system::error_code;

    guarded_stream(const fetch_limits& limits, const std::atomic<bool>& is_stopping)
        : limits_(limits),
          is_stopping_(is_stopping),
          end_(std::chrono::steady_clock::now() + limits.time_max),
          resolver_(io_),
          socket_(io_) {}
    guarded_stream(const guarded_stream&) = delete;
    guarded_stream& operator=(const guarded_stream&) = delete;

    result<void> open(const fetch_url& to);
    std::size_t read(void* buffer, std::size_t capacity, error_code& code);
    std::size_t write(const void* bytes, std::size_t size, error_code& code);
    int descriptor() { return socket_.native_handle(); }
    std::string text_of(const error_code& code) const;

    template <typename Buffers>
    std::size_t read_some(const Buffers& buffers, error_code& code) {
        const boost::asio::mutable_buffer first = first_of<boost::asio::mutable_buffer>(buffers);
        return read(first.data(), first.size(), code);
    }
    template <typename Buffers>
    std::size_t write_some(const Buffers& buffers, error_code& code) {
        const boost::asio::const_buffer first = first_of<boost::asio::const_buffer>(buffers);
        return write(first.data(), first.size(), code);
    }
    template <typename Buffers>
    std::size_t read_some(const Buffers& buffers) {
        error_code code;
        const std::size_t size = read_some(buffers, code);
        return code ? throw boost::system::system_error(code) : size;
    }
    template <typename Buffers>
    std::size_t write_some(const Buffers& buffers) {
        error_code code;
        const std::size_t size = write_some(buffers, code);
        return code ? throw boost::system::system_error(code) : size;
    }

private:
    using tcp = boost::asio::ip::tcp;
    using ending = std::function<void(const error_code&)>;
    using transfer_ending = std::function<void(const error_code&, std::size_t)>;

    template <typename Buffer, typename Buffers>
    static Buffer first_of(const Buffers& buffers) {
        for (auto one = boost::asio::buffer_sequence_begin(buffers); one != boost::asio::buffer_sequence_end(buffers);
             ++one) {
            if (Buffer(*one).size() > 0) {
                return *one;
            }
        }
        return {};
    }

    error_code wait(const std::function<void(ending)>& start);
    std::size_t transfer(const std::function<void(transfer_ending)>& start, error_code& code);  // how many bytes
    result<void> start_tls(const std::string& host);
    void trust_anchors(boost::asio::ssl::context& context) const;

    const fetch_limits& limits_;
    const std::atomic<bool>& is_stopping_;
    std::chrono::steady_clock::time_point end_;
    error_code over_;  // why every operation fails
    boost::asio::io_context io_{1};
    tcp::resolver resolver_;
    tcp::socket socket_;
    std::optional<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<tcp::socket&>> tls_;
};

}  // namespace hawser::engine
