// What is left in the box when the killing is over: resumed, delivered, looked at, removed, until nothing is left.
// Failure: std::runtime_error where the box does not drain in time; what is wrong in the box comes as a violation.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hawser/host.hpp"
#include "judge.hpp"

namespace hawser::crash {

// Resumes whatever is suspended, and notes the deliveries that were suspended because of crashes.
void resume_suspended(bus& host, std::set<std::int64_t>& suspended_by_crashes);

// Waits until nothing is left but what is suspended for good, checks that it is whole, and removes it.
std::set<std::pair<std::string, std::string>> drain(bus& host, const std::vector<acknowledged_message>& acknowledged,
                                                    std::set<std::int64_t>& suspended_by_crashes,
                                                    std::vector<std::string>& violations);

// Of the files of a box that no host runs on: nothing is in them any more, and they are sound.
void check_empty_box(const std::string& box_path, std::vector<std::string>& violations);

}  // namespace hawser::crash
