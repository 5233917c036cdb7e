#!/usr/bin/python3
"""A 5 GiB attachment through the SMTP adapter, by DATA and by BDAT: under 48 MiB resident, and the same SHA-256 at the other end.

    large_attachment_test.py --hawser build/bin/hawser --pki build/tests/pki      (the sink is beside the PKI)

HAWSER_LARGE_MIB=N sends N MiB instead. The file is sparse: only the system's page cache sees its zeros.
"""
import hashlib
import os
import re
import subprocess
import threading
import time

import harness
from harness import Work, check, status_kib

RESIDENT_KIB_MAX = 48 * 1024
MIB = 1 << 20


def make_file(path, size_mib):
    """Sparse, with a block of its own at every sixteenth MiB, and an end that is no whole base64 line."""
    with open(path, "wb") as file:
        block = os.urandom(MIB)
        for number in range(0, size_mib, 16):
            file.seek(number * MIB)
            file.write(number.to_bytes(8, "big") + block[8:])
        file.truncate(size_mib * MIB - 1)


class Digest(threading.Thread):
    """Beside the transfer: the two cores are not both busy all the time."""

    def __init__(self, path):
        super().__init__()
        self.path, self.text = path, ""

    def run(self):
        with open(self.path, "rb") as file:
            self.text = hashlib.file_digest(file, "sha256").hexdigest()


def send(work):
    """Gives the peak resident memory in KiB; VmHWM only grows, so it is enough to look often until the end."""
    process = subprocess.Popen([work.given.hawser, "send", "bindings.json", "--port", "Out", "--wait", "end", "in.txt"], cwd=work.folder,
                               stdin=subprocess.DEVNULL)
    work.processes.append(process)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, status_kib(process.pid, "VmHWM"))
        except (AssertionError, OSError):
            pass     # it is ending: a zombie has no memory
        time.sleep(0.05)
    check(process.returncode == 0, f"hawser send: {process.returncode}")
    return peak


def transfer(given, work, size_mib, way, digest):
    sink = subprocess.Popen([os.path.join(os.path.dirname(given.pki), "attachment_sink"), *(["--chunking"] if way == "BDAT" else [])],
                            stdout=subprocess.PIPE, text=True)
    work.processes.append(sink)
    port = int(sink.stdout.readline().split()[1])
    work.bindings("plain", port, {"sendPorts": [{"name": "Out", "primaryTransport": {"properties": {
        "EmailBodyText": "Grüße", "Attachments": [work.path("in.bin")]}}}]})
    start = time.monotonic()
    peak = send(work)
    seconds = time.monotonic() - start
    print(f"{size_mib} MiB by {way} in {seconds:.1f} s ({size_mib / seconds:.0f} MiB/s), {peak} KiB resident", flush=True)
    check(0 < peak < RESIDENT_KIB_MAX, f"{peak} KiB resident, at most {RESIDENT_KIB_MAX}")
    line = sink.stdout.readline()
    found = re.fullmatch(r"(\d+) bytes, sha256 (\w+), by (\w+)\n", line)
    digest.join()
    check(found and found.groups() == (str(size_mib * MIB - 1), digest.text, way), f"the attachment differs: {line} {digest.text}")


def main():
    given = harness.options()
    size_mib = int(os.environ.get("HAWSER_LARGE_MIB", "5120"))
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        make_file(work.path("in.bin"), size_mib)
        digest = Digest(work.path("in.bin"))
        digest.start()
        transfer(given, work, size_mib, "DATA", digest)
        size_mib = min(size_mib, 512)
        make_file(work.path("in.bin"), size_mib)
        digest = Digest(work.path("in.bin"))
        digest.start()
        transfer(given, work, size_mib, "BDAT", digest)
        print("the same bytes at the other end")


if __name__ == "__main__":
    main()
