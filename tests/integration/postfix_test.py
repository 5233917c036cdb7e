#!/usr/bin/python3
"""Sealed mail through a real Postfix, opened by openssl and by gpgsm; 4xx and 5xx."""
import json
import os
import subprocess
import sys

import harness
from harness import SUPPORT, Work, check
from private_postfix import PrivatePostfix, as_root

TLS = {"sendHandlers": {"SMTP": {"TLS": "starttls"}}}


def encoder(properties):
    return {"pipelines": {"Sealed": {"encode": [{"component": "SMIMEEncoder", "properties": properties}]}}}


def merged(*patches):
    result = {}
    for patch in patches:
        result = harness.run_scenario.merge_patch(result, patch)
    return result


def opens(given, mail, expected, tool, seals="both"):
    done = subprocess.run([sys.executable, os.path.join(SUPPORT, "open_mail.py"), "--pki", given.pki, "--tool", tool,
                           "--seals", seals, mail, expected], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{tool}: {done.stdout}{done.stderr}")


def sealed_mail(given, postfix, number, signature, algorithm):
    """Every byte value, more than one TLS record, lines that look like SMTP."""
    body = bytes(range(256)) * 700 + b"\r\n.\r\nQUIT\r\n..\r\n"
    with Work(given) as work:
        work.write("in.bin", body)
        work.bindings("sealed", postfix.port, merged(TLS, encoder(
            {"SignatureType": signature, "EnableEncryption": True, "EncryptionAlgorithm": algorithm, "CheckRevocationList": True})))
        work.hawser("send", "bindings.json", "--port", "Out", "in.bin")
        mail = postfix.messages(number)[-1]
        for tool in ("openssl", "gpgsm"):
            opens(given, mail, work.path("in.bin"), tool)
        print(f"{signature} {algorithm}: opened by openssl and gpgsm")


def signed_mail(given, postfix, number):
    """ClearSign with text that a relay likes to change: From at a line's start, trailing blanks, no last line end."""
    with Work(given) as work:
        work.write("in.txt", b"From here on\r\ntrailing blanks  \r\n.leading dot\r\nno end")
        work.bindings("sealed", postfix.port, merged(TLS, encoder({"SignatureType": "ClearSign", "CheckRevocationList": False})))
        work.hawser("send", "bindings.json", "--port", "Out", "in.txt")
        mail = postfix.messages(number)[-1]
        for tool in ("openssl", "gpgsm"):
            opens(given, mail, work.path("in.txt"), tool, "signed")
        print("ClearSign alone: verified by openssl and gpgsm")


def refused_and_deferred(given, postfix, number):
    with Work(given) as work:
        work.write("in.txt", b"Hello\r\n")
        for address, code, state in (("reject", 69, "suspended"), ("defer", 75, "retrying")):
            work.bindings("tls", postfix.port, {"sendPorts": [{"name": "Out", "primaryTransport": {
                "address": f"mailto:{address}@example.test"}}]})
            answer = json.loads(work.hawser("send", "bindings.json", "--port", "Out", "--json", "in.txt", expect=code))
            check(answer["deliveries"][0]["state"] == state, f"{address}: {answer}")
        check(len(postfix.messages()) == number, "something was delivered")
        print("550 suspends, 450 is tried again")


def main():
    as_root()
    given = harness.options()
    with PrivatePostfix(given.pki) as postfix:
        for number, (signature, algorithm) in enumerate((("BlobSign", "AES256"), ("BlobSign", "AES128"), ("ClearSign", "AES192")), 1):
            sealed_mail(given, postfix, number, signature, algorithm)
        signed_mail(given, postfix, 4)
        refused_and_deferred(given, postfix, 4)


if __name__ == "__main__":
    main()
