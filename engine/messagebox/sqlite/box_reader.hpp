// Everything that only looks: queries for operators and due times, each its own short read on a connection of a small
// pool, so that no reader ever holds up a checkpoint. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/body_files.hpp"
#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {

class box_reader {
public:
    box_reader(std::string path, const body_files& files) : path_(std::move(path)), files_(files) {}

    std::optional<std::int64_t> next_due(const std::vector<std::string>& ports);
    std::unique_ptr<body_reader> open_body(std::int64_t sequence, std::size_t part_index);
    std::unique_ptr<body_reader> open_tracked_body(delivery_id id);
    std::vector<delivery_summary> list(const delivery_filter& filter);
    std::optional<delivery_detail> show(delivery_id id);
    std::vector<port_counts> counts();
    std::vector<held_count> held_counts();
    std::vector<port_state_record> port_states();
    std::set<std::int64_t> known_files();

private:
    class lease;
    std::string path_;
    const body_files& files_;
    std::mutex mutex_;
    std::vector<database> idle_;
};

}  // namespace hawser::engine::sqlite
