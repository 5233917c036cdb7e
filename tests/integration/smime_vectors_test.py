#!/usr/bin/python3
"""The published examples of S/MIME: RFC 4134's structures and mails, and RFC 9216's keys and certificates. What is expected comes from
these documents; where we refuse what they show, the reason is stated here.

    smime_vectors_test.py --hawser build/bin/hawser --pki DIR
"""
import base64
import os
import subprocess
import sys

import harness
from harness import Work, check

VECTORS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "vectors")
CONTENT = b"This is some sample content."     # RFC 4134 section 2.1
LEGACY = ["--set", "AllowLegacyAlgorithms=true"]     # the examples are of SHA-1, DSA, 1024 bits, DES3 and RC2
NO_CRLS = ["--set", "CheckRevocationList=false"]
SIGNED = ("4.1", "4.2", "4.4", "4.5", "4.7", "4.10")
RSA_SIGNED = ("4.2", "4.5")
REFUSED = {
    "3.1": "pkcs7-data", "3.2": "pkcs7-data", "6.0": "pkcs7-digestData", "7.1": "pkcs7-encryptedData", "7.2": "pkcs7-encryptedData",
    "4.6": "the public key of \"CN=DianeDSS\" cannot be used",     # a DSA key whose parameters are its issuer's: not in OpenSSL 3
    "4.11": "only hands over certificates",
}


def blocks(name):
    """What follows each ">title" of a file of vectors, up to the next; "> " quotes a mail."""
    found = {}
    with open(os.path.join(VECTORS, name), encoding="ascii") as file:
        for line in file:
            if line.startswith(">") and not line.startswith("> "):
                title = line[1:].strip()
                found[title] = ""
            elif not line.startswith("#"):
                found[title] += line
    return found


class Rfc4134:
    def __init__(self, work):
        self.work, self.count = work, 0
        for name, text in blocks("rfc4134.txt").items():
            work.write(name, base64.b64decode(text))
        for name in ("AliceDSSSignByCarlNoInherit", "AliceRSASignByCarl", "BobRSASignByCarl", "CarlDSSSelf", "CarlRSASelf",
                     "DianeDSSSignByCarlInherit", "DianeRSASignByCarl"):
            self.pem("x509", f"{name}.cer", f"{name}.pem")
        for name in ("CarlDSSCRLForAll", "CarlDSSCRLEmpty", "CarlRSACRLForAll", "CarlRSACRLEmpty"):
            self.pem("crl", f"{name}.crl", f"{name}.pem")
        for certificate, key, person in (("BobRSASignByCarl", "BobPrivRSAEncrypt", "bob"),
                                         ("DianeRSASignByCarl", "DianePrivRSASignEncrypt", "diane")):
            self.pem("pkey", f"{key}.pri", f"{key}.pem")
            with open(work.path(f"{person}.pem"), "wb") as out:
                for part in (f"{certificate}.pem", f"{key}.pem"):
                    with open(work.path(part), "rb") as file:
                        out.write(file.read())

    def pem(self, kind, source, target):
        subprocess.run(["openssl", kind, "-inform", "DER", "-in", self.work.path(source), "-out", self.work.path(target)], check=True)

    def decode(self, name, *options, recipient="bob"):
        self.count += 1
        certificates = ["--personal", f"{recipient}.pem", "--trusted", "CarlRSASelf.pem", "--trusted", "CarlDSSSelf.pem"]
        for other in ("AliceRSASignByCarl", "AliceDSSSignByCarlNoInherit", "DianeDSSSignByCarlInherit"):
            certificates += ["--other", f"{other}.pem"]
        done = subprocess.run([decode_file(self.work), *certificates, *options, name], cwd=self.work.folder, capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")

    def accepts(self, name, *options, **who):
        code, content, reason = self.decode(name, *options, **who)
        check(code == 0 and content.endswith(CONTENT), f"RFC 4134 {name}: {code} {content!r} {reason}")

    def refuses(self, name, why, *options, **who):
        code, content, reason = self.decode(name, *options, **who)
        check(code == 1 and content == b"" and why in reason, f"RFC 4134 {name}: {code} {content!r} {reason}")

    def changed(self, name, old, new):
        with open(self.work.path(name), "rb") as file:
            content = file.read()
        check(content.count(old) >= 1, f"{name} lacks {old!r}")
        self.work.write(f"changed-{name}", content.replace(old, new, 1))
        return f"changed-{name}"


def decode_file(work):
    return os.path.join(os.path.dirname(os.path.dirname(work.given.hawser)), "tests", "decode_file")


def rfc4134(given):
    with Work(given) as work:
        examples = Rfc4134(work)
        for number in SIGNED:
            examples.accepts(f"{number}.bin", "--cms", "yes", *LEGACY, *NO_CRLS)
            examples.refuses(examples.changed(f"{number}.bin", b"some", b"sume"), "the content was changed",
                             "--cms", "yes", *LEGACY, *NO_CRLS)
            examples.refuses(f"{number}.bin", "AllowLegacyAlgorithms", "--cms", "yes", *NO_CRLS)
        for number, why in REFUSED.items():
            examples.refuses(f"{number}.bin", why, "--cms", "yes", *LEGACY, *NO_CRLS)
        for number in ("5.1", "5.2"):
            examples.accepts(f"{number}.bin", "--cms", "yes", *LEGACY)
            examples.refuses(f"{number}.bin", "AllowLegacyAlgorithms", "--cms", "yes")
            examples.refuses(f"{number}.bin", "none of them is one of the host's", "--cms", "yes", *LEGACY, recipient="diane")
        revocation(examples)
        for name in ("4.8.eml", "4.9.eml"):
            examples.accepts(name, *LEGACY, *NO_CRLS)
        examples.refuses(examples.changed("4.8.eml", b"some", b"sume"), "the content was changed", *LEGACY, *NO_CRLS)
        # Its content is no MIME entity, so no mail program of today could show it; that it is decrypted is seen in 5.1, which is the same.
        examples.refuses("5.3.eml", "no MIME entity", *LEGACY, "--set", "AllowUnauthenticatedEncryption=true")
        print(f"RFC 4134: {examples.count} looks at its examples, each as the document or the stated reason says")


def revocation(examples):
    for number in SIGNED:
        kind = "RSA" if number in RSA_SIGNED else "DSS"
        empty = ["--cms", "yes", *LEGACY, "--crl", "CarlRSACRLEmpty.pem", "--crl", "CarlDSSCRLEmpty.pem"]
        if kind == "RSA":   # whose CRLs are signed with MD5: good for revoking alone
            examples.refuses(f"{number}.bin", "is signed with a hash that is too weak", *empty)
        else:
            examples.accepts(f"{number}.bin", *empty)
        examples.refuses(f"{number}.bin", "revoked", "--cms", "yes", *LEGACY, "--crl", f"Carl{kind}CRLForAll.pem", "--crl",
                         f"Carl{'DSS' if kind == 'RSA' else 'RSA'}CRLEmpty.pem")
        examples.refuses(f"{number}.bin", "CRL", "--cms", "yes", *LEGACY)


class Rfc9216:
    """Alice signs and encrypts for Bob by our encoder, Bob reads by OpenSSL and by our decoder."""

    def __init__(self, work):
        self.work = work
        self.texts = blocks("rfc9216.txt")
        for folder in ("personal", "other-people", "rsa-root", "ed25519-root"):
            os.makedirs(work.path(folder))
        for person in ("Alice", "Bob", "Carlos", "Dana"):
            name = person.lower()
            signing = self.texts[f"{person}'s Signature Verification End-Entity Certificate"]
            encryption = self.texts[f"{person}'s Encryption End-Entity Certificate"]
            self.put(f"personal/{name}.pem", signing + self.texts[f"{person}'s Signing Private Key Material"])
            self.put(f"personal/{name}-decryption.pem", encryption + self.texts[f"{person}'s Decryption Private Key Material"])
            self.put(f"other-people/{name}.pem", encryption)
        self.put("rsa-root/root.pem", self.texts["RSA Certification Authority Root Certificate"])
        self.put("ed25519-root/root.pem", self.texts["Ed25519 Certification Authority Root Certificate"])

    def put(self, name, text):
        self.work.write(name, text.encode("ascii"))
        os.chmod(self.work.path(name), 0o600)

    def seal(self, signer, recipient, root, expect=0, **properties):
        work = self.work
        work.write("body", b"Analytical Engine\r\n")
        work.bindings("sealed", 1, {
            "host": {"certificates": {"personal": "personal", "otherPeople": "other-people", "trusted": root, "signing": f"{signer}.pem"}},
            "pipelines": {"Sealed": None, "Own": {"encode": [{"component": "SMIMEEncoder", "properties": {
                "CheckRevocationList": False, "SignatureType": "BlobSign", "EnableEncryption": True, **properties}}]}},
            "sendPorts": [{"name": "Out", "pipeline": "Own", "encryptionCertificates": [f"{recipient}.pem"]}]})
        done = subprocess.run([work.given.hawser, "preview", "bindings.json", "--port", "Out", "body"], cwd=work.folder, capture_output=True,
                              check=False)
        check(done.returncode == expect, f"RFC 9216 {signer} to {recipient}: {done.returncode} {done.stderr}")
        work.write("sealed.eml", done.stdout.replace(b"\r\n", b"\n").partition(b"\n\n")[2])
        return done.stderr.decode("utf-8", "replace")

    def read_by_openssl(self, root):
        run = lambda *words: subprocess.run(["openssl", "cms", *words], cwd=self.work.folder, capture_output=True, check=True)
        run("-decrypt", "-in", "sealed.eml", "-recip", "personal/bob-decryption.pem", "-out", "signed.eml")
        run("-verify", "-in", "signed.eml", "-CAfile", f"{root}/root.pem", "-out", "open.eml")
        with open(self.work.path("open.eml"), "rb") as file:
            check(b"QW5hbHl0aWNhbCBFbmdpbmUNCg==" in (text := file.read()) or b"Analytical Engine" in text, str(text))

    def read_by_ours(self, root):
        done = subprocess.run([decode_file(self.work), "--personal", "personal/bob-decryption.pem", "--trusted", f"{root}/root.pem", *NO_CRLS,
                               "sealed.eml"], cwd=self.work.folder, capture_output=True, check=False)
        told = done.stderr.decode("utf-8", "replace")
        check(done.returncode == 0 and done.stdout == b"Analytical Engine\r\n", f"{done.stdout} {told}")
        check("SMIME.SignerAddress=alice@smime.example" in told and "SMIME.ChainResult=trusted" in told, told)


def rfc9216(given):
    with Work(given) as work:
        people = Rfc9216(work)
        for transport in ("pkcs1", "oaep"):
            for padding in ("pkcs1", "pss"):
                for algorithm in ("AES256", "AES128GCM"):
                    people.seal("alice", "bob", "rsa-root", EncryptionAlgorithm=algorithm, KeyTransport=transport, SignaturePadding=padding)
                    people.read_by_openssl("rsa-root")
                    people.read_by_ours("rsa-root")
        check("has no chain to a trusted certificate" in people.seal("alice", "bob", "ed25519-root", expect=69), "another anchor")
        people.put("other-people/cross.pem", people.texts["RSA Certification Authority Cross-Signed Certificate"])
        people.seal("alice", "bob", "ed25519-root")     # section 2.5: by the cross-signed certificate, which travels with the signature
        people.read_by_openssl("ed25519-root")
        people.read_by_ours("ed25519-root")
        for signer, recipient, what in (("carlos", "bob", "ED25519"), ("alice", "dana", "X25519")):
            people.put("other-people/cross.pem", people.texts["Ed25519 Certification Authority Cross-Signed Certificate"])
            reason = people.seal(signer, recipient, "rsa-root", expect=69)
            check(what in reason.upper() and "not supported" in reason, reason)
    print("RFC 9216: Alice to Bob in 8 ways and over the cross-signed chain, read by OpenSSL and by our decoder; Ed25519 and X25519 refused")


def main():
    given = harness.options()
    rfc4134(given)
    rfc9216(given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
