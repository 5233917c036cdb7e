#!/usr/bin/python3
"""Sealed mail through a real Postfix, opened by openssl and by gpgsm; protected headers; 4xx and 5xx; SMTPUTF8, CHUNKING and DSN."""
import email
import email.policy
import json
import os
import subprocess
import sys

import harness
from harness import SUPPORT, Work, check
from peer_mail import QUEUED_MESSAGES, check_queued, send_queued
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


def protected_mail(given, postfix, number):
    """RFC 9788: the subject is [...] for Postfix and whoever reads the mailbox, and the true one after openssl cms -decrypt."""
    subject = "Angebot 4711 für Müller"
    for offset, (policy, sender) in enumerate((("hcp_baseline", "Der Bus <bus@example.test>"), ("hcp_shy", "bus@example.test")), 1):
        with Work(given) as work:
            work.write("in.txt", b"Due on Friday.\r\n")
            work.bindings("sealed", postfix.port, merged(TLS, encoder({
                "SignatureType": "BlobSign", "EnableEncryption": True, "TripleWrap": True, "CheckRevocationList": False,
                "HeaderProtection": policy}), {"sendPorts": [{"name": "Out", "primaryTransport": {
                    "properties": {"From": "Der Bus <bus@example.test>", "Subject": subject}}}]}))
            before = postfix.messages()
            work.hawser("send", "bindings.json", "--port", "Out", "in.txt")
            [path] = set(postfix.messages(number + offset)) - set(before)  # in one second their names have no order
            with open(path, "rb") as file:
                raw = file.read()
            outer = parsed(path)
            check(outer["Subject"] == "[...]" and outer["From"] == sender, f"outside: {outer['Subject']} {outer['From']}")
            check(b"4711" not in raw and b"Angebot" not in raw, "the subject is readable outside")
            inner = payload(given, work, path)
            check(inner["Subject"] == subject and inner["From"] == "Der Bus <bus@example.test>", f"inside: {inner.items()}")
            check(inner["Content-Type"].params["hp"] == "cipher", inner["Content-Type"])
            outside = {name: value.strip() for name, _, value in (one.partition(":") for one in inner.get_all("HP-Outer"))}
            check(outside["Subject"] == "[...]" and outside["From"] == sender, f"HP-Outer: {outside}")
            check(outside["Message-ID"] == outer["Message-ID"] == inner["Message-ID"], f"HP-Outer: {outside}")
            shown = ["From: Der Bus <bus@example.test>"] if policy == "hcp_shy" else []
            text = "\n".join([*shown, f"Subject: {subject}", "", "Due on Friday.", ""])
            check(inner["Content-Type"].params["hp-legacy-display"] == "1" and inner.get_content() == text, inner.get_content())
    print("header protection: [...] outside, the true subject after openssl cms -decrypt")


def payload(given, work, mail):
    """What a triple-wrapped mail holds, opened layer by layer by openssl."""
    roots = os.path.join(given.pki, "certs/roots/ca.pem")
    partner = ["-recip", os.path.join(given.pki, "certs/other-people/partner.pem"),
               "-inkey", os.path.join(given.pki, "partner/partner.key")]
    for step, words in enumerate((["-verify", "-CAfile", roots], ["-decrypt", *partner], ["-verify", "-CAfile", roots])):
        opened = work.path(f"layer-{step}.eml")
        done = subprocess.run(["openssl", "cms", *words, "-in", mail, "-out", opened], capture_output=True, check=False)
        check(done.returncode == 0, f"openssl cms {words[0]}: {done.stderr.decode('utf-8', 'replace')}")
        mail = opened
    return parsed(mail)


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


def parsed(path):
    with open(path, "rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def extensions(given, postfix, number):
    """SMTPUTF8, CHUNKING with BCC and HTML, and a DSN that comes back, each as a real server takes it."""
    with Work(given) as work:
        body = bytes(range(256)) * 8000
        work.write("in.bin", body)
        work.write("logo.png", b"PNG")
        work.bindings("tls", postfix.port, {"sendPorts": [{"name": "Out", "primaryTransport": {
            "address": "mailto:jörg@example.test", "properties": {
                "BCC": "audit@example.test", "EmailBodyText": "Grüße", "EmailBodyHtml": "<img src='cid:logo.png'>",
                "InlineImages": [work.path("logo.png")], "MessagePartsAttachments": "body"}}}]})
        work.hawser("send", "bindings.json", "--port", "Out", "in.bin")
        for path in postfix.messages(number + 2)[-2:]:
            mail = parsed(path)
            with open(path, "rb") as file:
                check("\nTo: jörg@example.test".encode() in file.read(), f"To: {mail['To']}")
            check("audit" not in str(mail["To"]) + str(mail["Cc"]), "the BCC recipient is shown")
            check(mail.get_body(("plain",)).get_content().strip() == "Grüße", "the text")
            check("cid:logo.png" in mail.get_body(("html",)).get_content(), "the HTML")
            check([part.get_content() for part in mail.iter_attachments()] == [body], "the attachment")
        print("SMTPUTF8, CHUNKING, BCC and HTML: taken, and the same at the other end")
        work.bindings("tls", postfix.port, {"sendPorts": [{"name": "Out", "primaryTransport": {
            "address": "mailto:ap%2Bx@example.test", "properties": {"NotifyOn": "success", "ReturnContent": "headers"}}}]})
        work.hawser("send", "bindings.json", "--port", "Out", "in.bin")
        reports = [mail for mail in map(parsed, postfix.messages(number + 4)) if mail.get_content_type() == "multipart/report"]
        check(len(reports) == 1, f"{len(reports)} notifications")
        check("Original-Recipient: rfc822;ap+2Bx@example.test" in reports[0].as_string() or
              "Original-Recipient: rfc822;ap+x@example.test" in reports[0].as_string(), reports[0].as_string()[:3000])
        print("DSN: the notification of success came back, with the envelope's id and the original recipient")


def queue(given, postfix, number):
    with Work(given) as work:
        work.bindings("tls", postfix.port, {"sendHandlers": {"SMTP": {"MaxConnections": 1}}, "sendPorts": [{
            "name": "Out", "primaryTransport": {"address": "mailto:queue@example.test"}}]})
        send_queued(work)
        check_queued([parsed(path) for path in postfix.messages(number + QUEUED_MESSAGES)[-QUEUED_MESSAGES:]])
        check("improper command pipelining" not in postfix.log(), postfix.log())
        print(f"{QUEUED_MESSAGES} messages over one connection, each envelope behind the content before: each arrived once")


def main():
    as_root()
    given = harness.options()
    with PrivatePostfix(given.pki) as postfix:
        for number, (signature, algorithm) in enumerate((("BlobSign", "AES256"), ("BlobSign", "AES128"), ("ClearSign", "AES192")), 1):
            sealed_mail(given, postfix, number, signature, algorithm)
        signed_mail(given, postfix, 4)
        protected_mail(given, postfix, 4)
        refused_and_deferred(given, postfix, 6)
        extensions(given, postfix, 6)
        queue(given, postfix, len(postfix.messages()))


if __name__ == "__main__":
    main()
