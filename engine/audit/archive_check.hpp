// Verifies an archive line by line: the chain, the signatures, each record's content, and that each hand-over has its
// result. One check for each run; one thread.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "audit/archive_reader.hpp"
#include "audit/signing_key.hpp"
#include "hawser/audit.hpp"

namespace hawser::engine::audit {

class archive_check {
public:
    archive_check(std::string folder, const audit_verify_options& options,
                  std::vector<std::shared_ptr<const verifying_key>> keys)
        : folder_(std::move(folder)), options_(options), keys_(std::move(keys)) {}

    void take(const placed_line& line);
    audit_verdict finish();

private:
    void add_break(const placed_line& line, std::string text);
    void add_break(std::string file, std::uint64_t line, std::string text);
    void follow(const placed_line& line, const line_head& head);
    void follow_first(const placed_line& line, const line_head& head);
    void take_record(const placed_line& line, const nlohmann::json& record, const audit_entry& entry);
    void take_hand_over(const placed_line& line, const nlohmann::json& record, const audit_entry& entry);
    void take_result(const placed_line& line, const audit_entry& entry);
    void take_signature(const placed_line& line, const line_head& head);
    bool is_start_expected(const line_head& head) const;

    std::string folder_;
    const audit_verify_options& options_;
    std::vector<std::shared_ptr<const verifying_key>> keys_;
    audit_verdict verdict_;
    std::uint64_t next_ = 0;  // record; 0 = none was seen
    std::string previous_;
    std::set<std::uint64_t> open_;          // hand-overs that have no result so far
    std::uint64_t forgotten_count_ = 0;     // of those that were too many to keep
    std::set<std::uint64_t> met_expected_;  // records
};

}  // namespace hawser::engine::audit
