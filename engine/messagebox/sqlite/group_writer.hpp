// Makes a group of requests durable: all in one transaction; where that fails, each by itself, so that a bad one never
// fails its neighbours. Used by the writer thread only.
//
// What a failure of the disk means is decided here (docs/decisions.md): a failed fsync ends the process; anything else
// refuses the request, which is offered again. A delivery that is damaged in the box is set aside, so that neither its
// port nor its neighbours stop for it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messagebox/sqlite/box_health.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/publication_gate.hpp"
#include "messagebox/sqlite/request_queue.hpp"

namespace hawser::engine::sqlite {

void give_up_on_sync_failure(const sqlite_error& failure);  // ends the process where it is one

class group_writer {
public:
    group_writer(box_writer& writer, publication_gate& gate, box_health& health)
        : writer_(writer), gate_(gate), health_(health) {}

    void write(std::vector<request>& group);
    std::vector<std::int64_t> take_removed_files() { return std::exchange(removed_files_, {}); }

private:
    template <typename Look, typename Work>
    std::optional<sqlite_error> transact(Look&& look, Work&& work);
    bool write_together(std::vector<request>& group);
    bool write_alone(request& one);
    bool claim_readable_ports(request& one);
    std::optional<sqlite_error> try_port(const port_claim& wanted, std::int64_t now_unix_ms);
    void note_read(const std::vector<port_claim>& ports);
    bool give_up_on_result(request& one, const sqlite_error& failure);
    void look_for_damage(const request& one);
    void apply(request& one);
    void has_failed(const sqlite_error& failure);
    void has_committed();
    void forget_staged(const request& one);

    box_writer& writer_;
    publication_gate& gate_;
    box_health& health_;
    std::vector<std::int64_t> removed_files_;
    std::string failure_text_;              // of the last failure
    std::set<std::string> ports_not_read_;  // whose last claim failed, and not because of damage
};

}  // namespace hawser::engine::sqlite
