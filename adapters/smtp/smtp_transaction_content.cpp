// The content of a message in a transaction: DATA or BDAT, and the answer to it.
#include <algorithm>
#include <chrono>

#include "dot_stuffer.hpp"
#include "smtp_transaction.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t block_size = 64 * 1024;
constexpr std::size_t chunk_size = 256 * 1024;          // of BDAT (RFC 3030 section 4.2 asks for large ones)
constexpr std::int64_t chunked_size_min = 1024 * 1024;  // below, a round trip more costs more than the dots
constexpr std::size_t open_chunks_max = 4;              // with PIPELINING
constexpr std::chrono::seconds quick_answer{1};

}  // namespace

bool smtp_transaction::uses_chunks() const {
    return extensions_.has_chunking && (facts_.kind == content_kind::binary || facts_.size >= chunked_size_min);
}

// A body whose length nobody knew may turn out too long for the server while it is sent.
smtp_transaction::refusal smtp_transaction::count(std::size_t bytes) {
    sent_size_ += bytes;
    if (extensions_.size_max == 0 || sent_size_ <= extensions_.size_max) {
        return std::nullopt;
    }
    return end(message_too_large(session_.facts.server, sent_size_, extensions_.size_max));
}

// The content and the answer to it. nullopt: accepted for this transaction's recipients.
asio::awaitable<std::optional<outcome>> smtp_transaction::hand_over() {
    sent_size_ = 0;
    refusal refused_earlier;
    if (uses_chunks()) {
        refused_earlier = co_await send_chunks();
    } else {
        refused_earlier = co_await send_data();
    }
    if (refused_earlier) {
        co_return refused_earlier;
    }
    smtp_reply reply;
    std::string trouble;
    try {
        reply = co_await read_final_reply();
    } catch (const wire_failure& failed) {
        trouble = failed.what();
    }
    if (!trouble.empty()) {
        co_return end(final_reply_trouble(session_.facts.server, trouble));
    }
    if (reply.is_intermediate()) {
        co_return end(final_reply_trouble(session_.facts.server, "it answered \"" + reply.text() + '"'));
    }
    if (!reply.is_positive()) {
        is_usable_ = reply.code != 421 && open_chunks_ <= 1;
        const bool is_closed = !is_usable_;
        outcome result = refused("the message", reply);
        if (is_closed) {
            result = end(std::move(result));
        }
        co_return result;
    }
    for (const std::string& address : accepted_) {
        one_.recipients().accept(address, reply);
    }
    one_.count_sent();
    is_usable_ = true;
    co_return std::nullopt;
}

// The answer to the whole, or the first of a chunk before the last that is a refusal.
asio::awaitable<smtp_reply> smtp_transaction::read_final_reply() {
    const auto begin = std::chrono::steady_clock::now();
    smtp_reply reply = co_await connection_.read_reply(timeouts_.data_end);
    for (; open_chunks_ > 1 && reply.is_positive(); --open_chunks_) {
        reply = co_await connection_.read_reply(timeouts_.data_end);
    }
    is_answered_quickly_ = std::chrono::steady_clock::now() - begin < quick_answer;
    co_return reply;
}

asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_content(std::string_view bytes) {
    try {
        audit_.content(bytes);
    } catch (const failure& wrong) {
        co_return end(audit_trouble(wrong.what()));
    }
    co_await connection_.write(bytes, timeouts_.data_block);
    co_return std::nullopt;
}

// Before the bytes that make the message the server's: what was sent must be in the archive.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::settle_record(std::string_view last_content,
                                                                           const char* transfer) {
    std::string why_not;
    try {
        audit_.content(last_content);
        why_not = co_await audit_.hand_over(transfer, accepted_);
    } catch (const failure& wrong) {
        why_not = wrong.what();
    }
    if (!why_not.empty()) {
        co_return end(audit_trouble(why_not));
    }
    connection_.note(std::to_string(sent_size_) + " octets of the message sent by " + transfer);
    co_return std::nullopt;
}

// A short message needs no large block.
std::size_t smtp_transaction::block_capacity() const {
    return facts_.size >= 0 && facts_.size < static_cast<std::int64_t>(block_size)
               ? static_cast<std::size_t>(facts_.size) + 1
               : block_size;
}

// Header block, entity, final dot, and what may follow it. A body that fails leaves without the dot: the caller breaks
// the connection off.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_data() {
    open_chunks_ = 0;
    dot_stuffer stuffer;
    std::string out;
    const std::size_t capacity = block_capacity();
    out.reserve(one_.header_block().size() + capacity + capacity / 8);
    std::string block(capacity, '\0');
    stuffer.write(one_.header_block(), out);
    refusal stopped = count(one_.header_block().size());
    while (!stopped) {
        const std::size_t size = co_await one_.read_body(block.data(), block.size());
        if (size == 0) {
            break;
        }
        stopped = count(size);
        stuffer.write(std::string_view(block).substr(0, size), out);
        if (!stopped && out.size() >= block_size) {
            stopped = co_await send_content(out);
            out.clear();
        }
    }
    if (stopped) {
        co_return stopped;
    }
    stuffer.finish(out);
    stopped = co_await settle_record(out, "DATA");
    if (!stopped) {
        out += left_.empty() ? next_() : "";
        co_await connection_.write(out, timeouts_.data_block);
    }
    co_return stopped;
}

// RFC 3030: whole chunks, the last of them marked. A body that fails leaves without the mark.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_chunks() {
    open_chunks_ = 0;
    std::string chunk = one_.header_block();
    bool is_last = false;
    while (!is_last) {
        std::size_t filled = chunk.size();
        chunk.resize(std::max(chunk_size, filled));
        while (filled < chunk.size()) {
            const std::size_t size = co_await one_.read_body(chunk.data() + filled, chunk.size() - filled);
            if (size == 0) {
                is_last = true;
                break;
            }
            filled += size;
        }
        chunk.resize(filled);
        const refusal too_large = count(filled);
        if (too_large) {
            co_return too_large;
        }
        const std::string announced = "BDAT " + std::to_string(filled) + (is_last ? " LAST\r\n" : "\r\n");
        if (is_last) {
            const refusal stopped = co_await settle_record(chunk, "BDAT");
            if (stopped) {
                co_return stopped;
            }
        }
        co_await connection_.write_commands(announced, timeouts_.data_block);
        if (is_last) {
            co_await connection_.write(chunk, timeouts_.data_block);
        } else if (const refusal stopped = co_await send_content(chunk)) {
            co_return stopped;
        }
        ++open_chunks_;
        chunk.clear();
        if (!is_last) {
            const refusal refused = co_await take_chunk_replies(extensions_.has_pipelining ? open_chunks_max : 0);
            if (refused) {
                co_return refused;
            }
        }
    }
    co_return std::nullopt;
}

// Waits until at most so many chunks are unanswered.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::take_chunk_replies(std::size_t open_max) {
    for (; open_chunks_ > open_max; --open_chunks_) {
        const smtp_reply reply = co_await connection_.read_reply(timeouts_.data_end);
        if (!reply.is_positive()) {
            co_return end(refused("BDAT", reply));  // further chunks may be under way: begin on another connection
        }
    }
    co_return std::nullopt;
}

}  // namespace hawser::smtp
