#!/usr/bin/python3
"""CRLs that the host fetches by https and from a directory (OpenLDAP's slapd), as Windows authorities publish them: what is there, what is not,
and what a hostile certificate could ask for.

    revocation_places_test.py --hawser build/bin/hawser --pki DIR
"""
import os
import ssl

import harness
from harness import Work, check
from private_slapd import SUFFIX, PrivateSlapd, published
from revocation_test import COMPROMISED, MAIL, prepared, wait_for

SERVER = "extendedKeyUsage = serverAuth\nkeyUsage = critical, digitalSignature\nsubjectAltName = {name}\n"
HERE = "IP:127.0.0.1"


class Places:
    def __init__(self, work, cases, authority, host):
        self.work, self.cases, self.authority, self.host = work, cases, authority, host

    def sign_with(self, *urls, more=""):
        """The signer gets a certificate that names these places. A comma in one has to be encoded."""
        points = ",".join(f"URI:{url}" for url in urls)
        self.authority.issue("signer", MAIL + f"crlDistributionPoints = {points}\n" + more)
        self.authority.join("personal/signer.pem", "ca/signer.crt", "ca/signer.key")

    def goes(self, what):
        self.host.start()
        self.host.submit()
        self.cases.sends()
        self.host.stop()
        print(f"goes: {what}")

    def waits(self, what, words):
        self.host.start()
        self.host.submit()
        self.host.expect("retrying", words)
        check(self.host.accepted() == self.cases.sent, f"{what}: it left")
        self.host.stop()
        print(f"waits: {what}: {words}")

    def secure_server(self, lists, issuer, name):
        self.authority.issue("server", SERVER.format(name=name), issuer)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.work.path("ca/server.crt"), self.work.path("ca/server.key"))
        lists.stop()
        lists.start()
        lists.server.socket = context.wrap_socket(lists.server.socket, server_side=True)

    def https(self, lists):
        self.sign_with(f"https://127.0.0.1:{lists.port}/root.crl")
        self.secure_server(lists, "root", HERE)
        self.goes("https, by an authority of the trusted folder")
        self.secure_server(lists, "root", "DNS:other.example")
        self.waits("https, of another name", "TLS with it fails.*mismatch")
        self.secure_server(lists, "stranger", HERE)
        self.waits("https, by an authority that nobody trusts", "TLS with it fails.*has to be the system's or in the trusted folder")
        os.environ["SSL_CERT_FILE"] = self.work.path("ca/stranger.crt")     # where OpenSSL finds the system's
        self.goes("https, by an authority of the system's")
        del os.environ["SSL_CERT_FILE"]
        lists.stop()
        lists.start()
        self.waits("https, of a server that speaks http", "TLS with it fails")
        lists.stop()

    def directory(self, slapd):
        def url(name, attribute="certificateRevocationList;binary", scheme="ldap", rest="?base?objectClass=cRLDistributionPoint"):
            port = slapd.ldaps_port if scheme == "ldaps" else slapd.ldap_port
            return f"{scheme}://127.0.0.1:{port}/cn={name}%2C{SUFFIX}?{attribute}{rest}"
        for what, place in (("ldap", url("Root%20CA")), ("ldaps", url("Root%20CA", scheme="ldaps")),
                            ("ldap, of an authority for authorities", url("Arl", "authorityRevocationList", rest=""))):
            self.sign_with(place)
            self.goes(what)
        for place, words in ((url("nobody"), "No such object"), (url("elsewhere"), "Referral.*not followed"),
                             (url("closed"), "No such object"), (url("empty"), "that anybody may read"),
                             (url("foreign"), "no authority in the folders has signed"), (url("Root%20CA", rest="?sub"), "of one entry is read"),
                             (url("Root%20CA", "userPassword"), "of one entry is read")):
            self.sign_with(place)
            self.waits("ldap", words)
        self.sign_with(url("nobody"), url("Root%20CA"))
        self.goes("ldap, the second of two places")
        self.sign_with(url("Root%20CA"), more=f"freshestCRL = URI:{url('Root%20CA', 'deltaRevocationList')}\n")
        directory_with_delta = published("Root CA", certificateRevocationList=self.authority.numbered(5), deltaRevocationList=self.authority.numbered(
            6, base=5, listed=[("signer", COMPROMISED)]))
        return directory_with_delta

    def is_revoked_by_delta(self):
        self.host.start()
        wait_for(lambda: len(self.answers()) == 3, lambda: f"{len(self.answers())} answers are there")     # with the partner's, by OCSP
        self.host.submit()
        self.host.expect("suspended", "signer.*has been revoked")
        self.host.stop()
        print("revoked: by a delta of the directory")

    def answers(self):
        folder = self.work.path("state")
        return [name for _, _, names in os.walk(folder) for name in names if name.endswith(".answer")]


def main():
    given = harness.options()
    with Work(given) as work:
        _, lists, authority, host, cases = prepared(work)
        cases.mend()
        places = Places(work, cases, authority, host)
        places.https(lists)
        authority.issue("server", SERVER.format(name=HERE))
        files = [work.path(f"ca/{name}") for name in ("root.crt", "server.crt", "server.key")]
        elsewhere = f"dn: cn=elsewhere,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\ncn: elsewhere\nref: ldap://127.0.0.1:1/cn=x\n\n"
        crl = authority.crl()
        entries = elsewhere + published("Root CA", certificateRevocationList=crl) + published("Arl", authorityRevocationList=crl) + published(
            "closed", certificateRevocationList=crl) + published("empty") + published("foreign", certificateRevocationList=authority.crl("stranger"))
        with PrivateSlapd(entries, *files) as slapd:
            entries = places.directory(slapd)
            again = PrivateSlapd(entries, *files)
            again.ldap_port, again.ldaps_port = slapd.ldap_port, slapd.ldaps_port
        with again:
            places.is_revoked_by_delta()
        print(f"places: {cases.sent} messages went")


if __name__ == "__main__":
    main()
