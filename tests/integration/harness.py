"""What the end-to-end tests share: options, a work folder, bindings, the hawser command, the scripted server."""
import argparse
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(os.path.dirname(HERE), "support")
sys.path.insert(0, SUPPORT)

import run_scenario  # noqa: E402  (its folder has to be on the path first)

READY_SECONDS_MAX = 20


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hawser", required=True)
    parser.add_argument("--pki", required=True)
    parsed, _ = parser.parse_known_args()
    parsed.hawser, parsed.pki = os.path.abspath(parsed.hawser), os.path.abspath(parsed.pki)
    run_scenario.make_pki(parsed.pki)
    return parsed


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def unless_gone(_, __, failure):
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]


class Work:
    """A folder for one test, with a bindings file; deleted where the test passed."""

    def __init__(self, given):
        self.given = given
        self.folder = tempfile.mkdtemp(prefix="hawser-e2e-")
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        if kind is None:
            shutil.rmtree(self.folder, onerror=unless_gone)     # gpg-agent, which ends by itself, takes its sockets away
        else:
            print(f"kept: {self.folder}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def bindings(self, base, port, patch=None, name="bindings.json"):
        with open(os.path.join(os.path.dirname(HERE), "scenarios", "bases", base + ".json"), encoding="utf-8") as file:
            text = run_scenario.without_comments(file.read()).replace("$PORT", str(port)).replace("$PKI", self.given.pki)
        value = run_scenario.merge_patch(json.loads(text), patch or {})
        self.write(name, json.dumps(value, indent=2).encode())

    def hawser(self, *words, expect=0, seconds=120):
        done = subprocess.run([self.given.hawser, *words], cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=seconds, stdin=subprocess.DEVNULL)
        check(done.returncode in (expect if isinstance(expect, tuple) else (expect,)), f"hawser {' '.join(words)}: {done.returncode}, expected {expect}\n"
              f"{done.stdout}{done.stderr}")
        return done.stdout

    def start_host(self):
        """hawser run in the background, until its socket answers. The log is host.log."""
        with open(self.path("host.log"), "ab") as log:
            process = subprocess.Popen([self.given.hawser, "run", "bindings.json"], cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log)
        self.processes.append(process)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline and process.poll() is None:
            for path in glob.glob(self.path("state/*.sock")):
                try:
                    with socket.socket(socket.AF_UNIX) as probe:
                        probe.connect(path)
                    return process
                except OSError:
                    pass
            time.sleep(0.002)
        with open(self.path("host.log"), encoding="utf-8", errors="replace") as log:
            raise AssertionError("the host did not become ready\n" + log.read()[-4000:])

    def stop_host(self, process):
        process.send_signal(signal.SIGTERM)
        check(process.wait(60) == 0, f"the host ended with {process.returncode}")

    def server(self, script, program="scripted_smtp.py", name="server"):
        """Starts a server of tests/support; gives its port and its folder."""
        self.write(name + ".script", script.encode())
        out = self.path(name)
        process = subprocess.Popen([sys.executable, os.path.join(SUPPORT, program), "--script", self.path(name + ".script"),
                                    "--out", out, "--pki", self.given.pki], stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return int(process.stdout.readline().split()[1]), out


def status_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    raise AssertionError(f"no {field}")
