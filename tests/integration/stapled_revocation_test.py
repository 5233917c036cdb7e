#!/usr/bin/python3
"""Answers about revocation inside a message: OpenSSL signs it and makes CRLs and OCSP answers, asn1crypto puts them beside the signature
(RFC 5652 section 10.2.1, RFC 5940). The host has neither: what decides is what came along.

    stapled_revocation_test.py --hawser build/bin/hawser --pki DIR
"""
import os
import subprocess
import time

from asn1crypto import cms, core, crl, ocsp

import harness
from harness import Work, check

CONFIG = """[ca]
default_ca = own
[own]
new_certs_dir = .
database = index
rand_serial = yes
crlnumber = crlnumber
certificate = root.crt
private_key = root.key
default_md = sha256
default_crl_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
[mail]
basicConstraints = CA:false
extendedKeyUsage = emailProtection
keyUsage = critical, digitalSignature
[ocsp]
extendedKeyUsage = OCSPSigning
keyUsage = critical, digitalSignature
"""
CONTENT = b"Content-Type: text/plain\r\n\r\nThe content.\r\n"


class OtherRevocationInfo(core.Sequence):
    _fields = [("other_rev_info_format", core.ObjectIdentifier), ("other_rev_info", core.Any)]


def with_answers(signed, crls=(), answers=(), others=()):
    """The structure with these beside its signature, in DER."""
    info = cms.ContentInfo.load(signed)
    choices = [crl.CertificateList.load(one).dump() for one in crls]
    for kind, answer in [("1.3.6.1.5.5.7.16.2", one) for one in answers] + list(others):
        other = OtherRevocationInfo({"other_rev_info_format": kind, "other_rev_info": ocsp.OCSPResponse.load(answer)})
        choices.append(b"\xa1" + other.dump()[1:])     # [1] IMPLICIT
    content = info["content"]
    content["crls"] = cms.RevocationInfoChoices.load(b"\x31" + core.OctetString(b"".join(choices)).dump()[1:])
    return cms.ContentInfo({"content_type": "signed_data", "content": content}).dump(force=True)


class Authority:
    def __init__(self, work, name):
        self.work, self.name = work, name
        os.mkdir(work.path(name))
        for file, content in (("openssl.cnf", CONFIG.encode()), ("index", b""), ("crlnumber", b"01\n")):
            work.write(f"{name}/{file}", content)
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=The Authority", "-keyout", "root.key", "-out", "root.crt",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def run(self, *words):
        done = subprocess.run(["openssl", *words], cwd=self.work.path(self.name), capture_output=True, check=False, stdin=subprocess.DEVNULL)
        check(done.returncode == 0, f"openssl {' '.join(words)}: {done.stderr.decode('utf-8', 'replace')}")

    def path(self, name):
        return self.work.path(f"{self.name}/{name}")

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def issue(self, name, kind):
        self.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.run("ca", "-config", "openssl.cnf", "-batch", "-notext", "-extensions", kind, "-days", "365", "-in", f"{name}.csr", "-out", f"{name}.crt")

    def crl(self, *words):
        self.run("ca", "-config", "openssl.cnf", "-gencrl", *words, "-out", "fresh.pem")
        self.run("crl", "-in", "fresh.pem", "-outform", "DER", "-out", "fresh.crl")
        return self.read("fresh.crl")

    def ocsp(self, about, signer="responder"):
        self.run("ocsp", "-index", "index", "-CA", "root.crt", "-rsigner", f"{signer}.crt", "-rkey", f"{signer}.key", "-ndays", "1",
                 "-issuer", "root.crt", "-cert", f"{about}.crt", "-respout", "answer.der", "-noverify")
        return self.read("answer.der")


class Cases:
    def __init__(self, work, root):
        self.work, self.root, self.count = work, root, 0
        work.write("content", CONTENT)
        root.run("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", "alice.crt", "-inkey", "alice.key", "-in", work.path("content"), "-out",
                 "signed.der")
        self.signed = root.read("signed.der")

    def decode(self, *options, **answers):
        self.count += 1
        name = self.work.write(f"{self.count}.der", with_answers(self.signed, **answers) if answers else self.signed)
        program = os.path.join(os.path.dirname(os.path.dirname(self.work.given.hawser)), "tests", "decode_file")
        done = subprocess.run([program, "--trusted", self.root.path("root.crt"), "--cms", "yes", *options, name], capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def accepts(self, what, *options, **answers):
        code, content, reason = self.decode(*options, **answers)
        check(code == 0 and content == CONTENT, f"{what}: {code} {content!r} {reason}")
        print(f"accepted: {what}")

    def refuses(self, what, why, *options, **answers):
        code, content, reason = self.decode(*options, **answers)
        check(code == 1 and content == b"" and why in reason, f"{what}: {code} {content!r} {reason}")
        print(f"refused: {what}: {why}")


def main():
    given = harness.options()
    with Work(given) as work:
        root, stranger = Authority(work, "root"), Authority(work, "stranger")     # of one name
        for name, kind in (("alice", "mail"), ("bob", "mail"), ("responder", "ocsp"), ("pretender", "mail")):
            root.issue(name, kind)
        cases = Cases(work, root)
        good, old, forged = root.crl(), root.crl("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20210101000000Z"), stranger.crl()
        answer = root.ocsp("alice")
        nothing = "there is no CRL"
        cases.refuses("nothing came along", nothing)
        cases.accepts("a CRL", crls=[good])
        cases.accepts("an OCSP answer", answers=[answer])
        cases.accepts("sound ones among others", crls=[old, forged, good], answers=[answer], others=[("1.2.3.4", answer)])
        cases.refuses("an old CRL", nothing, crls=[old])
        cases.refuses("a CRL of a namesake", nothing, crls=[forged])
        cases.refuses("an OCSP answer about another certificate", nothing, answers=[root.ocsp("bob")])
        cases.refuses("an OCSP answer by whom the issuer did not ask", nothing, answers=[root.ocsp("alice", "pretender")])
        cases.refuses("an OCSP answer that is called something else", nothing, others=[("1.2.3.4", answer)])
        cases.refuses("a changed CRL", nothing, crls=[good[:-1] + bytes([good[-1] ^ 1])])
        day_ago = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 24 * 60 * 60))
        root.crl("-crl_lastupdate", day_ago)
        root.run("crl", "-inform", "DER", "-in", "fresh.crl", "-out", work.path("host.pem"))
        cases.accepts("the host's CRL", "--crl", work.path("host.pem"))
        root.run("ca", "-config", "openssl.cnf", "-revoke", "alice.crt", "-crl_reason", "keyCompromise")
        cases.refuses("a CRL that revokes", "has been revoked", crls=[root.crl()])
        cases.refuses("an OCSP answer that revokes", "has been revoked", answers=[root.ocsp("alice")])
        cases.refuses("an OCSP answer that revokes, beside a CRL that does not", "has been revoked", crls=[good], answers=[root.ocsp("alice")])
        cases.refuses("a newer CRL that revokes, beside the host's", "has been revoked", "--crl", work.path("host.pem"),
                      crls=[root.crl()])
        print(f"stapled: {cases.count} messages")


if __name__ == "__main__":
    main()
