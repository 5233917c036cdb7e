#!/usr/bin/python3
"""The signing certificate's file is replaced while messages flow: none fails, and later ones are signed with the new one.

Before that the file is half written, which leaves the old certificate in use; and the new one ends soon, which is warned of.
"""
import glob
import json
import os
import subprocess
import threading
import time

import harness
from harness import Work, check

TAKEN_SECONDS_MAX = 20


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, **more).stdout


def issue(work, name, days, serial):
    """A certificate with its key in one file, from the tests' authority; gives the file's content."""
    key, request, made = (work.path(name + end) for end in (".key", ".csr", ".crt"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    work.write("extensions", b"keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\nsubjectAltName=email:bus@example.test\n")
    openssl("x509", "-req", "-in", request, "-CA", os.path.join(work.given.pki, "certs/roots/ca.pem"),
            "-CAkey", os.path.join(work.given.pki, "ca/ca.key"), "-set_serial", str(serial), "-days", str(days),
            "-extfile", work.path("extensions"), "-out", made)
    with open(made, "rb") as certificate, open(key, "rb") as private_key:
        return certificate.read() + private_key.read()


def put(work, name, content):
    """As an operator should: written beside it, and renamed."""
    path = work.write("certs/." + name, content)
    os.chmod(path, 0o600)
    os.rename(path, work.path("certs/" + name))


def signers(folder):
    """Who signed each message, in the order in which they came."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "messages", "*.eml"))):
        signer = path + ".signer"
        openssl("cms", "-verify", "-noverify", "-in", path, "-signer", signer, "-out", os.devnull)
        found.append(openssl("x509", "-in", signer, "-noout", "-subject", "-nameopt", "RFC2253").decode().strip().removeprefix("subject="))
    return found


class Client(threading.Thread):
    """Sends one message after the other and waits for each, until it is told to stop."""

    def __init__(self, work):
        super().__init__()
        self.work, self.is_over, self.count, self.failure = work, threading.Event(), 0, ""

    def run(self):
        while not self.is_over.is_set() and not self.failure:
            done = subprocess.run([self.work.given.hawser, "send", "bindings.json", "--port", "Out", "body.txt"], cwd=self.work.folder,
                                  capture_output=True, text=True, check=False)
            self.failure = "" if done.returncode == 0 else f"{done.returncode}: {done.stderr}"
            self.count += 1
            self.is_over.wait(0.1)      # each is looked at by openssl afterwards


def wait_for_log(work, text):
    deadline = time.monotonic() + TAKEN_SECONDS_MAX
    while True:
        with open(work.path("host.log"), encoding="utf-8") as log:
            if text in log.read():
                return
        check(time.monotonic() < deadline, f"the log does not say: {text}")
        time.sleep(0.05)


def sent_from_now(client, count=5):
    start, deadline = client.count, time.monotonic() + 60
    while client.count < start + count and not client.failure:
        check(time.monotonic() < deadline, "messages do not flow any more")
        time.sleep(0.05)
    check(not client.failure, client.failure)
    return start


def main():
    given = harness.options()
    with Work(given) as work:
        port, out = work.server(". -> 250 2.0.0 Queued")
        os.mkdir(work.path("certs"))
        put(work, "bus.pem", issue(work, "old", 90, 7001))
        new = issue(work, "new", 10, 7002)
        work.write("body.txt", b"hello\r\n")
        work.bindings("sealed", port, {"host": {"certificates": {"personal": work.path("certs"), "signing": "bus.pem"}},
                                       "pipelines": {"Sealed": {"encode": [{"component": "SMIMEEncoder", "properties": {
                                           "SignatureType": "ClearSign", "CheckRevocationList": False}}]}}})
        host = work.start_host()
        client = Client(work)
        client.start()
        try:
            sent_from_now(client)
            work.write("certs/bus.pem", new[:len(new) // 2])
            wait_for_log(work, "what it held before stays in use")
            sent_from_now(client)
            check("CN=new" not in signers(out), "half a file was used")
            check("stays in use" in work.hawser("status", "bindings.json"), "the status does not tell of the half-written file")
            put(work, "bus.pem", new)
            wait_for_log(work, "a certificate ends soon")
            last_old = sent_from_now(client) + 2   # one may have been under way
            sent_from_now(client)
        finally:
            client.is_over.set()
            client.join()
        check(not client.failure, client.failure)
        by = signers(out)
        check(len(by) == client.count, f"{len(by)} messages arrived of {client.count}")
        check(by[0] == "CN=old" and set(by[last_old:]) == {"CN=new"}, f"signed by {by}")
        check(by == sorted(by, reverse=True), "the old certificate was used after the new one")
        status = work.hawser("status", "bindings.json")
        check("in 9 days; it signs for Out" in status and "stays in use" not in status, status)
        check(not json.loads(work.hawser("messages", "list", "bindings.json", "--json"))["messages"], "messages are left")
        work.stop_host(host)
        print(f"{client.count} messages, none failed; {by.count('CN=old')} signed with the old certificate, {by.count('CN=new')} with the new one")


if __name__ == "__main__":
    main()
