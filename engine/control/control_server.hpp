// The socket beside a message box (<box>.sock): clients of a running host call its bus through it. The protocol is in
// control_protocol.hpp. The caller holds the box lock from before start() until after stop(), which is what makes it
// safe to remove a socket that an earlier process left; it also outlives every call on `target`. Threads: an acceptor,
// and one for each connected client (at most clients_max), so a client that waits for an outcome holds up nobody.
// start() throws std::runtime_error with a sentence for a person; stop() may be called twice.
#pragma once

#include <memory>
#include <string>

namespace hawser {
class bus;
}

namespace hawser::engine {

class control_server {
public:
    static constexpr int clients_max = 64;

    control_server(hawser::bus& target, std::string socket_path);
    ~control_server();   // stops
    control_server(const control_server&) = delete;
    control_server& operator=(const control_server&) = delete;

    void start();
    // Takes no more clients, ends their waits (each is answered with what is known) and removes the socket. Blocks
    // until the calls under way have returned, so call it while `target` still answers.
    void stop();

private:
    class state;
    std::unique_ptr<state> state_;
};

}  // namespace hawser::engine
