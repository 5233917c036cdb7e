#!/usr/bin/python3
"""kill -9 of `hawser run` while 1,000 messages go out, again and again: all arrive, and only what was in flight is repeated.

The seed is printed; HAWSER_SEED=N repeats a run.
"""
import collections
import glob
import json
import os
import random
import re
import time

import harness
from harness import Work, check

MESSAGE_COUNT = 1000
KILL_COUNT = 6
IN_FLIGHT_MAX = 16
ARRIVAL_SECONDS_MAX = 120


class Received:
    """What the server has seen: by message text, the Message-IDs, and how many were accepted."""

    def __init__(self, folder):
        self.folder = folder

    def accepted_files(self):
        result = []
        for path in sorted(glob.glob(os.path.join(self.folder, "messages", "*.json"))):
            with open(path, encoding="utf-8") as file:
                if json.load(file)["accepted"]:
                    result.append(path[:-len("json")] + "eml")
        return result

    def finished_count(self):
        return len(glob.glob(os.path.join(self.folder, "messages", "*.json")))

    def by_text(self):
        ids = collections.defaultdict(list)
        for path in self.accepted_files():
            with open(path, "rb") as file:
                content = file.read().decode("latin-1")
            number = re.search(r"number (\d+) of the run", content)
            identity = re.search(r"^Message-ID: *(\S+)", content, re.MULTILINE | re.IGNORECASE)
            check(number and identity, f"{path} is damaged:\n{content[:500]}")
            ids[int(number[1])].append(identity[1])
        return ids


def wait_for(received, count, process):
    deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
    while received.finished_count() < count:
        check(time.monotonic() < deadline, f"only {received.finished_count()} of {count} messages arrived")
        check(process.poll() is None, "the host ended by itself")
        time.sleep(0.002)


def main():
    given = harness.options()
    seed = int(os.environ.get("HAWSER_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    with Work(given) as work:
        # The answer to the final dot takes its time: so most kills fall between acceptance and outcome, where repeats come from.
        port, out = work.server(". -> slow 20 250 2.0.0 Queued")
        received = Received(out)
        work.bindings("plain", port, {"sendPorts": [{"name": "Out", "maxInFlight": IN_FLIGHT_MAX,
                                                     "primaryTransport": {"retryInterval": "1s"}}]})
        files = []
        for number in range(MESSAGE_COUNT):
            files.append(f"{number:04d}.txt")
            work.write(files[-1], f"This is number {number} of the run.\r\n".encode())
        host = work.start_host()
        for first in range(0, MESSAGE_COUNT, 250):     # the first are on their way while the last are submitted
            work.hawser("submit", "bindings.json", "--port", "Out", *files[first:first + 250])
            if first == 250:
                host.kill()
                host.wait()
                host = work.start_host()
        for kill in range(1, KILL_COUNT):
            seen = received.finished_count()
            wait_for(received, min(MESSAGE_COUNT - 50, seen + chance.randrange(1, 120)), host)
            time.sleep(chance.random() * 0.01)          # not synchronisation: the moment of the kill is to vary
            host.kill()
            host.wait()
            host = work.start_host()
        deadline = time.monotonic() + ARRIVAL_SECONDS_MAX
        while len(received.by_text()) < MESSAGE_COUNT:
            check(time.monotonic() < deadline, f"{len(received.by_text())} of {MESSAGE_COUNT} arrived")
            time.sleep(0.2)
        # The queue empties only after the last outcome is durable.
        while json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"]:
            check(time.monotonic() < deadline, "the queue does not empty:\n" + work.hawser("messages", "list", "bindings.json"))
            time.sleep(0.1)
        work.stop_host(host)
        judge(received.by_text())


def judge(ids):
    check(set(ids) == set(range(MESSAGE_COUNT)), "some message is missing or foreign")
    repeats = sum(len(identities) - 1 for identities in ids.values())
    for number, identities in ids.items():
        check(len(set(identities)) == 1, f"message {number} came with different Message-IDs: {identities}")
        check(len(identities) <= 1 + KILL_COUNT, f"message {number} came {len(identities)} times")
    check(repeats <= KILL_COUNT * IN_FLIGHT_MAX, f"{repeats} repeats: more than were in flight at {KILL_COUNT} kills")
    check(len({identities[0] for identities in ids.values()}) == MESSAGE_COUNT, "two messages share a Message-ID")
    print(f"{MESSAGE_COUNT} of {MESSAGE_COUNT} arrived after {KILL_COUNT} kills; {repeats} repeats, each with its Message-ID")


if __name__ == "__main__":
    main()
