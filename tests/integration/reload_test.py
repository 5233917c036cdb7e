#!/usr/bin/python3
"""50 reloads while several clients submit without a pause: every message arrives once, and those of an ordered port in order.

The bindings change in all that a reload can change: ports, priorities, filters, an adapter's handler, groups, a port that comes and goes.
"""
import glob
import json
import os
import re
import signal
import subprocess
import threading
import time

import harness
from harness import Work, check

RELOAD_COUNT = 50
CLIENT_COUNT = 3
FILES_OF_SUBMISSION = 4
ARRIVAL_SECONDS_MAX = 120


def patch(variant):
    """The bindings' changes: everything that is named here differs between two variants that follow each other."""
    ports = [{"name": "Out", "orderedDelivery": True, "primaryTransport": {"properties": {"Subject": f"Ordered {variant}"}}},
             {"name": "Free", "priority": 1 + variant % 10, "maxInFlight": 1 + variant % 5,
              "filter": {"anyOf": [{"allOf": [["Shop.Kind", "==", "free"]] + [["Shop.Kind", "exists"]] * (variant % 2)}]},
              "primaryTransport": {"type": "SMTP", "address": "mailto:free@example.test", "retryInterval": "1s",
                                   "properties": {"Subject": f"Free {variant}"}}}]
    if variant % 3 == 0:
        ports.append({"name": "Visitor", "primaryTransport": {"type": "SMTP", "address": "mailto:visitor@example.test"}})
    groups = [{"name": "Group", "ports": ["Out"], "filter": {"anyOf": [{"allOf": [["Shop.Kind", "==", "ordered"]]}]}}] if variant % 2 else []
    return {"sendHandlers": {"SMTP": {"From": f"bus{variant // 4}@example.test"}}, "sendPorts": ports, "sendPortGroups": groups}


class Client(threading.Thread):
    """Submits until it is told to stop; remembers how many of each kind were accepted, in their order."""

    def __init__(self, work, number, is_over):
        super().__init__()
        self.work, self.number, self.is_over = work, number, is_over
        self.count, self.failures = 0, []

    def run(self):
        while not self.is_over.is_set():
            files = []
            for index in range(self.count, self.count + FILES_OF_SUBMISSION):
                files.append(f"client{self.number}-{index}.txt")
                self.work.write(files[-1], f"client {self.number} number {index} end\r\n".encode())
            for where in (["--port", "Out"], ["--property", "Shop.Kind=free"]):
                done = subprocess.run([self.work.given.hawser, "submit", "bindings.json", *where, *files], cwd=self.work.folder,
                                      capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    self.failures.append(done.stderr)
            self.count += FILES_OF_SUBMISSION


def log_count(work, text):
    with open(work.path("host.log"), encoding="utf-8", errors="replace") as log:
        return log.read().count(text)


def write_bindings(work, port, variant):
    """By a rename: clients read the file all the time."""
    work.bindings("plain", port, patch(variant), name="next.json")
    os.rename(work.path("next.json"), work.path("bindings.json"))


def reload(work, host, number):
    if number % 2:
        work.hawser("reload", "bindings.json")
        return
    before = log_count(work, "the bindings were reloaded")
    host.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while log_count(work, "the bindings were reloaded") == before:
        check(time.monotonic() < deadline, "SIGHUP did not reload")
        time.sleep(0.01)


def received(folder):
    """By recipient, the (client, number) of the accepted messages in the order in which they came."""
    all_of = {}
    for path in sorted(glob.glob(os.path.join(folder, "messages", "*.json"))):
        with open(path, encoding="utf-8") as file:
            envelope = json.load(file)
        if not envelope["accepted"]:
            continue
        with open(path[:-len("json")] + "eml", "rb") as file:
            match = re.search(rb"client (\d+) number (\d+) end", file.read())
        check(match, f"{path} is damaged")
        all_of.setdefault(envelope["recipients"][0], []).append((int(match[1]), int(match[2])))
    return all_of


def judge(arrived, clients):
    expected = {(client.number, index) for client in clients for index in range(client.count)}
    for recipient in ("ap@example.test", "free@example.test"):
        check(len(arrived[recipient]) == len(set(arrived[recipient])), f"{recipient}: some message came twice")
        check(set(arrived[recipient]) == expected, f"{recipient}: {len(expected - set(arrived[recipient]))} are missing")
    for client in clients:
        order = [index for number, index in arrived["ap@example.test"] if number == client.number]
        check(order == sorted(order), f"client {client.number}: the ordered port delivered {order}")


def main():
    given = harness.options()
    with Work(given) as work:
        port, out = work.server(". -> slow 2 250 2.0.0 Queued")
        write_bindings(work, port, 0)
        host = work.start_host()
        is_over = threading.Event()
        clients = [Client(work, number, is_over) for number in range(CLIENT_COUNT)]
        for client in clients:
            client.start()
        try:
            for number in range(1, RELOAD_COUNT + 1):
                write_bindings(work, port, number)
                reload(work, host, number)
        finally:
            is_over.set()
            for client in clients:
                client.join()
        for client in clients:
            check(not client.failures, f"client {client.number}: {client.failures[:1]}")
        deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
        while json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"]:
            check(time.monotonic() < deadline, "the queue does not empty:\n" + work.hawser("messages", "list", "bindings.json"))
            time.sleep(0.1)
        work.stop_host(host)
        judge(received(out), clients)
        print(f"{RELOAD_COUNT} reloads; {2 * sum(client.count for client in clients)} messages of {CLIENT_COUNT} clients arrived once, "
              "those of the ordered port in order")


if __name__ == "__main__":
    main()
