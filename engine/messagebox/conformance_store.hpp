// The stores that the conformance suite tests, each with what the suite needs besides the interface. A further store is
// added to HAWSER_STORES with such a class of its own; everything else stays as it is.
#pragma once

#include <memory>

#include "messagebox/reference_box.hpp"
#include "messagebox/test_box.hpp"

namespace hawser::engine::test {

class sqlite_store {
public:
    std::unique_ptr<message_box> open() { return folder_.open(); }  // at most one at a time
    std::size_t large_body_count() const { return folder_.body_file_count(); }
    // The host dies with what it has in flight, and its claims have run out.
    void let_die(std::unique_ptr<message_box> host) { host.reset(); }

private:
    box_folder folder_;
};

class reference_hosts {
public:
    std::unique_ptr<message_box> open() { return store_.open_host(); }  // another host each time
    std::size_t large_body_count() { return store_.large_body_count(); }
    void let_die(std::unique_ptr<message_box> host) {
        host.reset();
        store_.pass(reference_store::lease_ms);
    }
    void pass(std::int64_t ms) { store_.pass(ms); }

private:
    reference_store store_;
};

#define HAWSER_STORES hawser::engine::test::sqlite_store, hawser::engine::test::reference_hosts
#define HAWSER_SHARED_STORES hawser::engine::test::reference_hosts  // those that several hosts may have open

}  // namespace hawser::engine::test
