// The page that `hawser --help` prints. The verbs' own help is made from their options.
#pragma once

namespace hawser::command {

inline constexpr const char* help_page =
    R"(Hawser - a small message bus: sends messages through pipelines and adapters, and loses none.

Usage: hawser VERB [OPTIONS] BINDINGS ...

Set up
  check BINDINGS                    check a bindings file and everything that it names; sends nothing
  plugins list|show [BINDINGS]      adapters and pipeline components, with all their properties
  schema [BINDINGS]                 JSON Schema of the bindings file, for editors
  preview BINDINGS --port P FILE    print what one transmission would carry; sends nothing
  smtp probe BINDINGS --port P      connect to the port's mail server, and say what it offers and what is wrong

Run
  run BINDINGS                      run the host in the foreground until SIGTERM or ^C; SIGHUP reloads
  reload BINDINGS                   have the running host read its changed bindings, whole or not at all
  status BINDINGS                   does it run, what is queued, what is wrong

Send
  send BINDINGS --port P FILE       publish FILE ("-" is standard input) and wait for the first attempt
  submit BINDINGS [--port P] FILE…  publish durably and return; without --port the filters route it, and with
                                    --receive-port R a receive pipeline opens and checks it first

Look after
  messages list BINDINGS            what is queued, retried and suspended, or delivered and tracked; many filters
  messages show BINDINGS ID         one message: context, parts, attempts and errors
  messages resume BINDINGS ID…      try suspended messages again (--set edits them first), or all that a filter finds
  messages terminate BINDINGS ID…   give messages up
  messages save BINDINGS ID -o FILE write out a message's body, also as it was sent (--point after); --folder DIR
  ports list BINDINGS               send ports and groups, their state and counts
  certificates list|check BINDINGS  the certificates, which ports use them, and what is wrong with them
  ports start|stop|enlist|unenlist BINDINGS NAME…
  audit verify|show|export ARCHIVE  prove that an audit archive is whole, read it, get out what was sent

Every verb takes
  --overlay FILE                    lay a JSON merge patch over the bindings (production, test, …); may be repeated
  --plugin-folder DIR               look for plugins here first; may be repeated
  --log-level LEVEL                 debug, info, warning or error
  --log-format FORMAT               text or json
  --help                            the verb's own help: hawser send --help

Exit codes
   0 done                           69 suspended: somebody has to look at it
  64 wrong usage                    74 not accepted, nothing was stored: try again
  65 bad input                      75 accepted and queued: it is tried again by itself
  66 nobody takes it, or not found  78 bad bindings

First steps
  hawser check bindings.json
  hawser send bindings.json --port InvoicesToPartner invoice.pdf
)";

}  // namespace hawser::command
