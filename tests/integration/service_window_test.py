#!/usr/bin/python3
"""A service window ends while messages wait for a connection: one that has been given to the server is finished, and those that wait
go back to the queue, uncounted, and are sent when the window opens again. The window really ends, at a full minute: the test
waits for that.
"""
import datetime
import json
import sys
import time

import harness
from harness import Work, check

SECONDS_LEFT_MIN = 10       # of the window when the messages are submitted
MESSAGE_COUNT = 4
SERVER = """
RCPT TO:<hangs@ -> hang
"""


def minute_after(moment, minutes=0):
    return (moment + datetime.timedelta(minutes=minutes)).strftime("%H:%M")


def window_end():
    """The next full minute that is far enough away."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=SECONDS_LEFT_MIN)
    return now.replace(second=0, microsecond=0) + datetime.timedelta(minutes=1)


def bindings(end):
    transport = {"type": "SMTP", "address": "mailto:w@example.test", "retryCount": 0,
                 "serviceWindow": {"from": minute_after(end, -10), "to": minute_after(end), "timeZone": "UTC"}}
    return {"sendHandlers": {"SMTP": {"MaxConnections": 1, "CommandTimeout": 120}},
            "sendPorts": [{"name": "Out", "primaryTransport": {"address": "mailto:hangs@example.test"}},
                          {"name": "Windowed", "state": "started", "primaryTransport": transport}]}


def windowed(work):
    listed = json.loads(work.hawser("messages", "list", "bindings.json", "--port", "Windowed", "--json"))["messages"]
    return [json.loads(work.hawser("messages", "show", "bindings.json", str(one["delivery"]), "--json"))["messages"][0]
            for one in listed]


def wait_for(what, text, seconds):
    deadline = time.monotonic() + seconds
    while not what():
        check(time.monotonic() < deadline, text)
        time.sleep(0.1)


def connection_hangs(folder):
    with open(folder + "/transcript", encoding="utf-8") as file:
        return "RCPT TO:<hangs@" in file.read()


def main():
    given = harness.options()
    with Work(given) as work:
        port, server = work.server(SERVER)
        end = window_end()
        work.write("in.txt", b"Hello\r\n")
        work.bindings("plain", port, bindings(end))
        work.start_host()
        work.hawser("submit", "bindings.json", "--port", "Out", "in.txt")
        wait_for(lambda: connection_hangs(server), "the server never hung", 10)     # it has the only connection
        work.hawser("submit", "bindings.json", "--port", "Windowed", *["in.txt"] * MESSAGE_COUNT)
        wait_for(lambda: [one["state"] for one in windowed(work)] == ["active"] * MESSAGE_COUNT, "the messages do not wait", 8)
        left = (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
        check(left > 0, "the window ended too early for this test")
        time.sleep(left)
        wait_for(lambda: all(one["state"] != "active" for one in windowed(work)), "they still wait for a connection", 10)
        for one in windowed(work):
            check(one["attempts"] == 0, f"an attempt was counted: {one}")
            check([entry["code"] for entry in one["history"]] == ["smtp.not-begun"], f"its history: {one['history']}")
        ports = work.hawser("ports", "list", "bindings.json")
        check("outside its service window" in ports, ports)
        with open(server + "/transcript", encoding="utf-8") as file:
            check("w@example.test" not in file.read(), "it was sent outside its window")
        reopened = bindings(end + datetime.timedelta(minutes=5))
        reopened["sendPorts"][1]["primaryTransport"]["properties"] = {"SMTPHost": f"localhost:{port}"}     # connections of its own
        work.bindings("plain", port, reopened)
        work.hawser("reload", "bindings.json")
        wait_for(lambda: not windowed(work), "they were not sent when the window was open again", 20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
