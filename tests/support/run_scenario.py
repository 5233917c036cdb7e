#!/usr/bin/python3
"""Runs one text scenario (tests/scenarios/README.md describes the format) and says where it departs from the expected.

    run_scenario.py --hawser build/bin/hawser --pki build/tests/pki [--keep] FILE.scenario

Exit code 0: as expected; 1: not; 2: the scenario itself cannot be read. The scenario's folder is kept after a failure.
"""
import argparse
import fcntl
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COMMAND_SECONDS_MAX = 50
EVENTUALLY_SECONDS_MAX = 20


class Failed(Exception):
    """Something is not as the scenario expects."""


class Unreadable(Exception):
    """The scenario's text is wrong."""


# -- reading ------------------------------------------------------------------------------------------------------------

def read_sections(path):
    """The title (the text before the first section) and a list of (heading words, text, line number)."""
    title, sections, current = [], [], None
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().split("\n"), 1):
            if line.startswith("--- "):
                current = (line[4:].split(), [], number)
                sections.append(current)
            elif current is None:
                title.append(line)
            else:
                current[1].append(line)
    if not "".join(title).strip():
        raise Unreadable("it starts with no sentence that says what it shows")
    return "\n".join(title).strip(), [(head, "\n".join(text), number) for head, text, number in sections]


def merge_patch(target, patch):
    """RFC 7396, but lists of objects that all have a "name" are matched by it, as hawser --overlay does."""
    if isinstance(patch, list) and isinstance(target, list) and patch and all(isinstance(p, dict) and "name" in p for p in patch):
        by_name = {item["name"]: item for item in target}
        for item in patch:
            by_name[item["name"]] = merge_patch(by_name.get(item["name"], {}), item)
        return list(by_name.values())
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def without_comments(text):
    return re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)


# -- the scenario -------------------------------------------------------------------------------------------------------

class Scenario:
    def __init__(self, path, options):
        self.options = options
        self.title, self.sections = read_sections(path)
        self.base_folder = os.path.join(os.path.dirname(os.path.abspath(path)), "bases")
        self.folder = tempfile.mkdtemp(prefix="hawser-scenario-")
        self.variables = {"DIR": self.folder, "PKI": options.pki, "HAWSER": options.hawser,
                          "PLUGINS": os.path.join(os.path.dirname(os.path.dirname(options.hawser)), "tests", "plugins")}
        self.variables["SERVER_PIN"] = read_text(os.path.join(options.pki, "server", "server.pin")).strip()
        self.servers = {}       # name -> (process, out folder)
        self.host = None
        self.host_log = os.path.join(self.folder, "host.log")
        self.last = None        # (words, stdin file, exit code, stdout, stderr) of the last command
        self.held = {}
        self.steps = []

    def run(self):
        for head, text, number in self.sections:
            handler = getattr(self, "section_" + head[0].replace("-", "_"), None)
            if handler is None:
                raise Unreadable(f"line {number}: unknown section {head[0]}")
            handler(head[1:], text, number)
        if not any(self.is_expectation(line) for _, line in self.steps):
            raise Unreadable("it expects nothing")
        for number, line in self.steps:
            try:
                self.step(line)
            except Failed as failure:
                raise Failed(f"line {number}: {line}\n{failure}") from None

    @staticmethod
    def is_expectation(line):
        return line.split(" ")[0] in ("exit", "out", "err", "not", "json", "server", "message", "messages", "log", "file",
                                       "eventually")

    def close(self):
        if self.host is not None and self.host.poll() is None:
            self.host.kill()
            self.host.wait()
        for process, _ in self.servers.values():
            process.kill()
            process.wait()
        for held in self.held.values():
            held.close()

    def expand(self, text):
        text = re.sub(r"\$([A-Z][A-Z_0-9]*)", lambda m: str(self.variables.get(m[1], m[0])), text)
        return text.replace("{CR}", "\r").replace("{LF}", "\n").replace("{TAB}", "\t")

    # -- sections

    def section_bindings(self, words, text, number):
        """bindings [BASE]: the text is the whole file, or a merge patch over bases/BASE.json."""
        if not words:
            content = self.expand(text).strip("\n") + "\n"
        else:
            with open(os.path.join(self.base_folder, words[0] + ".json"), encoding="utf-8") as file:
                base = json.loads(without_comments(self.expand(file.read())))
            try:
                patch = json.loads(without_comments(self.expand(text))) if text.strip() else {}
            except ValueError as error:
                raise Unreadable(f"line {number}: bindings: {error}") from None
            content = json.dumps(merge_patch(base, patch), indent=2)
        self.write("bindings.json", content.encode())

    def section_file(self, words, text, _number):
        """file NAME [lf|crlf|escaped|binary COUNT]: crlf is the default; escaped knows \\r \\n \\0 \\xNN and ends nowhere."""
        kind = words[1] if len(words) > 1 else "crlf"
        lines = text.rstrip("\n")
        if kind == "binary":
            content = bytes((i * 7 + i // 251) % 256 for i in range(int(words[2])))
        elif kind == "escaped":
            content = lines.encode("latin-1").decode("unicode_escape").encode("latin-1")
        else:
            content = (self.expand(lines) + "\n").encode()
            content = content.replace(b"\n", b"\r\n") if kind == "crlf" else content
        self.write(words[0], content)

    def section_server(self, words, text, _number):
        """server [NAME]: a scripted SMTP server; its port is $PORT, or $NAME_PORT."""
        self.start_server(words[0] if words else "smtp", "scripted_smtp.py", text)

    def section_token_server(self, _words, text, _number):
        """token-server: a scripted OAuth 2 token endpoint; its port is $TOKEN_PORT, and "server token" its transcript."""
        self.start_server("token", "scripted_token.py", text)

    def start_server(self, name, program, text):
        script = os.path.join(self.folder, f"server-{name}.script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(self.expand(text))
        out = os.path.join(self.folder, f"server-{name}")
        process = subprocess.Popen([sys.executable, os.path.join(HERE, program), "--script", script, "--out", out,
                                    "--pki", self.options.pki], stdout=subprocess.PIPE, text=True)
        line = process.stdout.readline()
        if not line.startswith("port "):
            raise Unreadable("the scripted server did not start")
        self.servers[name] = (process, out)
        self.variables["PORT" if name == "smtp" else name.upper() + "_PORT"] = line.split()[1]

    def section_no_server(self, _words, _text, _number):
        """no-server: $PORT is one that nobody listens on (it is held, so that nobody can take it)."""
        holder = socket.socket()
        holder.bind(("127.0.0.1", 0))
        self.held["port"] = holder
        self.variables["PORT"] = holder.getsockname()[1]

    def section_steps(self, _words, text, number):
        for offset, line in enumerate(text.split("\n"), 1):
            if line.strip() and not line.startswith("#"):
                self.steps.append((number + offset, line.strip()))

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    # -- steps

    def step(self, line):
        word, _, rest = line.partition(" ")
        if word == "$":
            return self.command(rest)
        if word == "eventually":
            return self.eventually(rest)
        if word == "not" and rest.split(" ")[0] not in ("server", "message", "messages"):
            return self.text_expectation(rest, False)
        negative = word == "not"
        if negative:
            word, _, rest = rest.partition(" ")
        handler = getattr(self, "step_" + word, None)
        if handler is None:
            raise Unreadable(f"step not understood: {line}")
        return handler(rest, negative) if word in ("server", "message", "messages") else handler(rest)

    def command(self, text):
        words = [self.expand(word) for word in shlex.split(text)]
        stdin = None
        if "<" in words:
            at = words.index("<")
            stdin, words = words[at + 1], words[:at] + words[at + 2:]
        if words[0] == "hawser":
            words[0] = self.options.hawser
        self.run_command(words, stdin)

    def run_command(self, words, stdin):
        source = open(os.path.join(self.folder, stdin), "rb") if stdin else subprocess.DEVNULL
        try:
            done = subprocess.run(words, cwd=self.folder, stdin=source, capture_output=True, timeout=COMMAND_SECONDS_MAX,
                                  check=False)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the command did not end within {COMMAND_SECONDS_MAX} s\n{late.stdout}\n{late.stderr}") from None
        finally:
            if stdin:
                source.close()
        self.last = (words, stdin, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
        match = re.search(r'"messageId"\s*:\s*"([^"]+)"', self.last[3])
        if match:
            self.variables["MESSAGE"] = match[1]
        match = re.search(r'"delivery"\s*:\s*"?(\d+)', self.last[3])
        if match:
            self.variables["DELIVERY"] = match[1]

    def eventually(self, rest):
        """Repeats the last command (or only looks again, for server, message, log) until the expectation holds."""
        deadline = time.monotonic() + EVENTUALLY_SECONDS_MAX
        while True:
            try:
                return self.step(rest)
            except Failed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
                if rest.split()[0] in ("exit", "out", "err", "not", "json"):
                    self.run_command(self.last[0], self.last[1])

    def step_start(self, rest):
        """start hawser run bindings.json ...: in the background, until its socket answers."""
        words = [self.expand(word) for word in shlex.split(rest)]
        words[0] = self.options.hawser if words[0] == "hawser" else words[0]
        log = open(self.host_log, "ab")
        self.host = subprocess.Popen(words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + EVENTUALLY_SECONDS_MAX
        while time.monotonic() < deadline and self.host.poll() is None:
            for path in glob.glob(os.path.join(self.folder, "**", "*.sock"), recursive=True):
                try:
                    with socket.socket(socket.AF_UNIX) as probe:
                        probe.connect(path)
                    return
                except OSError:
                    pass
            time.sleep(0.02)
        raise Failed("the host did not become ready:\n" + read_text(self.host_log))

    def step_stop(self, rest):
        """stop [CODE]: SIGTERM, and the exit code that follows (0)."""
        self.host.send_signal(signal.SIGTERM)
        try:
            code = self.host.wait(COMMAND_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Failed("the host did not stop") from None
        expect_equal(code, int(rest) if rest else 0, "the host's exit code", read_text(self.host_log))

    def step_hangup(self, _rest):
        """hangup: SIGHUP to the host"""
        self.host.send_signal(signal.SIGHUP)

    def step_kill(self, _rest):
        self.host.kill()
        self.host.wait()

    def step_exit(self, rest):
        """exit CODE [CODE...]: one of them"""
        if str(self.last[2]) not in rest.split():
            raise Failed(f"the exit code is {self.last[2]}, expected {rest}\n{self.shown()}")

    def step_out(self, rest):
        self.text_expectation("out " + rest, True)

    def step_err(self, rest):
        self.text_expectation("err " + rest, True)

    def step_log(self, rest):
        self.text_expectation("log " + rest, True)

    def step_file(self, rest):
        """file NAME is NAME | file NAME has /pattern/"""
        name, verb, what = rest.split(" ", 2)
        with open(os.path.join(self.folder, name), "rb") as file:
            content = file.read()
        if verb == "is":
            with open(os.path.join(self.folder, what), "rb") as file:
                if file.read() != content:
                    raise Failed(f"{name} differs from {what}")
        else:
            self.match(what, content.decode("latin-1"), True, name)

    def step_json(self, rest):
        """json /pointer == VALUE | json /pointer has /pattern/ | json: the whole output is JSON"""
        try:
            value = json.loads(self.last[3])
        except ValueError as error:
            raise Failed(f"the output is not JSON: {error}\n{self.shown()}") from None
        if not rest:
            return
        pointer, operator, expected = rest.split(" ", 2)
        for key in pointer.split("/")[1:]:
            try:
                value = value[int(key)] if isinstance(value, list) else value[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Failed(f"nothing at {pointer}\n{self.shown()}") from None
        if operator == "==":
            expect_equal(value, json.loads(self.expand(expected)), pointer, self.shown())
        else:
            self.match(expected, value if isinstance(value, str) else json.dumps(value), True, pointer)

    def text_expectation(self, rest, wanted):
        where, _, pattern = rest.partition(" ")
        sources = {"out": lambda: self.last[3], "err": lambda: self.last[4], "log": lambda: read_text(self.host_log)}
        if where not in sources:
            raise Unreadable(f"step not understood: {rest}")
        self.match(pattern, sources[where](), wanted, {"out": "stdout", "err": "stderr", "log": "the host's log"}[where])

    def match(self, pattern, text, wanted, where):
        if len(pattern) < 2 or pattern[0] != "/" or pattern[-1] != "/":
            raise Unreadable(f"a pattern stands between slashes: {pattern}")
        found = re.search(self.expand(pattern[1:-1]), text, re.MULTILINE) is not None
        if found != wanted:
            raise Failed(f"{where} {'has no' if wanted else 'has'} {pattern}:\n{text}\n{self.shown()}")

    def step_server(self, rest, negative=False):
        """server [NAME] connections|messages|accepted N, server [NAME] saw /pattern/ (transcript)"""
        words = rest.split(" ")
        name = words.pop(0) if words[0] in self.servers else "smtp"
        out = self.servers[name][1]
        transcript = read_text(os.path.join(out, "transcript"))
        what, argument = words[0], " ".join(words[1:])
        if what == "saw":
            return self.match(argument, transcript, not negative, "the server's transcript")
        envelopes = self.envelopes(name)
        actual = {"connections": lambda: len(re.findall(r"^\d+ -: connected", transcript, re.MULTILINE)),
                  "messages": lambda: sum(e["final_dot"] for e in envelopes), "started": lambda: len(envelopes),
                  "accepted": lambda: sum(e["accepted"] for e in envelopes)}
        if what not in actual or negative:
            raise Unreadable(f"step not understood: server {rest}")
        return expect_equal(actual[what](), int(argument), f"server {what}", transcript + self.shown())

    def envelopes(self, name="smtp"):
        result = []
        for path in sorted(glob.glob(os.path.join(self.servers[name][1], "messages", "*.json"))):
            with open(path, encoding="utf-8") as file:
                result.append(json.load(file))
        return result

    def step_message(self, rest, negative=False):
        """message N has /pattern/ | recipients A B | from A | opens FILE [signed|encrypted|both]"""
        number, what, argument = (rest.split(" ", 2) + [""])[:3]
        files = sorted(glob.glob(os.path.join(self.servers["smtp"][1], "messages", "*.eml")))
        if len(files) < int(number):
            raise Failed(f"the server got only {len(files)} messages\n{self.shown()}")
        path = files[int(number) - 1]
        with open(path, "rb") as file:
            content = file.read()
        if what == "has":
            return self.match(argument, content.decode("latin-1").replace("\r\n", "\n"), not negative, f"message {number}")
        envelope = self.envelopes()[int(number) - 1]
        if what == "recipients":
            return expect_equal(envelope["recipients"], argument.split(), "recipients", self.shown())
        if what == "opens":
            words = argument.split()
            return self.opens(path, words[0], words[1] if len(words) > 1 else "both")
        raise Unreadable(f"step not understood: message {rest}")

    def step_messages(self, rest, negative=False):
        """[not] messages has /pattern/: in the header of any of them"""
        headers = []
        for path in glob.glob(os.path.join(self.servers["smtp"][1], "messages", "*.eml")):
            with open(path, "rb") as file:
                headers.append(file.read().split(b"\r\n\r\n")[0].decode("latin-1").replace("\r\n", "\n"))
        self.match(rest.removeprefix("has "), "\n".join(headers), not negative, "the messages' headers")

    def opens(self, path, expected, seals):
        """The message decrypts for the partner, its signature verifies, and the body part is the expected file."""
        command = [sys.executable, os.path.join(HERE, "open_mail.py"), "--pki", self.options.pki, "--seals", seals, path,
                   os.path.join(self.folder, expected)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(done.stdout + done.stderr)

    def shown(self):
        if self.last is None:
            return ""
        return (f"--- command: {shlex.join(self.last[0])}\n--- exit {self.last[2]}\n--- stdout\n{self.last[3]}\n"
                f"--- stderr\n{self.last[4]}")


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def expect_equal(actual, expected, what, details):
    if actual != expected:
        raise Failed(f"{what}: {actual!r}, expected {expected!r}\n{details}")


def make_pki(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([os.path.join(HERE, "make_pki.sh"), folder], check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description="run one scenario")
    parser.add_argument("--hawser", required=True)
    parser.add_argument("--pki", required=True)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("scenario")
    options = parser.parse_args()
    options.hawser = os.path.abspath(options.hawser)
    options.pki = os.path.abspath(options.pki)
    make_pki(options.pki)
    code, scenario = 0, None
    try:
        scenario = Scenario(options.scenario, options)
        scenario.run()
    except Failed as failure:
        print(f"{options.scenario}: NOT AS EXPECTED\n{failure}")
        code = 1
    except Unreadable as error:
        print(f"{options.scenario}: cannot be read: {error}")
        code = 2
    finally:
        if scenario is not None:
            scenario.close()
            if code == 0 and not options.keep:
                shutil.rmtree(scenario.folder)
            else:
                print(f"kept: {scenario.folder}")
    return code


if __name__ == "__main__":
    sys.exit(main())
