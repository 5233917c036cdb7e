#!/usr/bin/python3
"""OAuth 2 with Dovecot's submission server: tokens by client credentials and by refresh token, renewed, revoked, asked for once."""
import json
import os
import time

import harness
from harness import Work, check
from peer_mail import check_rich_mail, delivery, parsed, port_with, rich_mail
from private_dovecot import Introspection, PrivateDovecot
from private_postfix import as_root

MAILBOX = "bus@example.test"
CLIENT = "Basic Y2xpZW50LTE6UzNjcmV0LXVuaXF1ZQ=="     # client-1:S3cret-unique in base64 (RFC 6749 2.3.1)
MESSAGE_COUNT = 10


def granted(token, seconds=3600):
    return "200 " + json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


class Peer:
    def __init__(self, given, sink, tokens, dovecot):
        self.given, self.sink, self.tokens, self.dovecot = given, sink, tokens, dovecot

    def work(self, answers, **changes):
        """A work folder with a token endpoint that gives these answers, and bindings to ask it; gives its transcript's path, too."""
        work = Work(self.given)
        work.write("in.bin", b"Hello\r\n")
        work.write("secret", b"S3cret-unique\n")
        work.write("refresh", b"R3fresh-unique\n")
        port, out = work.server("\n".join(answers), "scripted_token.py", "token")
        self.values = {"SMTPAuthenticate": "oauth2", "Username": MAILBOX, "ClientId": "client-1", "ClientSecret": {"file": "secret"},
                       "TokenEndpoint": f"https://127.0.0.1:{port}/token", "Scope": "mail.send", "MaxMessagesPerConnection": 1, **changes}
        work.bindings("tls", self.dovecot.port, {"sendHandlers": {"SMTP": self.values}})
        return work, os.path.join(out, "transcript")

    def arrived(self):
        folder = os.path.join(self.sink, "messages")
        return sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".eml")) if os.path.isdir(folder) else []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def acquisition(peer):
    """By client credentials and by refresh token, by each mechanism; then a whole mail."""
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        for grant, changes in (("grant_type=client_credentials", {}),
                               ("grant_type=refresh_token&refresh_token=R3fresh-unique", {"RefreshToken": {"file": "refresh"}})):
            token = f"t-{mechanism}-{grant[11:17]}"
            peer.tokens.active = {token}
            work, transcript = peer.work([granted(token)], Mechanism=mechanism, **changes)
            with work:
                count = len(peer.arrived())
                delivery(work, 0)
                check(len(peer.arrived()) == count + 1, "nothing arrived")
                asked = read(transcript)
                check(grant in asked and f"C: authorization {CLIENT}" in asked, asked)
                check(asked.count("connected") == 1, asked)
    work, _ = peer.work([granted(token)])
    with work:
        body = bytes(range(256)) * 100
        properties = rich_mail(work, body)
        work.bindings("tls", peer.dovecot.port, harness.run_scenario.merge_patch(
            {"sendHandlers": {"SMTP": peer.values}}, port_with("ap@example.test", **properties)))
        delivery(work, 0)
        check_rich_mail(parsed(peer.arrived()[-1]), properties, body)
    print("OAUTHBEARER and XOAUTH2, by client credentials and by refresh token; the mail arrives as it was sent")


def renewal(peer):
    """The first token ends after two seconds: the second is there before it is refused."""
    work, transcript = peer.work([granted("short", 2), granted("long")])
    with work:
        host = work.start_host()
        peer.tokens.active = {"short"}
        delivery(work, 0)
        time.sleep(2)      # the token's life, in the endpoint's own words
        peer.tokens.active = {"long"}
        failures = peer.dovecot.log().count("oauth2 failed")
        delivery(work, 0)
        check(read(transcript).count("connected") == 2, read(transcript))
        check(peer.dovecot.log().count("oauth2 failed") == failures, "the old one was shown")
        work.stop_host(host)
    print("a token that has expired is renewed before it is used")


def revocation(peer):
    """A kept token that is refused is renewed once; if the new one is refused, too, the message is suspended, and says why."""
    for renewed_is_good in (True, False):
        work, transcript = peer.work([granted("first"), granted("second"), granted("third")])
        with work:
            host = work.start_host()
            peer.tokens.active = {"first"}
            delivery(work, 0)
            peer.tokens.active = {"second"} if renewed_is_good else set()
            count = len(peer.arrived())
            answer = delivery(work, 0 if renewed_is_good else 69)
            check(len(peer.arrived()) == count + renewed_is_good, "what arrived")
            check(read(transcript).count("connected") == 2, read(transcript))
            if not renewed_is_good:
                check(answer["state"] == "suspended" and "smtp.authentication-failed" in str(answer), f"{answer}")
                check("invalid_token" in str(answer) and "second" not in str(answer), f"{answer}")
                print(f"refused: {answer}")
            work.stop_host(host)
    print("a token that was revoked: one renewal, then suspended with the server's reason")


def at_once(peer):
    """Ten messages over ten connections ask for one token."""
    peer.tokens.active = {"shared"}
    work, transcript = peer.work(["slow 300 " + granted("shared"), "503 only once"])
    with work:
        host = work.start_host()
        count = len(peer.arrived())
        work.hawser("submit", "bindings.json", "--port", "Out", *["in.bin"] * MESSAGE_COUNT)
        deadline = time.monotonic() + 30
        while len(peer.arrived()) < count + MESSAGE_COUNT:
            check(time.monotonic() < deadline, f"{len(peer.arrived()) - count} arrived\n{read(work.path('host.log'))}")
            time.sleep(0.02)
        check(read(transcript).count("connected") == 1, read(transcript))
        work.stop_host(host)
    print(f"{MESSAGE_COUNT} messages at once: one token request")


def main():
    as_root()
    given = harness.options()
    with Work(given) as own, Introspection(MAILBOX) as tokens:
        relay_port, sink = own.server("extensions PIPELINING 8BITMIME SIZE=100000000 ENHANCEDSTATUSCODES DSN\n")
        with PrivateDovecot(given.pki, relay_port, tokens.port) as dovecot:
            peer = Peer(given, sink, tokens, dovecot)
            for test in (acquisition, renewal, revocation, at_once):
                test(peer)


if __name__ == "__main__":
    main()
