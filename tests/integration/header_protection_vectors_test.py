#!/usr/bin/python3
"""The S/MIME messages of RFC 9788's appendix C, as they are printed there, through a receive pipeline; and those of appendices D and E,
of which it prints the payloads, sealed by OpenSSL. What is expected is what the document says that they unwrap to, read by Python's
reader of mail, and the policy that each of its titles names.

    header_protection_vectors_test.py --hawser build/bin/hawser --pki DIR
"""
import base64
import datetime
import email
import email.utils
import json
import os
import re
import subprocess
import sys

import harness
from harness import Work, check
from smime_vectors_test import blocks

KNOWN = ("Subject", "From", "To", "Date", "Message-ID")     # of the fields that are promoted, what these messages have
HIDDEN = {"": [], "hcp_baseline": ["Subject"], "hcp_shy": ["Subject", "From", "To", "Date"]}     # RFC 9788 section 3.2
ONE_PART, MULTIPART, SEALED = "BlobSign", "ClearSign", "Encrypted,BlobSign"
# The titles of the sections: how it is sealed, how its header is protected, by which policy, and whether with "Legacy Display".
TITLES = {
    "C.1.2": (ONE_PART, None, "", False), "C.1.3": (MULTIPART, None, "", False), "C.1.4": (SEALED, None, "", False),
    "C.1.6": (ONE_PART, None, "", False), "C.1.7": (MULTIPART, None, "", False), "C.1.8": (SEALED, None, "", False),
    "C.2.1": (ONE_PART, "clear", "", False), "C.2.2": (MULTIPART, "clear", "", False), "C.2.3": (ONE_PART, "clear", "", False),
    "C.2.4": (MULTIPART, "clear", "", False), "C.2.5": (ONE_PART, "RFC8551HP", "", False), "C.2.6": (MULTIPART, "RFC8551HP", "", False),
    **{f"C.3.{number}": (SEALED, "cipher", "hcp_baseline" if number % 4 in (1, 2) else "hcp_shy", number % 2 == 0)
       for number in range(1, 17)},
    "C.3.17": (SEALED, "RFC8551HP", "hcp_baseline", False),
}
SEALED_HERE = {"D.1.2": "Bob", "D.2.2": "Alice", "E.1": "Alice", "E.2": "Alice"}     # by whom; each has a "Legacy Display" and hides the subject
DISPLAY = re.compile(r'<div class="header-protection-legacy-display">.*?</div>', re.DOTALL)


class Example:
    """What the document says of one message."""

    def __init__(self, number, texts):
        self.text = texts[number]
        self.layers, self.scheme, self.policy, self.has_display = TITLES.get(number, (SEALED, "cipher", "hcp_baseline", True))
        outer = email.message_from_string(self.text)
        payload = outer.get_payload(0) if self.layers == MULTIPART else email.message_from_string(texts[f"{number} unwrapped"])
        self.payload = payload.get_payload(0) if self.scheme == "RFC8551HP" else payload
        check(payload.get_param("hp") == (self.scheme if self.scheme in ("clear", "cipher") else None), f"{number}: {payload.get_param('hp')}")
        self.header = self.payload if self.scheme else outer
        self.hidden = []
        if self.scheme == "cipher":
            left = [unfolded(value) for value in payload.get_all("HP-Outer")]
            self.hidden = [name for name in KNOWN if f"{name}: {self.field(name)}" not in left]
        elif self.layers == SEALED and self.scheme:
            self.hidden = [name for name in KNOWN if unfolded(outer[name]) != self.field(name)]
        check(self.hidden == HIDDEN[self.policy], f"{number}: {self.hidden}")

    def field(self, name):
        return unfolded(self.header[name])

    def parts(self):
        return [self.shown(part) for part in self.payload.walk() if not part.is_multipart()]

    def shown(self, part):
        """RFC 9788 section 4.5.3: without the lines, or the element, that repeat the header for other programs."""
        check((part.get_param("hp-legacy-display") == "1") == (self.has_display and part.get_content_maintype() == "text"), self.text)
        if part.get_content_maintype() != "text":
            return base64.b64decode(part.get_payload())
        text = part.get_payload()
        if self.has_display:
            display, shown = text.split("\n\n", 1) if part.get_content_subtype() == "plain" else (DISPLAY.search(text)[0], DISPLAY.sub("", text))
            check(f"Subject: {self.field('Subject')}" in display and "Subject: " not in shown, text)
            text = shown
        return text.encode("ascii")


def unfolded(value):
    return " ".join(value.split())


class Receiver:
    """Bob of RFC 9216, with a receive port; a stopped send port keeps what it took."""

    def __init__(self, work):
        keys = blocks("rfc9216.txt")
        self.work = work
        for folder in ("personal", "other-people", "trusted"):
            os.makedirs(work.path(folder))
        work.write("personal/bob.pem", (keys["Bob's Encryption End-Entity Certificate"] + keys["Bob's Decryption Private Key Material"]).encode())
        os.chmod(work.path("personal/bob.pem"), 0o600)
        work.write("trusted/root.pem", keys["RSA Certification Authority Root Certificate"].encode())
        work.bindings("receive", 9, {
            "host": {"certificates": {"personal": "personal", "otherPeople": "other-people", "trusted": "trusted"}},
            "pipelines": {"Opened": {"decode": [{"component": "SMIMEDecoder", "properties": {
                "CheckRevocationList": False, "Require": "signed"}}]}},
            "sendPorts": [{"name": "Kept", "state": "stopped", "filter": {"anyOf": [{"allOf": [["BTS.ReceivePortName", "==", "In"]]}]},
                           "primaryTransport": {"type": "SMTP", "address": "mailto:ap@example.test", "properties": {"Subject": "Test"}}}]})

    def submit(self, mails, expect=0):
        """The command's line on each of them, by name."""
        for name, text in mails.items():
            self.work.write(name, text.encode("ascii"))
        done = self.work.hawser("submit", "bindings.json", "--receive-port", "In", *mails, expect=expect)
        return dict(line.split(": ", 1) for line in done.splitlines())

    def take(self, answer):
        """The properties and parts of what was accepted."""
        check(answer.startswith("accepted, message "), answer)
        folder = answer.split()[-1]
        self.work.hawser("messages", "save", "bindings.json", folder, "--folder", folder)
        with open(self.work.path(f"{folder}/context.json"), encoding="utf-8") as file:
            properties = {one["name"]: one["value"] for one in json.load(file)["properties"]}
        parts = []
        for number in range(1, int(properties["MIME.PartCount"]) + 1):
            with open(self.work.path(f"{folder}/{'body' if number == 1 else f'part-{number}'}"), "rb") as file:
                parts.append(file.read())
        return properties, parts


def sealed_here(number, texts, work):
    """A message of this payload: the outer header is what its fields HP-Outer say."""
    keys, signer = blocks("rfc9216.txt"), SEALED_HERE[number]
    work.write("signer.pem", (keys[f"{signer}'s Signature Verification End-Entity Certificate"] + keys[f"{signer}'s Signing Private Key Material"]).encode())
    payload = texts[f"{number} unwrapped"]
    run = lambda *words, data: subprocess.run(["openssl", "cms", *words], cwd=work.folder, input=data, capture_output=True, check=True).stdout
    signed = run("-sign", "-binary", "-nodetach", "-signer", "signer.pem", data=payload.replace("\n", "\r\n").encode())
    outer = "".join(f"{unfolded(value)}\n" for value in email.message_from_string(payload).get_all("HP-Outer"))
    return outer + run("-encrypt", "-binary", "-aes-128-cbc", "personal/bob.pem", data=signed).decode().replace("\r\n", "\n")


def is_as_the_document_says(number, example, properties, parts, subject):
    signer, is_dated = SEALED_HERE.get(number, "Alice"), number in TITLES
    expected = {
        "MIME.Subject": subject, "MIME.From": example.field("From"), "MIME.To": example.field("To"), "MIME.Date": example.field("Date"),
        "MIME.MessageID": example.field("Message-ID"), "SMIME.Layers": example.layers, "SMIME.SignerAddress": f"{signer.lower()}@smime.example",
        "SMIME.IsSenderVerified": "true" if "@smime.example>" in example.field("From") else "false", "SMIME.ChainResult": "trusted",
        "SMIME.ProtectedFields": ",".join(KNOWN) if example.scheme else "", "SMIME.SignedFields": ",".join(KNOWN) if example.scheme else "",
        "SMIME.EncryptedFields": ",".join(example.hidden),
        "SMIME.SigningTime": signing_time(example.field("Date")) if is_dated else properties.get("SMIME.SigningTime"),
    }
    found = {name: properties.get(name, "") for name in expected}
    check(found == expected, f"{number}: {found}, not {expected}")
    check([part if part.startswith(b"\x89PNG") else part.replace(b"\r\n", b"\n") for part in parts] == example.parts(), f"{number}: {parts}")


def signing_time(date):
    return email.utils.parsedate_to_datetime(date).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def changed(example):
    """Another letter in what was signed, or in what it was encrypted to."""
    if example.layers == MULTIPART:
        return example.text.replace("\nmessage.\n", "\nmassage.\n")
    lines = example.text.split("\n")
    at = lines.index("") + 5 if example.layers == ONE_PART else len(lines) // 2
    lines[at] = ("B" if lines[at][0] != "B" else "C") + lines[at][1:]
    return "\n".join(lines)


def main():
    given = harness.options()
    texts = blocks("rfc9788.txt")
    printed = set(TITLES) | {f"{number} unwrapped" for number in {**TITLES, **SEALED_HERE} if TITLES.get(number, SEALED)[0] != MULTIPART}
    check(set(texts) == printed, str(set(texts) ^ printed))
    with Work(given) as work:
        bob = Receiver(work)
        texts.update({number: sealed_here(number, texts, work) for number in SEALED_HERE})
        examples = {number: Example(number, texts) for number in [*TITLES, *SEALED_HERE]}
        for number, answer in bob.submit({number: one.text for number, one in examples.items()}).items():
            one = examples[number]
            is_as_the_document_says(number, one, *bob.take(answer), one.field("Subject"))
        forged = {number: re.sub("^Subject: .*", "Subject: forged", one.text, count=1, flags=re.MULTILINE) for number, one in examples.items()}
        for number, answer in bob.submit(forged).items():
            one = examples[number]     # without header protection what somebody wrote on the way is what there is
            is_as_the_document_says(number, one, *bob.take(answer), one.field("Subject") if one.scheme else "forged")
        damaged = bob.submit({number: changed(one) for number, one in examples.items()}, expect=65)
        check(damaged == {}, f"accepted although damaged: {damaged}")
    print(f"RFC 9788: {len(examples)} messages of its appendices as the document says, also with another subject outside; each refused where damaged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
