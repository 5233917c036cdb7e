#!/usr/bin/python3
"""Seals survive real relays: a mail goes to Postfix, which relays it to Exim, which puts it into a mailbox; there it is opened by OpenSSL,
gpgsm and our own decoder. The texts have all that relays are known to change.

    smime_relay_test.py --hawser build/bin/hawser --pki DIR
"""
import sys

import harness
from harness import Work, check
from private_exim import PrivateExim
from private_postfix import PrivatePostfix, as_root
from smime_encoder_peers_test import Decoding, import_into_gpgsm, payload

TEXT = ("From here on\r\nTrailing blanks  \t\r\n.leading dot\r\n..\r\nGrüße aus Köln, 日本\r\n" + "a long line " * 200 +
        "\r\n\r\n-- \r\n--boundary?\r\nno end").encode()
WAYS = {
    "rsa": ({"SignaturePadding": "pkcs1"}, {"SignaturePadding": "pss", "Digest": "SHA512"}),
    "p256": ({}, {"Digest": "SHA384"}),
    "p384": ({"Digest": "SHA384"},),
    "p521": ({"Digest": "SHA512"},),
}


class Relayed(Decoding):
    def __init__(self, work, postfix, exim):
        super().__init__(work)
        self.postfix, self.exim, self.count = postfix, exim, 0

    def send(self, properties, signer, body=TEXT):
        """Through both servers; what arrived is sealed.eml."""
        self.configure(properties, signer, ("rsa",), {"sendHandlers": {"SMTP": {
            "SMTPHost": f"127.0.0.1:{self.postfix.port}", "TLS": "none"}}})
        self.work.write("body", body)
        self.work.hawser("send", "bindings.json", "--port", "Out", "body")
        self.count += 1
        with open(self.exim.messages(self.count)[-1], "rb") as file:
            mail = file.read()
        check(mail.count(b"\nReceived: ") >= 2, f"not through both servers: {mail[:2000]!r}")
        self.work.write("sealed.eml", mail)

    def opens(self, what, seals, body=TEXT):
        if "encrypted" in seals:
            check(self.decoded() == body, f"our decoder: {what}")
            self.opened("rsa")
            self.copy("open.eml", "sealed.eml")
        if "signed" in seals:
            check(payload(self.verified("sealed.eml")) == body, f"OpenSSL: {what}")
        if seals == "signed":
            check(self.decoded() == body, f"our decoder: {what}")


def signed_in_every_way(relayed):
    for signer, ways in WAYS.items():
        for way in ways:
            for kind in ("ClearSign", "BlobSign"):
                relayed.send({"SignatureType": kind, **way}, signer)
                relayed.opens(f"{kind}, {signer}, {way}", "signed")
                if kind == "BlobSign" and signer in ("rsa", "p384") and way.get("SignaturePadding") != "pss":
                    relayed.by_gpgsm(f"{kind}, {signer}, {way}")


def main():
    as_root()
    given = harness.options()
    exim = PrivateExim(given.pki)
    exim.requires_authentication = False
    with exim, PrivatePostfix(given.pki, relay_port=exim.port) as postfix, Work(given) as work:
        relayed = Relayed(work, postfix, exim)
        with import_into_gpgsm(relayed):
            signed_in_every_way(relayed)
        for profile in ("biztalk", "smime4", "edi-energy"):
            for kind in ("ClearSign", "BlobSign"):
                relayed.send({"SignatureType": kind, "EnableEncryption": True, "Profile": profile}, "rsa")
                relayed.opens(f"{kind} and encrypted, {profile}", "signed, encrypted")
        print(f"{relayed.count} sealed mails through Postfix and Exim, each opened and verified at the end")


if __name__ == "__main__":
    sys.exit(main())
