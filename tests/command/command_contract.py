#!/usr/bin/python3
"""The contract of the command that scripts rely on: exit codes, where output goes, --json, and a running host with clients.

    command_contract.py build/bin/hawser build/tests/plugins/fail_component.so [unittest options]

Every test has a folder of its own. The test adapter (tests/plugins/test_adapter.hpp) answers what a port's Outcomes say.
"""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HAWSER = ""
PLUGIN = ""
SECONDS_MAX = 30
BODY = b"an invoice\x00\xff\r\n" * 100


class CommandTest(unittest.TestCase):
    box = "state/box.db"

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hawser-command-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.makedirs(os.path.dirname(self.path(self.box)))
        self.host = None
        self.addCleanup(self.kill_host)
        self.write("in.bin", BODY)
        self.bind([self.port("Good", "delivered"), self.port("Later", "retry"), self.port("Bad", "rejected"),
                   self.port("Held", "delivered", state="stopped")])

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)

    def port(self, name, outcomes, state="started", **transport):
        os.makedirs(self.path(name), exist_ok=True)
        return {"name": name, "state": state, "primaryTransport": {
            "type": "TEST", "address": "test:" + self.path(name) + "/", "retryCount": 3, "retryInterval": "1h",
            "properties": {"Outcomes": outcomes}, **transport}}

    def bind(self, ports):
        self.write("b.json", json.dumps({"host": {"name": "Contract", "messageBox": {"type": "sqlite", "path": self.box}},
                                         "plugins": [PLUGIN], "sendHandlers": {"TEST": {}}, "sendPorts": ports}).encode())

    def hawser(self, *words, exit_code=None, stdin=b""):
        done = subprocess.run([HAWSER, *words], cwd=self.folder, input=stdin, capture_output=True, timeout=SECONDS_MAX,
                              check=False)
        if exit_code is not None:
            self.assertEqual(done.returncode, exit_code, f"{words}\n{done.stdout!r}\n{done.stderr!r}")
        return done

    def hawser_json(self, *words, exit_code=0, stdin=b""):
        return json.loads(self.hawser(*words, "--json", exit_code=exit_code, stdin=stdin).stdout)

    def delivered(self, port):
        return sorted(name for name in os.listdir(self.path(port)) if name.endswith(".body"))

    def start_host(self):
        """Runs the host until the service manager's socket hears that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.settimeout(SECONDS_MAX)
            name = "\0hawser-contract-%d" % os.getpid()
            manager.bind(name)
            environment = dict(os.environ, NOTIFY_SOCKET="@" + name[1:])
            self.log = open(self.path("run.log"), "wb")
            self.addCleanup(self.log.close)
            self.host = subprocess.Popen([HAWSER, "run", "b.json"], cwd=self.folder, env=environment, stderr=self.log)
            self.assertIn(b"READY=1", manager.recv(1000))

    def stop_host(self):
        self.host.send_signal(signal.SIGTERM)
        self.assertEqual(self.host.wait(SECONDS_MAX), 0)
        self.host = None

    def kill_host(self):
        if self.host and self.host.poll() is None:
            self.host.kill()
            self.host.wait()


class Usage(CommandTest):
    def test_help_and_version(self):
        page = self.hawser("--help", exit_code=0).stdout.decode()
        for verb in ("check", "run", "reload", "send", "submit", "preview", "messages list", "ports list", "status", "plugins", "schema"):
            self.assertIn(verb, page)
        self.assertRegex(self.hawser("--version", exit_code=0).stdout, rb"^hawser \d+\.\d+\.\d+\n$")
        for words in (["send"], ["messages", "resume"], ["run"]):
            self.assertIn(b"Usage:", self.hawser(*words, "--help", exit_code=0).stdout)

    def test_wrong_usage_is_64_and_on_standard_error(self):
        for words in ([], ["chekc"], ["check"], ["send", "b.json", "in.bin"], ["send", "b.json", "--port", "Good"],
                      ["messages", "resume", "b.json"], ["submit", "b.json", "--key", "k", "in.bin", "in.bin"], ["check", "b.json", "--nosuch"]):
            done = self.hawser(*words, exit_code=64)
            self.assertEqual(done.stdout, b"")
            self.assertIn(b"hawser", done.stderr)

    def test_help_into_a_full_disk_is_no_success(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([HAWSER, "--help"], stdout=full, stderr=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False)
        self.assertEqual(done.returncode, 74)


class Bindings(CommandTest):
    def test_check(self):
        self.assertTrue(self.hawser("check", "b.json", exit_code=0).stdout.startswith(b"ok: "))
        self.assertTrue(self.hawser_json("check", "b.json")["isOk"])
        self.assertFalse(os.path.exists(self.path(self.box)))   # it looks, and makes nothing

    def test_bad_bindings_are_78_everywhere_and_start_nothing(self):
        self.write("bad.json", b'{ "host": { "naem": "x" },\n  "sendPorts": 7,\n  "nosuch": 1 }')
        for words in (["check", "bad.json"], ["run", "bad.json"], ["send", "bad.json", "--port", "P", "in.bin"], ["submit", "bad.json", "in.bin"],
                      ["messages", "list", "bad.json"], ["ports", "list", "bad.json"], ["reload", "bad.json"], ["status", "bad.json"], ["schema", "bad.json"],
                      ["plugins", "list", "bad.json"], ["check", "absent.json"]):
            done = self.hawser(*words, exit_code=78)
            self.assertRegex(done.stderr.decode(), r"(?m)^[^\n]*(bad|absent)\.json:.*error: ")
        text = self.hawser("check", "bad.json", exit_code=78).stderr.decode()
        for place in ("bad.json:1:", "bad.json:2:", "bad.json:3:"):   # all at once
            self.assertIn(place, text)
        self.assertFalse(self.hawser_json("check", "bad.json", exit_code=78)["isOk"])

    def test_overlay(self):
        self.write("o.json", b'{ "sendPorts": [ { "name": "Good", "state": "stopped" } ] }')
        ports = self.hawser_json("ports", "list", "b.json", "--overlay", "o.json")["ports"]
        self.assertEqual([one["state"] for one in ports if one["name"] == "Good"], ["stopped"])

    def test_schema_and_plugins(self):
        json.loads(self.hawser("schema", "b.json", exit_code=0).stdout)
        plugins = self.hawser_json("plugins", "list", "b.json")["plugins"]
        self.assertIn("TEST", [one["id"] for one in plugins])
        self.assertIn(b"Outcomes", self.hawser("plugins", "show", "b.json", "TEST", exit_code=0).stdout)
        self.hawser("plugins", "show", "b.json", "NoSuch", exit_code=66)


class WithoutHost(CommandTest):
    def check_outcomes(self):
        send = ("send", "b.json", "in.bin", "--port")
        self.assertEqual(self.hawser_json(*send, "Good")["result"], "delivered")
        with open(self.path("Good/" + self.delivered("Good")[0]), "rb") as file:
            self.assertEqual(file.read(), BODY)
        later = self.hawser_json(*send, "Later", exit_code=75)
        self.assertEqual(later["result"], "accepted")
        self.assertIsNotNone(later["deliveries"][0]["nextAttempt"])
        self.hawser(*send, "Held", exit_code=75)
        bad = self.hawser("send", "b.json", "in.bin", "--port", "Bad", exit_code=69)
        self.assertEqual(bad.stdout, b"")
        self.assertIn(b"hawser messages show b.json ", bad.stderr)
        self.hawser(*send, "Nope", exit_code=66)
        self.hawser("send", "b.json", "absent.bin", "--port", "Good", exit_code=65)
        self.hawser("send", "b.json", ".", "--port", "Good", exit_code=65)
        self.hawser(*send, "Good", "--property", "nonsense", exit_code=65)
        self.hawser("submit", "b.json", "in.bin", exit_code=66)   # no filter takes it
        self.hawser(*send, "Later", "--wait", "10ms", exit_code=75)

    def test_outcomes(self):
        self.check_outcomes()
        self.assertFalse(self.hawser_json("status", "b.json")["isRunning"])

    def test_standard_input_and_keys(self):
        first = self.hawser_json("submit", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"piped")
        again = self.hawser_json("submit", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"piped")
        self.assertEqual(first["messageId"], again["messageId"])
        self.assertTrue(again["isRepeat"])
        self.hawser("submit", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"other", exit_code=65)
        self.assertEqual(self.hawser_json("ports", "list", "b.json")["ports"][0]["queued"], 1)

    def test_looking_after(self):
        self.hawser("send", "b.json", "--port", "Bad", "in.bin", exit_code=69)
        listed = self.hawser_json("messages", "list", "b.json", "--state", "suspended")["messages"]
        self.assertEqual(len(listed), 1)
        number = str(listed[0]["delivery"])
        shown = self.hawser_json("messages", "show", "b.json", number)["messages"][0]
        self.assertEqual(shown["history"][0]["verdict"], "failed")
        self.assertEqual(self.hawser("messages", "save", "b.json", number, exit_code=0).stdout, BODY)
        self.hawser("messages", "save", "b.json", number, "-o", "saved", exit_code=0)
        with open(self.path("saved"), "rb") as file:
            self.assertEqual(file.read(), BODY)
        self.hawser("messages", "save", "b.json", number, "--part", "nosuch", exit_code=66)
        self.hawser("messages", "show", "b.json", "99999", exit_code=66)
        self.hawser("messages", "resume", "b.json", number, exit_code=0)
        self.assertEqual(self.hawser_json("messages", "list", "b.json")["messages"][0]["state"] in ("queued", "retrying"), True)
        self.hawser("messages", "terminate", "b.json", number, exit_code=0)
        self.hawser("messages", "terminate", "b.json", number, exit_code=66)
        self.assertEqual(self.hawser_json("messages", "list", "b.json")["messages"], [])
        self.hawser("ports", "start", "b.json", "Nope", exit_code=66)


class WithHost(WithoutHost):
    """The same through a running host, and what only a host can show."""

    def setUp(self):
        super().setUp()
        self.start_host()

    def test_outcomes(self):
        self.check_outcomes()
        status = self.hawser_json("status", "b.json")
        self.assertTrue(status["isRunning"])
        self.assertEqual(status["processId"], self.host.pid)
        self.stop_host()
        self.assertFalse(os.path.exists(self.path(self.box + ".sock")))

    def test_standard_input_and_keys(self):
        first = self.hawser_json("send", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"piped")
        self.assertEqual(first["result"], "delivered")
        again = self.hawser_json("submit", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"piped")
        self.assertEqual(first["messageId"], again["messageId"])
        self.hawser("submit", "b.json", "--port", "Good", "--key", "k1", "-", stdin=b"other", exit_code=65)
        self.assertEqual(len(self.delivered("Good")), 1)

    def test_looking_after(self):
        self.hawser("send", "b.json", "--port", "Bad", "in.bin", exit_code=69)
        number = str(self.hawser_json("messages", "list", "b.json")["messages"][0]["delivery"])
        self.assertEqual(self.hawser("messages", "save", "b.json", number, exit_code=0).stdout, BODY)
        self.hawser("messages", "terminate", "b.json", "--all", exit_code=0)
        self.assertEqual(self.hawser_json("messages", "list", "b.json")["messages"], [])

    def test_the_socket_is_private_and_a_second_host_is_refused(self):
        mode = os.stat(self.path(self.box + ".sock")).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        second = self.hawser("run", "b.json", exit_code=74)
        self.assertIn(b"hawser: ", second.stderr)

    def test_a_stopped_port_holds_and_a_started_one_delivers(self):
        self.hawser("ports", "stop", "b.json", "Good", exit_code=0)
        self.hawser("send", "b.json", "--port", "Good", "in.bin", exit_code=75)
        self.assertEqual(self.delivered("Good"), [])
        self.hawser("ports", "start", "b.json", "Good", exit_code=0)
        self.hawser("send", "b.json", "--port", "Good", "in.bin", exit_code=0)
        self.stop_host()
        self.assertEqual(len(self.delivered("Good")), 2)

    def test_reload_is_0_74_or_78(self):
        ports = [self.port("Good", "delivered"), self.port("Later", "retry"), self.port("Bad", "rejected"), self.port("New", "delivered")]
        self.hawser("submit", "b.json", "--port", "Held", "in.bin", exit_code=0)
        self.bind(ports)
        refused = self.hawser_json("reload", "b.json", exit_code=74)
        self.assertEqual((refused["result"], refused["exitCode"]), ("refused", 74))
        self.assertIn('"Held" 1 message', refused["text"])
        done = self.hawser_json("reload", "b.json", "--suspend-removed", exit_code=0)
        self.assertEqual(done["result"], "done")
        self.assertEqual(done["ports"], {"added": ["New"], "changed": [], "removed": ["Held"]})
        self.assertEqual(done["suspended"], 1)
        self.hawser("send", "b.json", "--port", "New", "in.bin", exit_code=0)
        self.bind([dict(ports[0], nosuch=1, priority=99)])
        bad = self.hawser("reload", "b.json", exit_code=78)
        self.assertEqual(bad.stdout, b"")
        for key in ("nosuch", "priority"):
            self.assertRegex(bad.stderr.decode(), r"b\.json:\d+:\d+: error: /sendPorts/0/" + key)
        self.assertEqual(len(self.hawser_json("reload", "b.json", exit_code=78)["problems"]), 2)
        self.bind(ports)
        self.hawser("send", "b.json", "--port", "New", "in.bin", exit_code=0)
        self.stop_host()
        self.assertEqual(self.hawser_json("reload", "b.json", exit_code=74)["code"], "host.not-running")

    def test_all_ports_and_groups_at_once(self):
        self.hawser("ports", "stop", "b.json", "--all", exit_code=0)
        self.assertEqual({one["state"] for one in self.hawser_json("ports", "list", "b.json")["ports"]}, {"stopped"})
        self.hawser("ports", "start", "b.json", "--port", "Good", exit_code=0)
        self.hawser("ports", "start", "b.json", "--group", "Good", exit_code=66)
        self.hawser("ports", "start", "b.json", "Good", "--all", exit_code=64)

    def test_many_clients_at_once(self):
        codes = []

        def send():
            codes.append(self.hawser("send", "b.json", "--port", "Good", "in.bin").returncode)
        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(codes, [0] * 16)
        self.assertEqual(len(self.delivered("Good")), 16)

    def test_a_client_that_waits_is_answered_when_it_is_interrupted_and_when_the_host_stops(self):
        words = [HAWSER, "send", "b.json", "--port", "Later", "--wait", "end", "--json", "in.bin"]
        for stop in (lambda client: client.send_signal(signal.SIGINT), lambda client: self.host.send_signal(signal.SIGTERM)):
            before = len(self.hawser_json("messages", "list", "b.json", "--port", "Later")["messages"])
            client = subprocess.Popen(words, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(client.communicate)
            self.addCleanup(client.kill)
            while True:   # until its first attempt has been made: `subprocess` bounds every look
                listed = self.hawser_json("messages", "list", "b.json", "--port", "Later", "--state", "retrying")["messages"]
                if len(listed) > before:
                    break
            stop(client)
            out, err = client.communicate(timeout=SECONDS_MAX)
            self.assertEqual(client.returncode, 75, err)
            self.assertEqual(json.loads(out)["result"], "accepted")
        self.assertEqual(self.host.wait(SECONDS_MAX), 0)
        self.host = None

    def test_a_killed_host_is_followed_by_another(self):
        self.host.kill()
        self.host.wait()
        self.assertTrue(os.path.exists(self.path(self.box + ".sock")))   # stale
        self.hawser("submit", "b.json", "--port", "Good", "in.bin", exit_code=0)   # into the box itself
        self.start_host()
        self.hawser("send", "b.json", "--port", "Good", "in.bin", exit_code=0)
        self.stop_host()
        self.assertEqual(len(self.delivered("Good")), 2)


class Queue(CommandTest):
    """Finding and changing messages in bulk; test_* twice: without a host and, in the class below, through a running one."""

    def setUp(self):
        super().setUp()
        self.fill()

    def fill(self):
        self.bind([self.port("Bad", "rejected"), self.port("Later", "retry"), self.port("Held", "delivered", state="stopped")])
        for customer in ("C1", "C2", "C2"):
            self.hawser("send", "b.json", "--port", "Bad", "--property", "ERP.Customer=" + customer, "in.bin", exit_code=69)
        self.hawser("send", "b.json", "--port", "Later", "--property", "ERP.Customer=C2", "in.bin", exit_code=75)
        self.hawser("submit", "b.json", "--port", "Held", *["in.bin"] * 7, exit_code=0)

    def listed(self, *words):
        return self.hawser_json("messages", "list", "b.json", *words)["messages"]

    def ports_of(self, *words):
        return [one["port"] for one in self.listed(*words)]

    def suspended(self):
        return [one["delivery"] for one in self.listed("--state", "suspended")]

    def test_filters(self):
        code = self.listed("--port", "Bad")[0]["code"]
        self.assertTrue(code)
        first = self.listed("--limit", "1")[0]
        for words, expected in ((["--port", "Bad"], ["Bad"] * 3), (["--state", "retrying"], ["Later"]), (["--port", "Held", "--state", "suspended"], []),
                                (["--error", code.upper(), "--state", "suspended"], ["Bad"] * 3), (["--error", "no such error"], []),
                                (["--property", "ERP.Customer=C2"], ["Bad", "Bad", "Later"]), (["--property", "ERP.Customer=c2"], []),
                                (["--property", "ERP.Customer=C2", "--state", "suspended"], ["Bad", "Bad"]),
                                (["--newer-than", "1h", "--port", "Later"], ["Later"]), (["--older-than", "1h"], []),
                                (["--since", first["published"], "--until", "2200-01-01", "--port", "Bad"], ["Bad"] * 3),
                                (["--until", first["published"]], []), (["--message-id", first["messageId"]], ["Bad"]),
                                (["--message-id", first["uniqueId"]], ["Bad"]), (["--message-id", str(first["delivery"])], ["Bad"]),
                                (["--message-id", "no-such-id"], [])):
            self.assertEqual(self.ports_of(*words), expected, words)

    def test_pages(self):
        whole = [one["delivery"] for one in self.listed()]
        self.assertEqual(len(whole), 11)
        paged, after = [], 0
        while after is not None:
            page = self.hawser_json("messages", "list", "b.json", "--limit", "4", "--after", str(after))
            paged += [one["delivery"] for one in page["messages"]]
            self.assertEqual(page["hasMore"], page["nextAfter"] is not None)
            after = page["nextAfter"]
        self.assertEqual(paged, whole)
        text = self.hawser("messages", "list", "b.json", "--limit", "4", exit_code=0).stdout.decode()
        self.assertTrue(text.endswith("… and 7 more: --after %d\n" % whole[3]), text)

    def test_an_empty_value_chooses_nothing(self):
        """What a script's variable that is not set leaves of a command."""
        before = self.listed()
        for words in (["messages", "terminate", "b.json", ""], ["messages", "resume", "b.json", "", "--set", "Y.Z=1"],
                      ["messages", "terminate", "b.json", "--port", "", "--state", "queued"],
                      ["messages", "terminate", "b.json", "--port=", "--state", "queued"], ["messages", "list", "b.json", "--message-id", ""],
                      ["submit", "b.json", "--port", "", "in.bin"], ["submit", "b.json", "--receive-port", "", "in.bin"]):
            done = self.hawser(*words, exit_code=64)
            self.assertIn(b"its value is empty", done.stderr, words)
        self.assertEqual(self.listed(), before)

    def test_terminate_what_a_filter_finds(self):
        dry = self.hawser_json("messages", "terminate", "b.json", "--property", "ERP.Customer=C2", "--dry-run")
        self.assertEqual((dry["selected"], dry["count"], dry["dryRun"]), (2, 0, True))
        self.assertEqual(len(self.suspended()), 3)
        done = self.hawser_json("messages", "terminate", "b.json", "--property", "ERP.Customer=C2")
        self.assertEqual((done["selected"], done["count"], done["skipped"]), (2, 2, []))
        self.assertEqual(len(self.suspended()), 1)
        self.assertEqual(self.hawser_json("messages", "terminate", "b.json", "--port", "Held", "--state", "queued", "--count", "5")["count"], 5)
        self.assertEqual(self.ports_of("--port", "Held"), ["Held"] * 2)
        for verb in ("terminate", "list"):
            self.hawser("messages", verb, "b.json", "--port", "Nope", exit_code=66)
        self.hawser("messages", "terminate", "b.json", "--error", "nothing has it", exit_code=0)

    def test_resume_edits(self):
        number = str(self.suspended()[0])
        before = self.listed("--port", "Bad")[0]["uniqueId"]
        self.hawser("messages", "resume", "b.json", number, "--unset", "BTS.MessageID", exit_code=65)
        self.hawser("messages", "resume", "b.json", number, "--set", "ERP.Count:int=many", exit_code=65)
        self.assertIn(int(number), self.suspended())
        self.hawser("messages", "resume", "b.json", number, "--set", "ERP.Note=checked", "--unset", "ERP.Customer", exit_code=0)
        found = self.listed("--property", "ERP.Note=checked")
        self.assertEqual([str(one["delivery"]) for one in found], [number])
        self.assertNotEqual(found[0]["uniqueId"], before)
        self.assertEqual(self.ports_of("--property", "ERP.Customer=C1"), [])

    def test_save_everything(self):
        number = str(self.suspended()[0])
        self.hawser("messages", "save", "b.json", number, "--folder", "saved", exit_code=0)
        with open(self.path("saved/in.bin"), "rb") as file:
            self.assertEqual(file.read(), BODY)
        with open(self.path("saved/context.json"), "rb") as file:
            saved = json.load(file)
        self.assertIn({"name": "ERP.Customer", "type": "string", "value": "C1", "promoted": True}, saved["properties"])
        shown = json.loads(self.hawser("messages", "save", "b.json", number, "--context", exit_code=0).stdout)
        self.assertEqual(shown, saved)
        self.hawser("messages", "save", "b.json", number, "--folder", "saved", exit_code=65)


class QueueWithHost(Queue):
    def setUp(self):
        CommandTest.setUp(self)
        self.bind([self.port("Bad", "rejected"), self.port("Later", "retry"), self.port("Held", "delivered", state="stopped")])
        self.start_host()
        self.fill()

    def test_resume_in_order_at_a_rate(self):
        self.hawser("ports", "stop", "b.json", "Bad", exit_code=0)   # so that what is resumed stays to be seen
        numbers = self.suspended()
        start = time.monotonic()
        done = self.hawser("messages", "resume", "b.json", "--port", "Bad", "--rate", "4/s", exit_code=0)
        took = time.monotonic() - start
        self.assertEqual(done.stdout.decode(), "".join("%d: resumed\n" % one for one in numbers) + "3 messages resumed\n")
        self.assertGreaterEqual(took, 0.5)   # the first at once, each other a quarter of a second later
        self.assertEqual(self.suspended(), [])
        self.hawser("ports", "start", "b.json", "Bad", exit_code=0)
        self.wait_until(lambda: self.suspended() == numbers)   # they were tried again, and rejected again

    def test_what_changes_meanwhile_is_skipped(self):
        numbers = self.suspended()
        slow = self.slow_resume()
        self.hawser("messages", "terminate", "b.json", str(numbers[2]), exit_code=0)
        out, err = slow.communicate(timeout=SECONDS_MAX)
        self.assertEqual(slow.returncode, 0, err)
        self.assertTrue(out.endswith(b"2 messages resumed, 1 skipped\n"), out)
        self.assertIn(b"%d: skipped: it is gone" % numbers[2], err)

    def test_an_interrupted_resume_says_what_was_not_tried(self):
        numbers = self.suspended()
        slow = self.slow_resume()
        slow.send_signal(signal.SIGINT)
        out, err = slow.communicate(timeout=SECONDS_MAX)
        self.assertEqual(slow.returncode, 74, err)
        self.assertIn(b"not tried", err)
        self.assertIn(numbers[2], self.suspended())

    def slow_resume(self):
        """A bulk resume, one in 2 s, that has made its first step."""
        self.hawser("ports", "stop", "b.json", "Bad", exit_code=0)
        before = len(self.suspended())
        slow = subprocess.Popen([HAWSER, "messages", "resume", "b.json", "--port", "Bad", "--rate", "30/m"], cwd=self.folder,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(slow.communicate)
        self.addCleanup(slow.kill)
        self.wait_until(lambda: len(self.suspended()) < before)
        return slow

    def wait_until(self, is_so):
        deadline = time.monotonic() + SECONDS_MAX
        while not is_so():
            self.assertLess(time.monotonic(), deadline)


class DeepFolder(WithHost):
    """A message box whose socket's path is longer than a socket address holds."""
    box = "/".join(["d" * 60] * 3) + "/box.db"


if __name__ == "__main__":
    HAWSER, PLUGIN = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
