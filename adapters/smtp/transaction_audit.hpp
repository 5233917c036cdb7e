// The audit records of one message's transactions over one session: what was said, and exactly the content that was
// sent. Does nothing where the port has no archive. Used by one coroutine on the I/O thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/audit.hpp"
#include "session_facts.hpp"

namespace hawser::smtp {

class transaction_audit {
public:
    transaction_audit(boost::asio::io_context& io, const session_facts& session) : io_(io), session_(session) {}

    // Begins the record of one transaction. Throws hawser::failure: the archive cannot be written, nothing may be sent.
    void begin(const delivery& one, const std::string& sender, const std::vector<std::string>& recipients);
    bool is_recording() const noexcept { return static_cast<bool>(record_); }
    void hear(const wire_line& line);
    void content(std::string_view bytes);  // as they go over the wire; throws hawser::failure
    // Before the server is told that the content is complete. "": it may be; else why not. `transfer`: DATA or BDAT.
    boost::asio::awaitable<std::string> hand_over(std::string transfer, std::vector<std::string> accepted);
    // What became of it, as the outcome's code and text. "": it is durable; else why it is not yet.
    boost::asio::awaitable<std::string> finish(std::string code, std::string text);

private:
    std::string facts(nlohmann::ordered_json own);  // with what was not given to the record yet
    boost::asio::io_context& io_;
    const session_facts& session_;
    audit_record record_;
    std::string sender_;
    std::vector<std::string> recipients_;
    std::vector<wire_line> dialogue_;
    std::size_t dialogue_size_ = 0;
    std::size_t left_out_count_ = 0;
    bool is_handed_over_ = false;
};

}  // namespace hawser::smtp
