#!/usr/bin/python3
"""kill -9 of the host while a mail comes in through a receive port, at different moments: nothing of it is there afterwards, and the
same submission is then one message.

The seed is printed; HAWSER_SEED=N repeats a run.
"""
import json
import os
import random
import subprocess
import time

import harness
from harness import Work, check
from receive_large_test import seal

SIZE_MIB = 64
KILL_COUNT = 8
SUBMIT = ("submit", "bindings.json", "--receive-port", "In", "--port", "Out", "--key", "one", "--json", "sealed.eml")


def make_bindings(work, given):
    os.mkdir(work.path("ours"))
    with open(work.path("ours/partner.pem"), "wb") as ours:
        for name in ("certs/other-people/partner.pem", "partner/partner.key"):
            with open(os.path.join(given.pki, name), "rb") as file:
                ours.write(file.read())
    work.bindings("receive", 9, {"pipelines": {"Opened": {"decode": [{"component": "SMIMEDecoder", "properties": {
        "Require": "encrypted"}}]}}, "sendPorts": [{"name": "Out", "state": "stopped"}]})


def stored(work):
    """How many messages, and how many bodies."""
    listed = json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"]
    return len(listed), len(os.listdir(work.path("state/messagebox.db.bodies")))


def is_staging(work):
    return os.path.isdir(work.path("state/messagebox.db.bodies")) and os.listdir(work.path("state/messagebox.db.bodies")) != []


def kill_in_submit(work, wait_seconds):
    """Kills client and host `wait_seconds` after the submission began (None: once its body is being staged); whether it was under way.
    The client goes first: else it would publish the message by itself when its host has gone."""
    host = work.start_host()
    client = subprocess.Popen([work.given.hawser, *SUBMIT], cwd=work.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    work.processes.append(client)
    deadline = time.monotonic() + (60 if wait_seconds is None else wait_seconds)
    while time.monotonic() < deadline and client.poll() is None and not (wait_seconds is None and is_staging(work)):
        time.sleep(0.001)
    was_under_way = client.poll() is None
    client.kill()
    host.kill()
    client.wait()
    host.wait()
    return was_under_way


def main():
    given = harness.options()
    seed = int(os.environ.get("HAWSER_SEED", random.randrange(1 << 32)))
    print(f"HAWSER_SEED={seed}", flush=True)
    chance = random.Random(seed)
    with Work(given) as work:
        make_bindings(work, given)
        seal(work, SIZE_MIB)
        under_way = 0
        for number in range(KILL_COUNT):
            if kill_in_submit(work, None if number % 2 else chance.uniform(0.02, 0.15)):
                under_way += 1
                check(stored(work) == (0, 0), f"{stored(work)} messages and bodies are there after kill {number}")
        check(under_way >= KILL_COUNT // 2, f"only {under_way} of {KILL_COUNT} kills hit a submission")
        host = work.start_host()
        for is_repeat in (False, True):
            answer = json.loads(work.hawser(*SUBMIT))
            check(answer["isRepeat"] == is_repeat, f"{answer}")
        check(stored(work) == (1, 1), f"{stored(work)} messages and bodies are there, expected one of each")
        work.stop_host(host)
        print(f"{under_way} kills hit a submission, and left nothing")


if __name__ == "__main__":
    main()
