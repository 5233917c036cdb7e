// The verbs: each is a function from the command line to an exit code, in a file of its name. Called by main, which
// catches what they throw (std::exception: not accepted).
#pragma once

#include "host/command_line.hpp"

namespace hawser::command {

int check(const arguments& given);
int run(const arguments& given);
int reload(const arguments& given);
int send(const arguments& given);
int submit(const arguments& given);
int preview(const arguments& given);
int smtp_probe(const arguments& given);
int certificates_list(const arguments& given);
int certificates_check(const arguments& given);
int messages_list(const arguments& given);
int messages_show(const arguments& given);
int messages_resume(const arguments& given);
int messages_terminate(const arguments& given);
int messages_save(const arguments& given);
int ports_list(const arguments& given);
int ports_change(const arguments& given);
int status(const arguments& given);
int plugins_list(const arguments& given);
int plugins_show(const arguments& given);
int schema(const arguments& given);
int audit_verify(const arguments& given);
int audit_show(const arguments& given);
int audit_export(const arguments& given);

}  // namespace hawser::command
