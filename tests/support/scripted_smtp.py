#!/usr/bin/python3
"""An SMTP server that does what a text script says, however wrong, and records all that it saw.

    scripted_smtp.py --script FILE --out DIR [--pki DIR] [--port 0]

It prints "port N" once it listens, and ends on SIGTERM. Each connection has its own thread. The script holds settings and
rules; whatever it does not mention is answered as a friendly server would.

    extensions PIPELINING 8BITMIME SIZE=1000000 STARTTLS     what EHLO offers ("=" stands for a space)
    tls implicit | tls certificate wrong-name                TLS from the first byte; another certificate of the PKI
    tls version 1.2 | tls client                             TLS up to this version; with a certificate of ours, of the PKI's CA
    auth bus secret                                          the only credentials AUTH accepts
    sasl iterations 4095 | sasl nonce wrong | sasl salt wrong | sasl signature wrong | sasl early yes      a SCRAM server that is wrong
    sasl tokens first,second | sasl uses 1                   the access token it takes, and after so many uses the next one
    RCPT <bad@ -> 550 5.1.1 No such user                     rule: a command that starts with the left side gets the right
    2x MAIL -> 451 4.3.0 Later                               ... the first two times only
    banner -> ..., . -> ...                                  the greeting, and the answer to the final dot
    data after 1000 -> close                                 in the middle of a message, after so many bytes
    recipients 2                                             takes no more in one transaction: 452 4.5.3
    idle 300                                                 says 421 and closes when no command came for so many ms

Right sides:  a reply ("250 ok", several lines separated by " | "), optionally "... then close";  close;  reset;  hang;
garbage;  endless (reply lines without end);  endless-line;  bytewise REPLY (a byte at a time);  slow MS REPLY (after so many milliseconds);  raw "TEXT" (with \\r \\n);
starttls;  starttls inject "TEXT" (plain text in the same packet, before the handshake);  starttls broken.

DIR/transcript has a line for each command and reply ("1 C: EHLO x", 1 = connection), DIR/messages/NNNNN.eml the bytes of each
message without dot-stuffing, and NNNNN.json its envelope with "final_dot" and "accepted".
"""
import argparse
import base64
import json
import os
import re
import signal
import socket
import ssl
import struct
import sys
import threading
import time

import scripted_sasl

LINE_MAX = 1 << 20
ENDLESS_BYTES_MAX = 64 << 20     # a client that swallows this much of an endless reply has no limit
RULE = re.compile(r"^(?:(\d+)x\s+)?(.+?)\s+->\s+(.+)$")


class Closed(Exception):
    """The script or the client ended the connection."""


class Script:
    """The parsed script. Rules with a count are used up across all connections."""

    def __init__(self, text):
        self.lock = threading.Lock()
        self.extensions = ["PIPELINING", "8BITMIME", "SIZE=100000000", "ENHANCEDSTATUSCODES"]
        self.implicit_tls = False
        self.certificate = "server"
        self.tls_version = None
        self.needs_client = False
        self.credentials = None
        self.sasl = {}
        self.certificate_path = None
        self.recipients_max = None
        self.idle_seconds = None
        self.rules = []
        self.data_rules = []
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if line and not line.startswith("#"):
                self.read_line(number, line)

    def read_line(self, number, line):
        match = RULE.match(line)
        words = line.split()
        if match:
            count = int(match[1]) if match[1] else -1
            after = re.match(r"^data after (\d+)$", match[2])
            rule = [count, int(after[1]) if after else match[2], match[3]]
            (self.data_rules if after else self.rules).append(rule)
        elif words[0] == "extensions":
            self.extensions = words[1:]
        elif words == ["tls", "implicit"]:
            self.implicit_tls = True
        elif words[:2] == ["tls", "certificate"] and len(words) == 3:
            self.certificate = words[2]
        elif words[:2] == ["tls", "version"] and len(words) == 3:
            self.tls_version = ssl.TLSVersion[f"TLSv{words[2].replace('.', '_')}"]
        elif words == ["tls", "client"]:
            self.needs_client = True
        elif words[0] == "recipients" and len(words) == 2:
            self.recipients_max = int(words[1])
        elif words[0] == "idle" and len(words) == 2:
            self.idle_seconds = int(words[1]) / 1000
        elif words[0] == "auth" and len(words) == 3:
            self.credentials = (words[1], words[2])
        elif words[0] == "sasl" and len(words) == 3:
            self.sasl[words[1]] = words[2]
        else:
            raise SystemExit(f"scripted_smtp: line {number} is not understood: {line}")

    def action_for(self, command):
        with self.lock:
            for rule in self.rules:
                if rule[0] != 0 and command.upper().startswith(rule[1].upper()):
                    rule[0] -= rule[0] > 0
                    return rule[2]
        return None

    def data_limit(self):
        with self.lock:
            for rule in self.data_rules:
                if rule[0] != 0:
                    rule[0] -= rule[0] > 0
                    return rule[1], rule[2]
        return None, None


class Recorder:
    """Writes the transcript and the messages; one for the server."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(os.path.join(folder, "messages"), exist_ok=True)
        self.transcript = open(os.path.join(folder, "transcript"), "ab", buffering=0)
        self.lock = threading.Lock()
        self.message_count = 0

    def note(self, connection, side, text):
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        text = text.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\0")
        with self.lock:
            self.transcript.write(f"{connection} {side}: {text[:2000]}\n".encode("utf-8"))

    def message(self, content, envelope):
        with self.lock:
            self.message_count += 1
            name = os.path.join(self.folder, "messages", f"{self.message_count:05d}")
        self.envelope(name, envelope)
        with open(name + ".eml.part", "wb") as file:    # who sees the message finds it whole, and its envelope
            file.write(content)
        os.replace(name + ".eml.part", name + ".eml")
        return name

    def envelope(self, name, envelope):
        with open(name + ".json.part", "w", encoding="utf-8") as file:
            json.dump(envelope, file)
        os.replace(name + ".json.part", name + ".json")


class Session:
    """One connection."""

    def __init__(self, sock, number, script, recorder, tls_context):
        self.sock, self.number, self.script, self.recorder, self.tls_context = sock, number, script, recorder, tls_context
        self.buffer = b""
        self.is_tls = False
        self.user = None
        self.reset_envelope()

    def reset_envelope(self):
        self.sender, self.recipients, self.chunks, self.chunk_fault = None, [], bytearray(), (None, None)

    def run(self):
        self.recorder.note(self.number, "-", "connected")
        try:
            if self.script.implicit_tls:
                self.start_tls()
            self.act("banner", self.script.action_for("banner") or "220 server.example.test ESMTP scripted")
            while True:
                self.serve(self.read_command())
        except (Closed, OSError, ssl.SSLError) as error:
            self.recorder.note(self.number, "-", f"ended {type(error).__name__} {error}")
        finally:
            self.sock.close()

    # -- bytes ------------------------------------------------------------------------------------------------------

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed("by the client")
        self.buffer += data

    def read_line(self):
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_MAX:
                raise Closed("line too long")
            self.receive()
        line, self.buffer = self.buffer.split(b"\n", 1)
        line = line[:-1] if line.endswith(b"\r") else line + b"<bare LF>"
        self.recorder.note(self.number, "C", line.decode("utf-8", "replace"))
        return line.decode("utf-8", "replace")

    def read_command(self):
        """A line, or 421 and the end where the script says that an idle client is not kept."""
        self.sock.settimeout(self.script.idle_seconds)
        try:
            return self.read_line()
        except TimeoutError:
            self.sock.settimeout(None)
            self.send(b"421 4.4.2 Idle for too long\r\n")
            self.shut("close")
        finally:
            self.sock.settimeout(None)
        return None

    def send(self, data):
        self.recorder.note(self.number, "S", data)
        self.sock.sendall(data)

    def start_tls(self):
        self.sock = self.tls_context.wrap_socket(self.sock, server_side=True)
        self.buffer = b""
        self.is_tls = True
        client = [value for part in (self.sock.getpeercert() or {}).get("subject", ()) for _, value in part]
        resumed = "resumed" if self.sock.session_reused else "new"
        name = getattr(self.sock, "asked_for", None) or "nobody"
        self.recorder.note(self.number, "-", f"tls established {self.sock.version()} {resumed} for {name} client "
                           f"{' '.join(client) or 'unknown'}")

    # -- actions ----------------------------------------------------------------------------------------------------

    def act(self, command, action):
        """Does what the right side of a rule says; True where the answer was a positive reply."""
        word, _, rest = action.partition(" ")
        if word == "close":
            self.shut("close")
        if word == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.shut("reset")
        if word == "hang":
            self.hang()
        if word == "garbage":
            self.send(b"\x00\xff\xfe garbage, not a reply \x80\x81\r\n" * 3)
            return False
        if word in ("endless", "endless-line"):
            self.endless(b"250-" + b"x" * 60 + b"\r\n" if word == "endless" else b"x" * 64)
        if word == "bytewise":
            for byte in rest.replace(" | ", "\r\n").encode() + b"\r\n":
                self.sock.sendall(bytes([byte]))
            return rest[0] in "23"
        if word == "slow":
            milliseconds, _, rest = rest.partition(" ")
            time.sleep(int(milliseconds) / 1000)
            return self.act(command, rest)
        if word == "raw":
            self.send(unescape(rest))
            return False
        if word == "starttls":
            return self.starttls_action(rest)
        text, closes = (action[:-len(" then close")], True) if action.endswith(" then close") else (action, False)
        self.send(text.replace(" | ", "\r\n").encode("utf-8") + b"\r\n")
        if closes:
            self.shut("close")
        return text[0] in "23"

    def shut(self, how):
        self.recorder.note(self.number, "-", how)
        raise Closed("by the script")

    def hang(self):
        self.recorder.note(self.number, "-", "hangs")
        while True:
            self.receive()
            self.buffer = b""

    def endless(self, piece):
        self.recorder.note(self.number, "-", "endless reply begins")
        block, sent = piece * 512, 0
        try:
            while sent < ENDLESS_BYTES_MAX:
                self.sock.sendall(block)
                sent += len(block)
            self.recorder.note(self.number, "-", "the client swallowed an endless reply")
        except OSError:
            self.recorder.note(self.number, "-", "the client broke off an endless reply")
        raise Closed("after an endless reply")

    def starttls_action(self, rest):
        if rest.startswith("inject "):
            self.send(b"220 2.0.0 Ready\r\n" + unescape(rest[len("inject "):]))
        elif rest == "broken":
            self.send(b"220 2.0.0 Ready\r\nthis is no TLS record at all\r\n")
            self.shut("close")
        else:
            self.send(b"220 2.0.0 Ready\r\n")
        self.start_tls()
        self.reset_envelope()
        return True

    # -- commands ---------------------------------------------------------------------------------------------------

    def serve(self, line):
        verb = line.split(" ", 1)[0].upper()
        action = self.script.action_for(line)
        if verb == "DATA":
            return self.serve_data(action)
        if verb == "BDAT":
            return self.serve_chunk(line, action)
        if verb == "AUTH":
            return self.serve_auth(line, action)
        if verb == "RCPT" and action is None and len(self.recipients) == self.script.recipients_max:
            action = "452 4.5.3 Too many recipients"
        if action is None:
            action = self.default_action(verb)
        is_positive = self.act(verb, action)
        if verb == "MAIL" and is_positive:
            self.sender = line[len("MAIL FROM:"):]
        if verb == "RCPT" and is_positive:
            match = re.search(r"<([^>]*)>", line)
            self.recipients.append(match[1] if match else line)
        if verb in ("RSET", "EHLO", "HELO") and is_positive:
            self.reset_envelope()
        if verb == "QUIT":
            raise Closed("QUIT")

    def default_action(self, verb):
        if verb == "EHLO":
            offered = [e.replace("=", " ") for e in self.script.extensions if not (self.is_tls and e == "STARTTLS")]
            lines = ["server.example.test"] + offered
            return " | ".join([f"250-{text}" for text in lines[:-1]] + [f"250 {lines[-1]}"])
        if verb == "STARTTLS":
            return "starttls" if not self.is_tls else "503 5.5.1 Already"
        return {"HELO": "250 server.example.test", "MAIL": "250 2.1.0 Ok", "RCPT": "250 2.1.5 Ok", "RSET": "250 2.0.0 Ok",
                "NOOP": "250 2.0.0 Ok", "QUIT": "221 2.0.0 Bye"}.get(verb, "502 5.5.2 Unknown command")

    def serve_auth(self, line, action):
        if action is not None:
            return self.act("AUTH", action)
        words = line.split(" ")
        offered = [name for extension in self.script.extensions for name in extension.upper().split("=")]
        if len(words) < 2 or words[1].upper() not in offered:
            return self.send(b"504 5.5.4 Mechanism\r\n")
        user = scripted_sasl.authenticate(self, words[1].upper(), words[2] if len(words) > 2 else None)
        if user is None:
            return self.send(b"535 5.7.8 Wrong credentials\r\n")
        self.user = user
        return self.send(b"235 2.7.0 Accepted\r\n")

    def serve_chunk(self, line, action):
        """BDAT (RFC 3030): the bytes follow the command at once, whatever is answered to it."""
        words = line.split(" ")
        size, is_last = int(words[1]), words[-1].upper() == "LAST"
        if not self.chunks:
            self.chunk_fault = self.script.data_limit()
        while len(self.buffer) < size:
            limit, fault = self.chunk_fault
            if limit is not None and len(self.chunks) + len(self.buffer) >= limit:
                self.chunk_fault = (None, None)
                self.act("data", fault)
            self.receive()
        self.chunks += self.buffer[:size]
        self.buffer = self.buffer[size:]
        if action is not None or not self.recipients:
            return self.act("BDAT", action or "503 5.5.1 No valid recipients")
        if not is_last:
            return self.act("BDAT", f"250 2.0.0 {size} octets")
        envelope = self.envelope(final_dot=True)
        return self.finish(self.recorder.message(bytes(self.chunks), envelope), envelope)

    def envelope(self, final_dot=False):
        return {"connection": self.number, "from": self.sender, "recipients": self.recipients, "tls": self.is_tls,
                "user": self.user, "final_dot": final_dot, "accepted": False}

    def finish(self, name, envelope):
        """The answer to a whole message. The record says "accepted" before it leaves: a client may look at once."""
        answer = self.script.action_for(".") or "250 2.0.0 Queued"
        if re.match(r"^(bytewise |slow \d+ )?2", answer):
            self.recorder.envelope(name, {**envelope, "accepted": True})
        self.act(".", answer)
        self.reset_envelope()

    def serve_data(self, action):
        if action is None:
            action = "354 End with a dot" if self.recipients else "554 5.5.1 No valid recipients"
        self.act("DATA", action)
        if not action.removeprefix("bytewise ").startswith("354"):
            return
        envelope = self.envelope()
        content = bytearray()
        try:
            self.read_content(content)
            envelope["final_dot"] = True
        finally:
            name = self.recorder.message(bytes(content), envelope)
        self.finish(name, envelope)

    def read_content(self, content):
        limit, action = self.script.data_limit()
        while True:
            while b"\n" not in self.buffer:
                if limit is not None and len(content) + len(self.buffer) >= limit:
                    self.act("data", action)
                    limit = None
                self.receive()
            *lines, self.buffer = self.buffer.split(b"\n")
            for index, line in enumerate(lines):
                if line == b".\r":
                    self.buffer = b"\n".join(lines[index + 1:] + [self.buffer])
                    self.recorder.note(self.number, "C", ". (final dot)")
                    return
                content += (line[1:] if line.startswith(b".") else line) + b"\n"
            if limit is not None and len(content) >= limit:
                self.act("data", action)
                limit = None


def unescape(text):
    return text.strip().strip('"').encode("latin-1").decode("unicode_escape").encode("latin-1")


def make_tls_context(pki, script):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    base = os.path.join(pki, "server", script.certificate)
    script.certificate_path = base + ".pem"
    context.load_cert_chain(base + ".pem", base + ".key")
    context.sni_callback = lambda sock, name, _: setattr(sock, "asked_for", name)
    if script.tls_version:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = script.tls_version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if script.needs_client:
        context.load_verify_locations(os.path.join(pki, "certs/roots/ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def main():
    parser = argparse.ArgumentParser(description="scripted SMTP server")
    parser.add_argument("--script", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--pki")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with open(options.script, encoding="utf-8") as file:
        script = Script(file.read())
    context = make_tls_context(options.pki, script) if options.pki else None
    recorder = Recorder(options.out)
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(f"port {listener.getsockname()[1]}", flush=True)
    number = 0
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number += 1
        threading.Thread(target=Session(sock, number, script, recorder, context).run, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
