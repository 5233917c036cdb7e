#include "judge.hpp"

#include <algorithm>

namespace hawser::crash {
namespace {

std::string name_of(const body_identity& body) {
    return "message " + std::to_string(body.sequence) + " of submitter " + std::to_string(body.submitter);
}

std::string place_of(const journal_line& line) {
    return name_of(line.body) + " on port " + line.port + " in run " + std::to_string(line.run) + " (" +
           line.message_id + ", " + line.unique_id + ')';
}

class case_hearing {
public:
    explicit case_hearing(const evidence& given) : given_(given) {
        for (const acknowledged_message& one : given.acknowledged) {
            if (!by_id_.emplace(one.message_id, &one).second) {
                violation(name_of(one.body) + " was acknowledged with the message id of another: " + one.message_id);
            }
        }
    }

    judgement hear() {
        if (given_.written.unreadable_count > 0) {
            violation(std::to_string(given_.written.unreadable_count) + " lines of the journals are unreadable");
        }
        for (const auto& [port, lines] : given_.written.by_port) {
            for (const journal_line& line : lines) {
                look_at(line);
            }
            if (given_.ordered_ports.contains(port)) {
                check_order(lines);
            }
        }
        check_losses();
        check_repeats();
        return std::move(found_);
    }

private:
    void violation(std::string text) { found_.violations.push_back(std::move(text)); }

    void look_at(const journal_line& line) {
        const auto known = by_id_.find(line.message_id);
        if (known == by_id_.end()) {
            ++found_.unknown;
            const bool was_refused = given_.refused.contains({line.body.submitter, line.body.sequence});
            return violation(place_of(line) + (was_refused ? " was delivered although its submission was refused"
                                                           : " was delivered and never published"));
        }
        const acknowledged_message& message = *known->second;
        if (std::find(message.ports.begin(), message.ports.end(), line.port) == message.ports.end()) {
            ++found_.unknown;
            violation(place_of(line) + " came to a port that it was not published to");
        }
        if (line.size != message.size || line.sha256 != message.sha256 ||
            line.body.submitter != message.body.submitter || line.body.sequence != message.body.sequence) {
            violation(place_of(line) + " came with other bytes than were submitted as " + name_of(message.body));
        }
        check_unique_id(line);
        found_.retries += line.answer == "retry" ? 1U : 0U;
        note_delivery(line);
    }

    // One delivery, one unique id, and no two deliveries the same: the far side drops repeats by it.
    void check_unique_id(const journal_line& line) {
        const auto delivery = std::pair(line.message_id, line.port);
        const auto [id, is_new] = unique_ids_.emplace(delivery, line.unique_id);
        const auto [owner, is_first] = owners_.emplace(line.unique_id, delivery);
        if (id->second != line.unique_id) {
            violation(place_of(line) + " was first sent as " + id->second);
        }
        if (owner->second != delivery) {
            violation(place_of(line) + " has the unique id of message " + owner->second.first + " on port " +
                      owner->second.second);
        }
    }

    // What comes after a line that says delivered is a repeat, and has to lie beyond a crash.
    void note_delivery(const journal_line& line) {
        const auto delivery = std::pair(line.message_id, line.port);
        if (const auto before = delivered_in_.find(delivery); before != delivered_in_.end()) {
            ++found_.repeats;
            if (before->second < line.run && given_.crashed_runs.contains(before->second)) {
                ++found_.repeats_in_flight;
                repeated_after_[before->second].insert(delivery);
            } else {
                violation(place_of(line) + " came again although run " + std::to_string(before->second) +
                          ", which delivered it, did not crash in between");
            }
        }
        if (line.answer == "delivered") {
            delivered_in_[delivery] = line.run;
        }
    }

    // An outcome is durable before the next in order starts, so attempts of one delivery stand together, and those of
    // one submitter, which waits for each answer, in the order of its numbers.
    void check_order(const std::vector<journal_line>& lines) {
        std::map<std::uint32_t, std::uint32_t> last_sequence;
        const std::string* current = nullptr;
        for (const journal_line& line : lines) {
            if (current != nullptr && *current == line.unique_id) {
                continue;
            }
            current = &line.unique_id;
            std::uint32_t& last = last_sequence[line.body.submitter];
            if (line.body.sequence <= last) {
                ++found_.order_violations;
                violation(place_of(line) + " came after message " + std::to_string(last) + " of the same submitter");
            }
            last = std::max(last, line.body.sequence);
        }
    }

    void check_losses() {
        for (const acknowledged_message& one : given_.acknowledged) {
            for (const std::string& port : one.ports) {
                const bool is_delivered = delivered_in_.contains({one.message_id, port});
                found_.delivered += is_delivered ? 1U : 0U;
                if (!is_delivered && !given_.kept.contains({one.message_id, port})) {
                    ++found_.lost;
                    violation(name_of(one.body) + " (" + one.message_id + ") was acknowledged and never came to port " +
                              port);
                }
            }
        }
    }

    void check_repeats() {
        for (const auto& [run, deliveries] : repeated_after_) {
            found_.repeats_of_one_crash_max =
                std::max<std::uint64_t>(found_.repeats_of_one_crash_max, deliveries.size());
            if (deliveries.size() > given_.in_flight_max) {
                violation(std::to_string(deliveries.size()) + " deliveries of run " + std::to_string(run) +
                          " came again, more than can have been in flight (" + std::to_string(given_.in_flight_max) +
                          ')');
            }
        }
    }

    using delivery_key = std::pair<std::string, std::string>;  // message id, port
    const evidence& given_;
    judgement found_;
    std::map<std::string, const acknowledged_message*> by_id_;
    std::map<delivery_key, std::string> unique_ids_;
    std::map<std::string, delivery_key> owners_;
    std::map<delivery_key, std::uint32_t> delivered_in_;  // the latest run
    std::map<std::uint32_t, std::set<delivery_key>> repeated_after_;
};

}  // namespace

judgement judge(const evidence& given) { return case_hearing(given).hear(); }

}  // namespace hawser::crash
