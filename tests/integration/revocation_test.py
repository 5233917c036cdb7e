#!/usr/bin/python3
"""Answers about revocation that the host fetches itself: CRLs from an HTTP server, OCSP from `openssl ocsp`. Each fault keeps a message
waiting, with the reason, until it is mended; what is revoked suspends it; and a restart needs no network."""
import datetime
import glob
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import harness
from harness import Work, check

SECONDS_MAX = 40
LOOKS_MAX = 8           # of the refresher
DEAD_SECONDS = 12       # a server is given up after 15
CONFIG = """[ca]
default_ca = own
[own]
new_certs_dir = ca
database = ca/{issuer}.index
rand_serial = yes
crlnumber = ca/{issuer}.crlnumber
certificate = ca/{issuer}.crt
private_key = ca/{issuer}.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[extensions]
basicConstraints = CA:false
{extensions}
"""
MAIL = "extendedKeyUsage = emailProtection\nkeyUsage = critical, digitalSignature, keyEncipherment\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ListServer:
    """Gives `answer` to every GET, or what `others` has for its path; counts them by path. stop() and start() take it away and bring it back at the same port."""

    def __init__(self):
        self.port, self.answer, self.others, self.counts, self.server = free_port(), b"", {}, {}, None

    def count(self, path="/root.crl"):
        return self.counts.get(path, 0)

    def start(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.counts[self.path] = owner.count(self.path) + 1
                answer = owner.others.get(self.path, owner.answer)
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass  # the host has had enough

            def do_POST(self):  # in a responder's place
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Authority:
    """Two roots: one whose signer has a CRL at the list server, and one whose partner has an OCSP responder and no CRL anywhere."""

    def __init__(self, work, lists, ocsp_port):
        self.work, self.ocsp_port, self.responder = work, ocsp_port, None
        for folder in ("ca", "personal", "other-people", "roots"):
            os.mkdir(work.path(folder))
        for name in ("root", "second", "stranger"):
            self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={name}", "-keyout", f"ca/{name}.key",
                     "-out", f"ca/{name}.crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")
            work.write(f"ca/{name}.index", b"")
            work.write(f"ca/{name}.crlnumber", b"01\n")
        self.issue("signer", MAIL + f"crlDistributionPoints = URI:http://127.0.0.1:{lists.port}/root.crl\n")
        self.issue("partner", issuer="second", extensions=MAIL + f"authorityInfoAccess = OCSP;URI:http://127.0.0.1:{ocsp_port}/\n")
        self.issue("responder", "extendedKeyUsage = OCSPSigning\nkeyUsage = critical, digitalSignature\n", "second")
        self.issue("pretender", MAIL, "second")
        self.join("personal/signer.pem", "ca/signer.crt", "ca/signer.key")
        self.join("other-people/partner.pem", "ca/partner.crt")
        self.join("roots/root.pem", "ca/root.crt")
        self.join("roots/second.pem", "ca/second.crt")
        os.chmod(work.path("personal/signer.pem"), 0o600)

    def run(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.work.folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"openssl {' '.join(words)}: {done.stderr.decode('utf-8', 'replace')}")

    def ca(self, issuer, *words, extensions=""):
        self.work.write("ca/openssl.cnf", CONFIG.format(issuer=issuer, extensions=extensions).encode())
        self.run("ca", "-config", "ca/openssl.cnf", "-batch", "-notext", *words)

    def issue(self, name, extensions, issuer="root"):
        self.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"ca/{name}.key", "-out", f"ca/{name}.csr")
        self.ca(issuer, "-extensions", "extensions", "-days", "365", "-in", f"ca/{name}.csr", "-out", f"ca/{name}.crt", extensions=extensions)

    def join(self, target, *sources):
        self.work.write(target, b"".join(self.read(source) for source in sources))

    def read(self, name):
        with open(self.work.path(name), "rb") as file:
            return file.read()

    def crl(self, issuer="root", words=("-crldays", "30")):
        self.ca(issuer, "-gencrl", *words, "-out", "ca/fresh.pem")
        self.run("crl", "-in", "ca/fresh.pem", "-outform", "DER", "-out", "ca/fresh.crl")
        return self.read("ca/fresh.crl")

    def numbered(self, number, base=None, listed=(), issuer="root", delta_url=None):
        """A CRL of python3-cryptography's, or with `base` a delta to the CRL of that number. `listed`: pairs of a certificate and a reason."""
        certificate = x509.load_pem_x509_certificate(self.read(f"ca/{issuer}.crt"))
        now = datetime.datetime.utcnow()
        made = x509.CertificateRevocationListBuilder().issuer_name(certificate.subject).last_update(now - datetime.timedelta(minutes=1)).next_update(
            now + datetime.timedelta(days=1)).add_extension(x509.CRLNumber(number), False)
        if base is not None:
            made = made.add_extension(x509.DeltaCRLIndicator(base), True)
        if delta_url:
            made = made.add_extension(x509.FreshestCRL([x509.DistributionPoint([x509.UniformResourceIdentifier(delta_url)], None, None, None)]), False)
        for name, reason in listed:
            serial = x509.load_pem_x509_certificate(self.read(f"ca/{name}.crt")).serial_number
            made = made.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).add_extension(
                x509.CRLReason(reason), False).build())
        key = serialization.load_pem_private_key(self.read(f"ca/{issuer}.key"), None)
        return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def revoke(self, name, issuer):
        self.ca(issuer, "-revoke", f"ca/{name}.crt")

    def respond(self, signer="responder", words=("-nmin", "600")):
        """openssl ocsp, with what the index says now."""
        self.silence()
        self.responder = subprocess.Popen(
            ["openssl", "ocsp", "-index", "ca/second.index", "-port", str(self.ocsp_port), "-rsigner", f"ca/{signer}.crt", "-rkey", f"ca/{signer}.key",
             "-CA", "ca/second.crt", *words], cwd=self.work.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.work.processes.append(self.responder)
        # A connection to see whether it is there would be one that it waits for.
        check(any(b"waiting" in line for line in iter(self.responder.stdout.readline, b"")), "the responder does not start")

    def silence(self):
        if self.responder:
            self.responder.kill()
            self.responder.wait()
            self.responder = None


def wait_for(condition, text):
    deadline = time.monotonic() + SECONDS_MAX
    while not condition():
        check(time.monotonic() < deadline, text() if callable(text) else text)
        time.sleep(0.1)


class Host:
    def __init__(self, work, out):
        self.work, self.out, self.process = work, out, None

    def start(self, forget=True):
        if forget:
            shutil.rmtree(self.work.path("state"), ignore_errors=True)
        self.process = self.work.start_host()

    def stop(self):
        self.work.stop_host(self.process)

    def submit(self):
        self.work.hawser("submit", "bindings.json", "--port", "Out", "in.bin")

    def accepted(self):
        count = 0
        for path in glob.glob(os.path.join(self.out, "messages", "*.json")):
            with open(path, encoding="utf-8") as file:
                count += json.load(file)["final_dot"]
        return count

    def listed(self, state):
        return self.work.hawser("messages", "list", "bindings.json", "--json", "--state", state)

    def shows(self, state, words):
        return re.search(words, self.listed(state)) is not None

    def expect(self, state, words):
        wait_for(lambda: self.shows(state, words), lambda: f"{words!r} is not said of a {state} message:\n" + self.work.hawser(
            "messages", "list", "bindings.json", "--json") + self.work.hawser("status", "bindings.json"))

    def expect_sent(self, count):
        wait_for(lambda: self.accepted() == count, lambda: f"{self.accepted()} of {count} messages left:\n" + self.work.hawser(
            "messages", "list", "bindings.json", "--json"))


class Cases:
    def __init__(self, work, lists, authority, host):
        self.work, self.lists, self.authority, self.host, self.sent, self.count = work, lists, authority, host, 0, 0

    def mend(self):
        self.lists.answer = self.authority.crl()
        self.authority.respond()

    def sends(self):
        self.sent += 1
        self.host.expect_sent(self.sent)

    def waits_until_mended(self, words):
        """What is wrong now keeps a message waiting, with the words; mended it goes."""
        self.host.start()
        self.host.submit()
        self.host.expect("retrying", words)
        check(self.host.accepted() == self.sent, f"{words}: it left")
        self.lists.stop()
        self.lists.start()
        self.mend()
        self.sends()
        self.host.stop()
        self.count += 1
        print(f"waits, and goes once it is mended: {words}")

    def good(self):
        self.mend()
        self.host.start()
        self.host.submit()
        self.sends()
        asked = self.lists.count()
        check(asked == 1, f"the list was fetched {asked} times")
        self.host.submit()
        self.sends()
        self.host.stop()
        check(self.lists.count() == asked, "a message fetched the list")
        self.lists.stop()
        self.authority.silence()
        self.host.start(forget=False)
        self.host.submit()
        self.sends()
        self.host.stop()
        print("goes, and after a restart without the servers")

    def revoked(self, name, issuer):
        index = self.authority.read(f"ca/{issuer}.index")
        self.authority.revoke(name, issuer)
        self.mend()
        self.host.start()
        self.host.submit()
        self.host.expect("suspended", name + ".*has been revoked")
        check(self.host.accepted() == self.sent, "what is revoked left")
        self.host.stop()
        self.work.write(f"ca/{issuer}.index", index)
        self.count += 1
        print(f"revoked {name}: suspended")

    def stays_revoked(self):
        """What a responder has once called revoked for good it cannot take back, and it is not asked again."""
        index = self.authority.read("ca/second.index")
        self.authority.revoke("partner", "second")
        self.mend()
        self.host.start()
        self.host.submit()
        self.host.expect("suspended", "partner.*has been revoked")
        self.host.stop()
        self.work.write("ca/second.index", index)
        self.mend()
        self.host.start(forget=False)
        self.host.submit()
        wait_for(lambda: len(json.loads(self.host.listed("suspended"))["messages"]) == 2, lambda: "not revoked any more:\n" + self.host.listed("suspended"))
        self.host.stop()
        print("revoked partner: and stays so when the responder says that it is good")

    def dead_servers(self):
        """Servers that accept and say nothing, each for 15 seconds, hold up no other."""
        self.mend()
        sockets = []
        for number in range(LOOKS_MAX - 1):
            dead = socket.create_server(("127.0.0.1", 0))
            sockets.append(dead)
            self.authority.issue(f"other{number}", MAIL + f"crlDistributionPoints = URI:http://127.0.0.1:{dead.getsockname()[1]}/root.crl\n")
            self.authority.join(f"other-people/other{number}.pem", f"ca/other{number}.crt")
        begin = time.monotonic()
        self.host.start()
        self.host.submit()
        self.sends()
        seconds = time.monotonic() - begin
        check(seconds < DEAD_SECONDS, f"{len(sockets)} dead servers held a message up for {seconds:.1f} s")
        begin = time.monotonic()
        self.host.stop()
        check(time.monotonic() - begin < 5, "dead servers held up the stop")
        for number, dead in enumerate(sockets):
            dead.close()
            os.unlink(self.work.path(f"other-people/other{number}.pem"))
        print(f"goes after {seconds:.1f} s, beside {len(sockets)} servers that say nothing")

    def faults_of_lists(self):
        faults = {
            "it has expired": lambda: self.authority.crl(words=("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z")),
            "no authority in the folders has signed": lambda: self.authority.crl("stranger"),
            "more than 33554432 bytes": lambda: b"\0" * (33 << 20),
            "it is no CRL": lambda: b"<html>Not found</html>",
        }
        for words, answer in faults.items():
            self.mend()
            self.lists.answer = answer()
            self.waits_until_mended(words)

    def faults_of_responders(self):
        self.mend()
        self.authority.respond(signer="pretender")
        self.waits_until_mended("neither the certificate's issuer nor its delegate")
        self.mend()
        self.authority.silence()
        stand_in = ListServer()
        stand_in.port, stand_in.answer = self.authority.ocsp_port, b"garbage"
        stand_in.start()
        self.host.start()
        self.host.submit()
        self.host.expect("retrying", "it is no OCSP answer")
        stand_in.stop()
        self.authority.respond()
        self.sends()
        self.host.stop()
        print("waits, and goes once it is mended: it is no OCSP answer")

    def servers_away(self):
        self.lists.stop()
        self.waits_until_mended("signer.*http://127.0.0.1:[0-9]+/root.crl: it cannot be connected to")
        self.authority.silence()
        self.waits_until_mended("partner.*http://127.0.0.1:[0-9]+/: it cannot be connected to")


HOLD, RELEASE, COMPROMISED = x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl, x509.ReasonFlags.key_compromise


class Deltas:
    """Delta CRLs, which the signer's CRL or its certificate names."""

    def __init__(self, cases):
        self.cases, self.lists, self.authority, self.host, self.logged = cases, cases.lists, cases.authority, cases.host, 0
        self.url = f"http://127.0.0.1:{self.lists.port}/delta.crl"

    def serve(self, delta, number=5, listed=(), delta_url=None):
        self.cases.mend()
        self.lists.answer = self.authority.numbered(number, listed=listed, delta_url=delta_url)
        self.lists.others = {"/delta.crl": delta}

    def start(self):
        asked = self.lists.count("/delta.crl")
        self.logged = len(self.log())
        self.host.start()
        wait_for(lambda: self.lists.count("/delta.crl") > asked, "the delta is not fetched")
        wait_for(lambda: self.lists.count("/delta.crl") > asked + 1 or self.is_on_disk(), "the delta is not taken")

    def is_on_disk(self):
        for path in glob.glob(self.cases.work.path("state/*.revocation/*.answer")):
            with open(path, "rb") as file:
                if file.read() == self.lists.others["/delta.crl"]:
                    return True
        return False

    def goes(self, what):
        self.start()
        self.host.submit()
        self.cases.sends()
        self.host.stop()
        print(f"goes: {what}")

    def is_revoked(self, what):
        self.start()
        self.host.submit()
        self.host.expect("suspended", "signer.*has been revoked")
        self.host.stop()
        print(f"revoked: {what}")

    def is_ignored(self, what, words):
        self.start()
        wait_for(lambda: words in self.log_of_this_start(), lambda: f"{words!r} is not in the log:\n" + self.log())
        self.host.submit()
        self.cases.sends()
        check(words in self.cases.work.hawser("status", "bindings.json"), f"the status does not say {words!r}")
        self.host.stop()
        print(f"ignored, with a line in the log: {what}")

    def log(self):
        with open(self.cases.work.path("host.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def log_of_this_start(self):
        return self.log()[self.logged:]

    def run(self):
        delta, url = self.authority.numbered, self.url
        self.serve(delta(6, base=5), delta_url=url)
        self.goes("a delta that lists nobody")
        self.serve(delta(6, base=5, listed=[("signer", COMPROMISED)]), delta_url=url)
        self.is_revoked("by a delta that the CRL names")
        self.lists.stop()
        self.host.start(forget=False)
        self.host.submit()
        self.host.expect("suspended", "signer.*has been revoked")
        self.host.stop()
        self.lists.start()
        print("revoked: after a restart without the servers")
        self.serve(delta(6, base=5, listed=[("signer", RELEASE)]), listed=[("signer", HOLD)], delta_url=url)
        self.goes("a delta that releases what is on hold")
        self.serve(delta(6, base=5, listed=[("signer", RELEASE)]), listed=[("signer", COMPROMISED)], delta_url=url)
        self.is_revoked("for good, whatever a delta releases")
        self.serve(delta(9, base=8, listed=[("signer", RELEASE)]), delta_url=url)
        self.is_ignored("a delta for a newer CRL", "it goes with a newer CRL")
        self.serve(delta(6, base=5, issuer="stranger"), delta_url=url)
        self.is_ignored("a delta of somebody else", "no authority in the folders has signed")
        self.serve(b"garbage", delta_url=url)
        self.is_ignored("garbage", "delta.crl: it is no CRL")
        self.authority.issue("signer", MAIL + f"crlDistributionPoints = URI:http://127.0.0.1:{self.lists.port}/root.crl\nfreshestCRL = URI:{url}\n")
        self.authority.join("personal/signer.pem", "ca/signer.crt", "ca/signer.key")
        self.serve(delta(6, base=5, listed=[("signer", COMPROMISED)]))
        self.is_revoked("by a delta that the certificate names")
        self.lists.others = {}


def bindings_of(folders, port):
    return {"host": {"certificates": {"personal": folders("personal"), "otherPeople": folders("other-people"), "trusted": folders("roots"),
                                      "signing": "signer.pem", "revocation": "fetch", "revocationPrivateAddresses": True}},
            "pipelines": {"Sealed": {"encode": [{"component": "SMIMEEncoder", "properties": {"SignatureType": "BlobSign", "EnableEncryption": True}}]}},
            "sendPorts": [{"name": "Out", "state": "started", "pipeline": "Sealed", "encryptionCertificates": ["partner.pem"], "primaryTransport": {
                "type": "SMTP", "address": "mailto:ap@example.test", "retryCount": 1000, "retryInterval": "1s", "properties": {"Subject": "Test"}}}]}


def prepared(work):
    """The port of a mail server, the server of lists, their authority, a host that signs and encrypts, and the cases of these."""
    lists = ListServer()
    authority = Authority(work, lists, free_port())
    port, out = work.server("")
    work.write("in.bin", b"The body.\r\n")
    work.bindings("sealed", port, bindings_of(work.path, port))
    host = Host(work, out)
    return port, lists, authority, host, Cases(work, lists, authority, host)


def main():
    given = harness.options()
    with Work(given) as work:
        port, lists, _, host, cases = prepared(work)
        lists.start()
        cases.good()
        lists.start()
        cases.revoked("signer", "root")
        cases.revoked("partner", "second")
        cases.stays_revoked()
        cases.dead_servers()
        cases.faults_of_lists()
        cases.faults_of_responders()
        cases.servers_away()
        Deltas(cases).run()
        closed = bindings_of(work.path, port)
        closed["host"]["certificates"]["revocationPrivateAddresses"] = False
        work.bindings("sealed", port, closed)
        host.start()
        host.submit()
        host.expect("retrying", "revocationPrivateAddresses")
        host.stop()
        check(host.accepted() == cases.sent == 17, f"{host.accepted()} messages left")


if __name__ == "__main__":
    main()
