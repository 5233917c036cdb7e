#!/usr/bin/python3
"""The audit archive of mail: what the server got is in it, byte for byte, and it verifies without any of our own code.

The archive's chain is followed with hashlib, and its signatures are checked by the openssl command.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time

import harness
from harness import Work, check

TEXT = "Ein Brief.\r\n.dots at the start\r\n..and two\r\nGr\u00fc\u00dfe\r\n".encode()


def patch(**port):
    return {"host": {"auditArchives": {"mail": {"path": "audit", "signingKey": "audit.pem"}}},
            "sendPorts": [{"name": "Out", "audit": "mail", **port}]}


def make_key(work, kind=("ed25519",)):
    subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", work.path("audit.pem")], check=True, capture_output=True)
    os.chmod(work.path("audit.pem"), 0o600)
    subprocess.run(["openssl", "pkey", "-in", work.path("audit.pem"), "-pubout", "-out", work.path("audit.pub")], check=True)


def read_records(work):
    """Every record, its chain followed and its signatures checked."""
    records, previous, signed = [], "0" * 64, 0
    folder = work.path("audit")
    names = sorted((name for name in os.listdir(folder) if name.startswith("records-")),
                   key=lambda name: int(re.search(r"\d+", name)[0]))
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            lines = file.read().split(b"\n")
        check(lines.pop() == b"", "the last line has no end")
        for line in lines:
            record = json.loads(line)
            check(record["record"] == len(records) + 1, f"record {record['record']} stands at {len(records) + 1}")
            check(record["previous"] == previous, f"record {record['record']} is not chained to the one before")
            if record["kind"] == "signature":
                check_signature(work, line, record["signature"])
                signed = record["record"]
            previous = hashlib.sha256(line).hexdigest()
            records.append(record)
    return records, signed


def check_signature(work, line, signature):
    signed = line[:line.rindex(b',"value":"')]
    with tempfile.TemporaryDirectory() as folder:
        text, value = os.path.join(folder, "text"), os.path.join(folder, "value")
        for path, content in ((text, signed), (value, base64.b64decode(signature["value"]))):
            with open(path, "wb") as file:
                file.write(content)
        raw = ["-rawin"] if signature["algorithm"].startswith("ed") else ["-rawin", "-digest", "sha256"]
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", work.path("audit.pub"), "-in", text,
                               "-sigfile", value, *raw], capture_output=True, text=True, check=False)
        check(done.returncode == 0, "openssl does not accept a signature: " + done.stdout + done.stderr)


def content_of(work, record):
    content = record["content"]
    if content.get("file"):
        with open(os.path.join(work.path("audit"), "content", content["file"]), "rb") as file:
            data = file.read()
    else:
        data = base64.b64decode(content["bytes"])
    check(len(data) == content["size"] and hashlib.sha256(data).hexdigest() == content["sha256"], "a content is not what its record says")
    return data


def of_kind(records, kind):
    return [record for record in records if record["kind"] == kind]


def received(folder, number):
    with open(os.path.join(folder, "messages", f"{number:05}.eml"), "rb") as file:
        return file.read()


def stuffed(mail):
    return re.sub(rb"(?m)^\.", b"..", mail) + b".\r\n"


def test_data(given, key):
    """DATA over TLS with authentication, small and large; one recipient refused."""
    with Work(given) as work:
        make_key(work, key)
        port, folder = work.server("extensions PIPELINING 8BITMIME STARTTLS AUTH=SCRAM-SHA-256\nauth bus Pa55word-unique\n"
                                   "RCPT TO:<bad@ -> 550 5.1.1 No such user\n")
        work.write("secret", b"Pa55word-unique")
        work.write("small.txt", TEXT)
        work.write("large.txt", TEXT * 20000)
        handler = {"SMTPAuthenticate": "basic", "Username": "bus", "Password": {"file": "secret"}}
        work.bindings("tls", port, {"sendHandlers": {"SMTP": handler}, **patch(
            primaryTransport={"properties": {"CC": "bad@example.test", "AuditBCC": "auditor@example.test"}})})
        for name in ("small.txt", "large.txt"):
            work.hawser("send", "bindings.json", "--port", "Out", name, expect=69)
        records, signed = read_records(work)
        handed, results = of_kind(records, "hand-over"), of_kind(records, "result")
        check(len(handed) == len(results) == 2, "two were handed over")
        check(signed == len(records), "the end of a stopped host's archive is signed")
        for number, record in enumerate(handed, 1):
            check(content_of(work, record) == stuffed(received(folder, number)), "the archive has other bytes than the server got")
            facts = record["facts"]
            check(facts["transfer"] == "DATA" and facts["session"]["server"] == f"127.0.0.1:{port}", "the transfer")
            check(facts["session"]["tls"]["version"].startswith("TLSv1.") and facts["session"]["tls"]["cipher"], "TLS")
            check(re.fullmatch("[0-9a-f]{64}", facts["session"]["tls"]["certificate"]["sha256"]), "the certificate")
            check(facts["session"]["authentication"] == {"mechanism": "SCRAM-SHA-256", "user": "bus"}, "the authentication")
            check(set(facts["envelope"]["recipients"]) - set(facts["accepted"]) == {"bad@example.test"}, "who was accepted")
            check("auditor@example.test" in facts["accepted"], "the auditor")
            said = [line["text"] for line in facts["dialogue"]]
            check(any(text.startswith("550 5.1.1") for text in said) and any(text.startswith("354") for text in said), "the replies")
            check(all(abs(line["unixMs"] / 1000 - time.time()) < 600 for line in facts["dialogue"]), "the times")
        check([record["handOver"] for record in results] == [record["record"] for record in handed], "each has its result")
        check(all(any(line["text"].startswith("250") for line in record["facts"]["dialogue"]) for record in results), "the last answer")
        everything = json.dumps(records)
        check("Pa55word" not in everything and ",r=" not in everything, "credentials are in the archive")
        print(work.hawser("audit", "verify", "audit", "--key", "audit.pub", "--signed"), end="")
        exported = work.path("out.eml")
        work.hawser("audit", "export", "audit", "--record", str(handed[1]["record"]), "--output", "out.eml")
        with open(exported, "rb") as file:
            check(file.read() == received(folder, 2), "the export is not the mail")
        shown = work.hawser("audit", "show", "audit", "--recipient", "auditor@example.test")
        check(shown.count("hand-over") == 2, shown)


def test_chunks(given):
    """BDAT: the chunks' bytes, without the commands."""
    with Work(given) as work:
        make_key(work)
        port, folder = work.server("extensions PIPELINING CHUNKING 8BITMIME\n")
        work.write("large.bin", os.urandom(3 << 20))
        work.bindings("plain", port, patch())
        work.hawser("send", "bindings.json", "--port", "Out", "large.bin")
        record = of_kind(read_records(work)[0], "hand-over")[0]
        check(record["facts"]["transfer"] == "BDAT", "the transfer")
        check(content_of(work, record) == received(folder, 1), "the archive has other bytes than the server got")
        work.hawser("audit", "export", "audit", "--record", str(record["record"]), "--output", "out.eml")
        with open(work.path("out.eml"), "rb") as file:
            check(file.read() == received(folder, 1), "the export is not the mail")


def test_failures(given):
    """What nobody accepted is a record too; what the server took without saying so has an open end."""
    with Work(given) as work:
        make_key(work)
        port, _ = work.server("1x RCPT -> 550 5.1.1 No such user\n1x . -> close\n")
        work.write("in.txt", TEXT)
        work.bindings("plain", port, patch(primaryTransport={"retryCount": 0}))
        work.hawser("send", "bindings.json", "--port", "Out", "in.txt", expect=69)
        work.hawser("send", "bindings.json", "--port", "Out", "in.txt", expect=69)
        records, _ = read_records(work)
        broken, handed, results = (of_kind(records, kind) for kind in ("broken-off", "hand-over", "result"))
        check(len(broken) == 1 and "No such user" in json.dumps(broken), "a refusal")
        check(len(handed) == len(results) == 1 and results[0]["facts"]["outcome"] == "smtp.no-final-reply", str(results))


def test_unwritable(given):
    """An archive that cannot be written stops sending: before anything is said of the message, and in its middle."""
    with Work(given) as work:
        make_key(work)
        port, folder = work.server("")
        work.write("in.txt", TEXT)
        work.write("audit", b"no folder")
        work.bindings("plain", port, patch())
        out = work.hawser("send", "bindings.json", "--port", "Out", "in.txt", "--json", expect=75)
        check("smtp.audit" in out, out)
        with open(os.path.join(folder, "transcript"), encoding="utf-8") as file:
            check("MAIL" not in file.read(), "the envelope was sent although nothing could be recorded")
        os.remove(work.path("audit"))
        check(mount_small(work.path("audit")), "a small disk could not be mounted")
        try:
            work.write("large.bin", os.urandom(4 << 20))
            work.hawser("send", "bindings.json", "--port", "Out", "large.bin", expect=75)
            check(not os.path.exists(os.path.join(folder, "messages", "00001.eml")) or not accepted(folder, 1),
                  "a message was accepted that the archive does not have")
        finally:
            subprocess.run(["umount", work.path("audit")], check=True)


def accepted(folder, number):
    with open(os.path.join(folder, "messages", f"{number:05}.json"), encoding="utf-8") as file:
        return json.load(file)["accepted"]


def mount_small(path):
    os.makedirs(path, exist_ok=True)
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path], check=False).returncode == 0


def main():
    given = harness.options()
    test_data(given, ("ed25519",))
    test_data(given, ("rsa", "-pkeyopt", "rsa_keygen_bits:2048"))
    test_data(given, ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"))
    test_chunks(given)
    test_failures(given)
    test_unwritable(given)


if __name__ == "__main__":
    main()
