// Whether the arguments of a verb say which messages, or which ports, it is to change. Stateless.
#pragma once

#include <string>

namespace hawser::command {

struct arguments;

// What is wrong, for the person who typed it; "" = nothing.
std::string port_names_problem(const arguments& values);  // of the verbs of "ports"
std::string selection_problem(const arguments& values);   // of "messages resume" and "messages terminate"

}  // namespace hawser::command
