#!/usr/bin/python3
"""Exim 4.96: STARTTLS, AUTH, PIPELINING, CHUNKING, SIZE, SMTPUTF8, DSN, refused and deferred recipients; what arrives is what was sent."""
import re

import harness
from harness import Work, check
from peer_mail import QUEUED_MESSAGES, check_queued, check_rich_mail, delivery, parsed, port_with, rich_mail, send_queued
from private_exim import SIZE_MAX, PrivateExim
from private_postfix import as_root

SMALL = bytes(range(256)) * 40
LARGE = bytes(range(256)) * (12 << 10)     # 3 MiB


def login(mechanism=None, password="secret"):
    values = {"SMTPAuthenticate": "basic", "Username": "bus", "Password": {"file": password}}
    if mechanism:
        values["Mechanism"] = mechanism
    return {"sendHandlers": {"SMTP": values}}


class Peer:
    """The server, and how many messages have arrived; each test sends with bindings of its own."""

    def __init__(self, given, exim):
        self.given, self.exim, self.count = given, exim, 0

    def arrived(self, count=1):
        self.count += count
        return [parsed(path) for path in self.exim.messages(self.count)[-count:]]

    def nothing_arrived(self):
        check(len(self.exim.messages()) == self.count, "something was delivered")

    def received(self):
        """The log's lines of received messages, the newest last."""
        return [line for line in self.exim.log().splitlines() if " <= bus@example.test " in line]

    def work(self, patch, mechanism=None, password="secret"):
        work = Work(self.given)
        work.write("secret", b"secret\n")
        work.write("wrong", b"wrong\n")
        work.write("in.bin", SMALL)
        work.bindings("tls", self.exim.port, harness.run_scenario.merge_patch(login(mechanism, password), patch))
        return work


def authentication(peer):
    for mechanism, expected in (("PLAIN", "PLAIN"), ("LOGIN", "LOGIN"), ("CRAM-MD5", "CRAM"), (None, "CRAM")):
        with peer.work({}, mechanism) as work:
            delivery(work, 0)
            peer.arrived()
            line = peer.received()[-1]
            check(f" A={expected}:bus " in line and " X=TLS1.3:" in line and " P=esmtpsa " in line, line)
            check(re.search(r" L[.*]? ", line), f"without PIPELINING: {line}")     # "L-" where it was not used
    with peer.work({}, "PLAIN", "wrong") as work:
        refused = delivery(work, 69)
        check(refused["state"] == "suspended", f"{refused}")
        check(peer.exim.log().count("535 Incorrect authentication data") == 1, peer.exim.log())
    with peer.work({"sendHandlers": {"SMTP": {"SMTPAuthenticate": "none", "Username": None, "Password": None}}}) as work:
        check("Authentication required" in str(delivery(work, 69)), "the server's words")
    peer.nothing_arrived()
    print("PLAIN, LOGIN, CRAM-MD5 inside verified TLS with PIPELINING; a wrong password and none refused")


def content(peer):
    """Below 1 MiB by DATA, above by BDAT; the logs' K tells which."""
    for body, is_chunked in ((SMALL, False), (LARGE, True)):
        with peer.work({}) as work:
            properties = rich_mail(work, body)
            work.bindings("tls", peer.exim.port, harness.run_scenario.merge_patch(login(), port_with("ap@example.test", **properties)))
            delivery(work, 0)
            check_rich_mail(peer.arrived()[0], properties, body)
            line = peer.received()[-1]
            check((" K " in line) == is_chunked, f"CHUNKING: {line}")
    print("text, HTML, image and attachments by DATA and by BDAT: the same at the other end")


def utf8_address(peer):
    with peer.work(port_with("jörg@example.test", Subject="Grüße")) as work:
        delivery(work, 0)
        mail = peer.arrived()[0]
        line = peer.received()[-1]
        check(" P=utf8esmtpsa " in line and line.endswith(" for jörg@example.test"), line)
        check(str(mail["To"]) == "jörg@example.test" and str(mail["Subject"]) == "Grüße", f"{mail['To']} {mail['Subject']}")
    print("SMTPUTF8: an address beyond ASCII")


def notification(peer):
    with peer.work(port_with("ap%2Bx@example.test", NotifyOn="success", ReturnContent="headers")) as work:
        delivery(work, 0)
        reports = [mail for mail in peer.arrived(2) if mail.get_content_type() == "multipart/report"]
        check(len(reports) == 1, f"{len(reports)} notifications")
        fields = {}
        for part in reports[0].walk():
            if part.get_content_type() == "message/delivery-status":
                for group in part.get_payload():
                    fields.update((name.lower(), value) for name, value in group.items())
        check(fields["action"] == "delivered", f"{fields}")
        check("ap+x@example.test" in fields["final-recipient"] and fields["original-envelope-id"], f"{fields}")
    print("DSN: the notification of success came back, with the envelope's id")


def recipients(peer):
    with peer.work(port_with("ap@example.test", CC="reject@example.test, two@example.test")) as work:
        mixed = delivery(work, 69)
        check(mixed["state"] == "suspended" and "reject@example.test" in str(mixed), f"{mixed}")
        for mail in peer.arrived(2):
            check("reject@example.test" in str(mail["Cc"]), f"Cc: {mail['Cc']}")
        check(peer.received()[-1].endswith(" for ap@example.test two@example.test"), peer.received()[-1])
    with peer.work(port_with("ap@example.test", CC="defer@example.test")) as work:
        later = delivery(work, 75)
        check(later["state"] == "retrying" and "Come back later" in str(later), f"{later}")
        peer.arrived()
    with peer.work(port_with("a1@example.test", CC="a2@example.test, a3@example.test, a4@example.test, a5@example.test")) as work:
        delivery(work, 0)
        peer.arrived(5)
        check([line.split(" for ")[1] for line in peer.received()[-2:]] ==
              ["a1@example.test a2@example.test a3@example.test", "a4@example.test a5@example.test"], f"{peer.received()[-2:]}")
    print("550 and 450 for one of several; 452 for the fourth: a second transaction")


def refused_content(peer):
    """What is larger than EHLO's SIZE is not even offered; what is refused after its last byte is suspended with the server's words."""
    with peer.work({}) as work:
        work.write("in.bin", bytes(SIZE_MAX))
        before = peer.exim.log()
        check("smtp.too-large" in str(delivery(work, 69)), "the code")
        check("too big" not in peer.exim.log()[len(before):] and "5.3.4" not in peer.exim.log()[len(before):], "it was offered")
    for body in (SMALL, LARGE):
        with peer.work(port_with("ap@example.test", Subject="unwanted")) as work:
            work.write("in.bin", body)
            refused = delivery(work, 69)
            check(refused["state"] == "suspended" and "Too much of it" in str(refused), f"{refused}")
    peer.nothing_arrived()
    print("too large, and 552 at the end of DATA and BDAT: suspended")


def queue(peer):
    """Exim drops a client that speaks out of turn (smtp_enforce_sync)."""
    with peer.work({"sendHandlers": {"SMTP": {"MaxConnections": 1}}}) as work:
        send_queued(work)
        check_queued(peer.arrived(QUEUED_MESSAGES))
        check("synchronization error" not in peer.exim.log(), peer.exim.log())
    print(f"{QUEUED_MESSAGES} messages over one connection, each envelope behind the content before: each arrived once")


def main():
    as_root()
    given = harness.options()
    with PrivateExim(given.pki) as exim:
        peer = Peer(given, exim)
        for test in (authentication, content, utf8_address, notification, recipients, refused_content, queue):
            test(peer)
        check("non-properly terminated" not in exim.log(), f"a connection was dropped without QUIT:\n{exim.log()}")


if __name__ == "__main__":
    main()
