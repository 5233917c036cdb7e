#!/usr/bin/python3
"""Faults on the wire: the connection cut before and after every command and at every 1,000th byte of a message, replies split
at every byte, reply lines of 1 MiB, silence at every wait. After each one, a retry delivers the message once to every recipient
that had not accepted it, and to no other again.

Each fault has a server and a port of its own, and one message goes to all of them at once, so that the whole suite takes seconds.
The last pass sends several messages over one connection each, where the envelope of a message goes behind the content of the one
before it, and the fault strikes one of these.
"""
import collections
import json
import re
import socket
import sys
import threading
import time

import harness
from harness import Work, check

RECIPIENTS = ["a@example.test", "b@example.test", "c@example.test"]
BODY = b"".join(b"Line %06d of a message that is cut somewhere.\r\n" % number for number in range(220))
COMMANDS = ["banner", "EHLO", "MAIL", "RCPT1", "RCPT2", "RCPT3", "DATA", "."]
QUEUED_MESSAGES = 5            # of the last pass: the third is the first whose envelope comes early
CHUNKED_BODY = BODY * 120      # more than the 1 MiB from which on a body goes by BDAT
CHUNKS = ["BDAT1", "BDAT2", "BDAT3", "BDAT4", "."]     # the last one is answered as a final dot is
TIMEOUT_SECONDS = 1
DELIVER_SECONDS_MAX = 90
EVERY_FAULT = {"anyOf": [{"allOf": [["Test.Wire", "==", "faults"]]}]}
PIPELINING = ["PIPELINING", "8BITMIME", "SIZE 100000000"]


class Cut(Exception):
    """The fault that was due."""


class FaultServer:
    """Answers as a friendly server does, but for the first connections of a fault. It counts who accepted what."""

    def __init__(self, fault, extensions, steps_before=0):
        self.fault, self.extensions = fault, extensions
        self.accepted = collections.Counter()     # (Message-ID, recipient) -> positive final answers that were written
        self.lost = collections.Counter()         # the same, where the client cannot have seen the answer
        self.early_envelopes = 0                  # that came with the end of the message before
        self.faults_left, self.lock = 1, threading.Lock()
        self.steps_before = steps_before          # so often the fault's step goes well
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def close(self):
        self.listener.close()

    def take_fault(self, *at):
        with self.lock:
            if self.faults_left and self.fault[:len(at)] == at:
                self.steps_before -= 1
                if self.steps_before < 0:
                    self.faults_left -= 1
                    return True
        return False

    def serve(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = sock.makefile("rb")
        recipients, chunk_count, message_id = [], 0, b""
        try:
            self.answer(sock, "banner", b"220 ready\r\n")
            while True:
                line = stream.readline()
                if not line:
                    return
                verb = line.split(None, 1)[0].decode().upper()
                if verb == "RCPT":
                    address = re.search(rb"<([^>]*)>", line)[1].decode()
                    step = "RCPT" + str(RECIPIENTS.index(address) + 1)
                    self.answer(sock, step, b"250 ok\r\n")
                    recipients.append(address)
                elif verb == "DATA":
                    self.answer(sock, "DATA", b"354 go\r\n")
                    message_id = self.read_message(stream)
                    self.note_early_envelope(sock, stream)
                    self.final_answer(sock, message_id, recipients)
                    recipients = []
                elif verb == "BDAT":
                    chunk_count += 1
                    if len(stream.read(int(line.split()[1]))) < int(line.split()[1]):
                        return
                    if b"LAST" in line:
                        self.final_answer(sock, message_id, recipients)
                        recipients, chunk_count = [], 0
                    else:
                        self.answer(sock, f"BDAT{chunk_count}", b"250 ok\r\n")
                else:
                    self.answer(sock, verb, self.reply_to(verb))
                    recipients = recipients if verb == "NOOP" else []
                    if verb == "QUIT":
                        return
        except (Cut, OSError, ValueError):
            pass
        finally:
            stream.close()
            sock.close()

    def reply_to(self, verb):
        if verb != "EHLO":
            return b"250 ok\r\n"
        lines = ["fault.example.test"] + self.extensions
        return "".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines).encode()

    def note_early_envelope(self, sock, stream):
        sock.setblocking(False)
        self.early_envelopes += bool(stream.peek(1))
        sock.setblocking(True)

    def read_message(self, stream):
        size, message_id = 0, b""
        while True:
            line = stream.readline()
            if not line:
                raise Cut
            if line == b".\r\n":
                return message_id
            if line.lower().startswith(b"message-id:"):
                message_id = line
            size += len(line)
            if self.fault[0] == "in-data" and size >= self.fault[1] and self.take_fault("in-data", self.fault[1]):
                raise Cut

    def final_answer(self, sock, message_id, recipients):
        if self.take_fault("before", "."):
            raise Cut
        is_due = self.fault[1] == "." and self.faults_left and self.steps_before == 0
        is_seen = not (is_due and self.fault[0] in ("silence", "long-line"))
        for recipient in recipients:
            (self.accepted if is_seen else self.lost)[message_id, recipient] += 1
        self.answer(sock, ".", b"250 queued\r\n")

    def answer(self, sock, step, reply):
        """The reply, or the fault that is due at this step."""
        if step != "." and self.take_fault("before", step):     # of the final answer: before it is counted
            raise Cut
        if self.take_fault("silence", step):
            time.sleep(TIMEOUT_SECONDS * 4)
            raise Cut
        if self.take_fault("long-line", step):
            sock.sendall(b"250-" + b"x" * (1 << 20) + b"\r\n")
            sock.sendall(reply)
            raise Cut
        split = self.fault[2] if self.fault[:2] == ("split", step) else 0
        if split and self.take_fault("split", step):
            sock.sendall(reply[:split])
            time.sleep(0.01)
            reply = reply[split:]
        sock.sendall(reply)
        if self.take_fault("after", step):
            raise Cut


def faults():
    for kind in ("before", "after", "silence", "long-line"):
        for step in COMMANDS:
            yield (kind, step)
    for size in range(1000, len(BODY), 1000):
        yield ("in-data", size)
    for step, length in (("banner", 11), ("EHLO", 66), ("MAIL", 8), ("RCPT2", 8), ("DATA", 8), (".", 12)):
        for at in range(1, length):
            yield ("split", step, at)


def chunk_faults():
    for kind in ("before", "after", "silence", "long-line"):
        for step in CHUNKS:
            yield (kind, step)
    for step in CHUNKS:
        for at in range(1, 8):
            yield ("split", step, at)


def queue_faults():
    """At a step of the third and of the fourth message over a connection, but for those that come once in a connection."""
    for steps_before in (2, 3):
        for kind in ("before", "after", "silence", "long-line"):
            for step in ("MAIL", "RCPT1", "DATA", "."):
                yield ((kind, step), steps_before)
        for step in ("MAIL", "RCPT1", "DATA", "."):
            for at in (1, 4, 7):
                yield (("split", step, at), steps_before)
    for size in range(1000, len(BODY), 3000):
        yield (("in-data", size), 2)


def bindings(servers, recipients):
    """A port for each fault, so that none of them holds another one's messages back."""
    return {"sendHandlers": {"SMTP": {"SMTPHost": "127.0.0.1:1", "MaxConnections": 1, "CommandTimeout": TIMEOUT_SECONDS, "DataTimeout": TIMEOUT_SECONDS,
                                      "ConnectTimeout": 5, "IdleTimeout": 1}},
            "sendPorts": [{"name": f"P{number}", "state": "started", "filter": EVERY_FAULT, "primaryTransport": {
                "type": "SMTP", "address": "mailto:" + ",".join(recipients), "retryCount": 20, "retryInterval": "1s",
                "properties": {"SMTPHost": f"127.0.0.1:{server.port}"}}} for number, server in enumerate(servers)]}


def delivered_once(server, recipients, message_count):
    """An answer that was lost on the way does not count: what it was an answer to has to come again (RFC 5321 section 4.5.3.2.6)."""
    check(server.faults_left == 0, f"{server.fault}: the fault never happened")
    ids = {message_id for message_id, _ in server.accepted}
    check(len(ids) == message_count, f"{server.fault}: {len(ids)} messages arrived, not {message_count}")
    for message_id in ids:
        for recipient in recipients:
            got = server.accepted[message_id, recipient]
            check(got == 1, f"{server.fault}: {recipient} got {message_id} {got} times")


def run_all(given, title, servers, body=BODY, recipients=RECIPIENTS, message_count=1):
    try:
        with Work(given) as work:
            work.write("in.txt", body)
            work.bindings("plain", 1, bindings(servers, recipients))
            started = time.monotonic()
            for _ in range(message_count):      # before the host runs, so that they wait for each other
                work.hawser("submit", "bindings.json", "--property", "Test.Wire=faults", "--content-type", "application/octet-stream",
                            "in.txt")
            work.start_host()
            wait_until_empty(work)
            for server in servers:
                delivered_once(server, recipients, message_count)
            print(f"{title}: {len(servers)} faults, each message delivered once, {time.monotonic() - started:.1f} s")
    finally:
        for server in servers:
            server.close()


def run_queue(given):
    servers = [FaultServer(fault, PIPELINING, steps_before) for fault, steps_before in queue_faults()]
    run_all(given, "message behind message", servers, recipients=RECIPIENTS[:1], message_count=QUEUED_MESSAGES)
    early = sum(server.early_envelopes for server in servers)
    check(early >= len(servers), f"only {early} envelopes came with the end of the message before, over {len(servers)} connections")


def wait_until_empty(work):
    deadline = time.monotonic() + DELIVER_SECONDS_MAX
    while True:
        listed = json.loads(work.hawser("messages", "list", "bindings.json", "--json"))
        left = listed["messages"] if isinstance(listed, dict) else listed
        if not left:
            return
        check(time.monotonic() < deadline, f"{len(left)} messages were not delivered: {json.dumps(left)[:2000]}")
        time.sleep(0.2)


def main():
    given = harness.options()
    run_all(given, "with PIPELINING", [FaultServer(fault, PIPELINING) for fault in faults()])
    run_all(given, "command by command", [FaultServer(fault, PIPELINING[1:]) for fault in faults()])
    run_all(given, "in chunks", [FaultServer(fault, PIPELINING + ["CHUNKING"]) for fault in chunk_faults()], CHUNKED_BODY)
    run_queue(given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
