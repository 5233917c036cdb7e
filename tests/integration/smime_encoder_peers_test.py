#!/usr/bin/python3
"""What our encoder seals is opened and verified by OpenSSL, GnuPG, NSS, Bouncy Castle and our own decoder, for each algorithm and kind of key.

    smime_encoder_peers_test.py --hawser build/bin/hawser --pki DIR [--whole] [--large] [--table FILE]

--whole seals every small body in every way (three minutes), --large 64 MiB in every way (half an hour, and 10 GB); else something
goes every way, and everything the usual ones. --table writes the matrix into FILE. A program that is not installed fails the test:
install-dependencies.sh --tests has them all.
"""
import base64
import email
import os
import re
import subprocess
import sys

import harness
from harness import Work, check
from gnupg_home import GnupgHome
from smime_decoder_peers_test import JARS, LARGE_MIB, PEOPLE, Bench, bodies, bodies_of_each

SIGNED = {"rsa": [("pkcs1", "SHA256"), ("pkcs1", "SHA384"), ("pkcs1", "SHA512"), ("pss", "SHA256"), ("pss", "SHA384"), ("pss", "SHA512")],
          **{curve: [("", "SHA256"), ("", "SHA384"), ("", "SHA512")] for curve in ("p256", "p384", "p521")}}
CIPHERS = {"AES128": "aes-128-cbc", "AES192": "aes-192-cbc", "AES256": "aes-256-cbc", "AES128GCM": "aes-128-gcm", "AES256GCM": "aes-256-gcm",
           "DES3": "des-ede3-cbc", "DES": "des-cbc", "RC2": "rc2-cbc"}
PSS_SHA256 = ["-pkeyopt", "rsa_pss_keygen_md:sha256", "-pkeyopt", "rsa_pss_keygen_mgf1_md:sha256", "-pkeyopt", "rsa_pss_keygen_saltlen:32"]
PSS_KEYS = {"rsa-pss": ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
            "rsa-pss-sha256": ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", *PSS_SHA256]}
BRAINPOOL = {f"brainpoolP{bits}r1": ["ec", "-pkeyopt", f"ec_paramgen_curve:brainpoolP{bits}r1"] for bits in (256, 384, 512)}
SENT = b"Due on Friday.\r\n"
LEGACY = ("DES3", "DES", "RC2")
USUAL = [("16 B", SENT)]


class Encoder(Bench):
    """Bindings over the test's own people, and what `preview` shows of a message."""

    def configure(self, properties, signer, recipients, patch=None):
        for folder in ("personal", "other-people", "roots"):
            os.makedirs(self.work.path(folder), exist_ok=True)
        for name in self.people:
            self.copy(f"{name}.pem", f"personal/{name}.pem")
            self.copy(f"{name}.crt", f"other-people/{name}.crt")
        self.copy("root.pem", "roots/root.pem")
        self.work.bindings("sealed", 1, harness.run_scenario.merge_patch({
            "host": {"certificates": {"personal": "personal", "otherPeople": "other-people", "trusted": "roots", "signing": f"{signer}.pem"}},
            "pipelines": {"Sealed": None, "Own": {"encode": [{"component": "SMIMEEncoder", "properties": {
                "CheckRevocationList": False, **properties}}]}},
            "sendPorts": [{"name": "Out", "pipeline": "Own", "encryptionCertificates": [f"{one}.crt" for one in recipients]}]}, patch or {}))

    def seal(self, properties, signer="rsa", recipients=("rsa",), body=SENT, expect=0):
        self.configure(properties, signer, recipients)
        self.work.write("body", body)
        done = subprocess.run([self.work.given.hawser, "preview", "bindings.json", "--port", "Out", "body"], cwd=self.work.folder,
                              capture_output=True, check=False)
        check(done.returncode == expect, f"{properties}: {done.returncode}\n{done.stderr.decode('utf-8', 'replace')}")
        if expect:
            return done.stderr.decode("utf-8", "replace")
        text = re.split(rb"\r?\n\r?\n", done.stdout, maxsplit=1)[1]  # the mail, without server and envelope before it
        self.work.write("sealed.eml", text)
        return text

    def copy(self, source, target):
        with open(self.work.path(source), "rb") as file:
            self.work.write(target, file.read())

    def keep(self, what, who, size="16 B", body=SENT):
        """For Bouncy Castle, which takes a second to start, at the end."""
        name = f"kept{len(self.kept)}"
        self.run(["openssl", "cms", "-cmsout", "-in", "sealed.eml", "-outform", "DER", "-out", f"{name}.der"])
        self.kept.append((name, who, what, size, body))

    def by_nss(self, what, size="16 B", body=SENT):
        words = ["cmsutil", "-D", "-d", "sql:nss", "-i", "sealed.der", "-o", "open.eml"]
        self.run(["openssl", "cms", "-cmsout", "-in", "sealed.eml", "-outform", "DER", "-out", "sealed.der"])
        self.run(words)
        self.check_opened(f"NSS: {what}, {size}", body)
        self.note("NSS cmsutil", what, size)

    def by_gpgsm(self, what, size="16 B"):
        self.run(["openssl", "cms", "-cmsout", "-in", "sealed.eml", "-outform", "DER", "-out", "sealed.der"])
        self.gpgsm.call("--verify", self.work.path("sealed.der"))
        self.note("gpgsm", what, size)

    def check_opened(self, what, body):
        with open(self.work.path("open.eml"), "rb") as file:
            check(payload(file.read()) == body, what)

    def note(self, program, what, size="16 B"):
        sizes = self.rows.setdefault((program, what), [])
        if size not in sizes:
            sizes.append(size)

    def opened(self, who):
        self.run(["openssl", "cms", "-decrypt", "-in", "sealed.eml", "-recip", f"{who}.crt", "-inkey", f"{who}.key", "-out", "open.eml",
                  *self.providers])

    providers = ()

    def __init__(self, work):
        super().__init__(work)
        self.people = list(PEOPLE)
        self.kept = []
        os.mkdir(work.path("nss"))
        self.run(["certutil", "-d", "sql:nss", "-N", "--empty-password"])
        self.run(["certutil", "-d", "sql:nss", "-A", "-n", "Root", "-t", "CT,C,C", "-i", "root.pem"])
        for who in PEOPLE:
            self.run(["pk12util", "-d", "sql:nss", "-i", f"{who}.p12", "-W", "test"])

    def verified(self, source):
        self.run(["openssl", "cms", "-verify", "-in", source, "-CAfile", "root.pem", "-purpose", "any", "-out", "plain.eml"])
        with open(self.work.path("plain.eml"), "rb") as file:
            return file.read()

    def structure(self, source):
        return self.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-in", source]).decode("utf-8", "replace")


def payload(entity):
    """The decoded body of the text or attachment in a MIME entity."""
    head, _, rest = entity.replace(b"\r\n", b"\n").partition(b"\n\n")
    head = head.lower()
    if b"content-transfer-encoding: base64" in head and b"multipart/" not in head:     # quicker than email's reader, and just as exact
        return base64.b64decode(rest)
    message = email.message_from_bytes(entity)
    parts = [one for one in message.walk() if not one.is_multipart()]
    return parts[-1].get_payload(decode=True)


def signatures(bench):
    for signer, ways in SIGNED.items():
        for padding, digest in ways:
            for kind in ("BlobSign", "ClearSign"):
                for size, body in bodies_of_each(USUAL):
                    signature(bench, signer, padding, digest, kind, size, body)


def signature(bench, signer, padding, digest, kind, size, body):
    properties = {"SignatureType": kind, "Digest": digest, **({"SignaturePadding": padding} if padding else {})}
    bench.seal(properties, signer=signer, body=body)
    scheme = padding or ("pss" if signer in PSS_KEYS else "ecdsa")
    what = f"{kind}, {scheme} {signer}, {digest}"
    check(payload(bench.verified("sealed.eml")) == body, f"{what}, {size}")
    shown = bench.structure("sealed.eml") if kind == "BlobSign" and body == SENT else ""
    check(not shown or ("rsassaPss" in shown) == (scheme == "pss"), f"{what}: {shown}")
    check(kind == "BlobSign" or f"micalg=sha-{digest[3:]}".encode() in open(bench.work.path("sealed.eml"), "rb").read(), what)
    bench.note("OpenSSL cms", what, size)
    if kind == "BlobSign":
        bench.keep(what, signer, size, body)
    if signer not in PEOPLE:
        by_ours(bench, what, size, body)
        return
    # gpgsm of Debian 12 fails on every P-521, and wants a hash as long as the curve.
    if kind == "BlobSign" and int(digest[3:]) >= {"p384": 384, "p521": 1000}.get(signer, 256):
        bench.by_gpgsm(what, size)
    if kind == "BlobSign" and scheme != "pss":  # which cmsutil does not know
        bench.by_nss(what, size, body)


def encryptions(bench):
    for cipher in CIPHERS:
        for who in PEOPLE:
            if cipher in LEGACY and who != "rsa":
                continue
            for transport in ("pkcs1", "oaep") if who == "rsa" else ("",):
                for size, body in bodies_of_each(USUAL):
                    encryption(bench, cipher, who, transport, size, body)


def encryption(bench, cipher, who, transport, size, body):
    properties = {"EnableEncryption": True, "EncryptionAlgorithm": cipher, "AllowLegacyAlgorithms": cipher in LEGACY,
                  **({"KeyTransport": transport} if transport else {})}
    bench.seal(properties, recipients=(who,), body=body)
    what = f"{cipher}, {transport or 'ECDH, SHA-256 KDF'} {who}"
    if body == SENT:
        shown = bench.structure("sealed.eml")
        check(CIPHERS[cipher] in shown.lower(), f"{what}: {shown}")
        check(("rsaesOaep" in shown) == (transport == "oaep"), f"{what}: {shown}")
        check(who == "rsa" or "dhSinglePass-stdDH-sha256kdf-scheme" in shown, f"{what}: {shown}")
        check(("authEnveloped" in shown) == cipher.endswith("GCM"), f"{what}: {shown}")
    bench.providers = ("-provider", "default", "-provider", "legacy") if cipher in LEGACY else ()
    bench.opened(who)
    bench.check_opened(f"{what}, {size}", body)
    bench.note("OpenSSL cms", what, size)
    if who == "rsa" or not cipher.endswith("GCM"):
        bench.keep(what, who, size, body)
    if who == "rsa" and transport == "pkcs1" and cipher.startswith("AES") and not cipher.endswith("GCM"):
        bench.by_nss(what, size, body)  # cmsutil knows no OAEP, no curves and no GCM
    if who not in PEOPLE:
        by_ours(bench, what, size, body)


def further_keys(bench):
    """Keys for RSASSA-PSS alone sign, by PSS and with no digest that their parameters do not allow; BSI's curves do everything."""
    for number, (name, kind) in enumerate({**PSS_KEYS, **BRAINPOOL}.items(), 200):
        bench.make_person(name, kind, number)
        bench.people.append(name)
    for signer in (*PSS_KEYS, *BRAINPOOL):
        for digest in ("SHA256",) if signer == "rsa-pss-sha256" else ("SHA256", "SHA512"):
            for size, body in bodies_of_each(USUAL):
                signature(bench, signer, "", digest, "BlobSign", size, body)
    for who in BRAINPOOL:
        for cipher in ("AES256", "AES256GCM"):
            for size, body in bodies_of_each(USUAL):
                encryption(bench, cipher, who, "", size, body)


def contents(bench):
    """Every kind of content, up to 64 MiB, to every program by what all of them know, and to those that know more by that."""
    for size, body in [*bodies(), ("64 MiB", os.urandom(1 << 20) * LARGE_MIB)]:
        bench.seal({"SignatureType": "BlobSign"}, body=body)
        what = "BlobSign, pkcs1 rsa, SHA256"
        check(payload(bench.verified("sealed.eml")) == body, f"{what}, {size}")
        bench.note("OpenSSL cms", what, size)
        bench.by_gpgsm(what, size)
        bench.by_nss(what, size, body)
        bench.keep(what, "rsa", size, body)
        by_ours(bench, what, size, body)
        for cipher in ("AES256", "AES256GCM"):
            bench.seal({"EnableEncryption": True, "EncryptionAlgorithm": cipher, "KeyTransport": "pkcs1"}, body=body)
            what = f"{cipher}, pkcs1 rsa"
            bench.opened("rsa")
            bench.check_opened(f"{what}, {size}", body)
            bench.note("OpenSSL cms", what, size)
            if cipher == "AES256":
                bench.by_nss(what, size, body)
            bench.keep(what, "rsa", size, body)
            by_ours(bench, what, size, body)
        bench.seal({"SignatureType": "ClearSign", "SignaturePadding": "pss"}, body=body)
        check(payload(bench.verified("sealed.eml")) == body, f"ClearSign, {size}")
        bench.note("OpenSSL cms", "ClearSign, pss rsa, SHA256", size)
        by_ours(bench, "ClearSign, pss rsa, SHA256", size, body)


def by_ours(bench, what, size, body):
    decoded = bench.decoded()
    check(decoded == body or payload(decoded) == body, f"our decoder: {what}, {size}")
    bench.note("our decoder", what, size)


def bouncy_castle(bench):
    source = os.path.join(harness.SUPPORT, "OpenWithBouncyCastle.java")
    listed = "".join(f"{name} {who}\n" for name, who, *_ in bench.kept)
    done = subprocess.run(["java", "-cp", JARS, source, "."], cwd=bench.work.folder, input=listed.encode(), capture_output=True, check=False)
    check(done.returncode == 0, f"Bouncy Castle: {done.stderr.decode('utf-8', 'replace')}")
    for name, _, what, size, body in bench.kept:
        with open(bench.work.path(f"{name}.opened"), "rb") as file:
            check(payload(file.read()) == body, f"Bouncy Castle: {what}, {size}")
        bench.note("Bouncy Castle", what, size)


def both(bench):
    for profile in ("biztalk", "smime4", "edi-energy"):
        for kind in ("BlobSign", "ClearSign"):
            for size, body in bodies():
                bench.seal({"SignatureType": kind, "EnableEncryption": True, "Profile": profile}, body=body, recipients=("rsa", "p256"))
                for who in ("rsa", "p256"):
                    bench.opened(who)
                    check(payload(bench.verified("open.eml")) == body, f"{profile}, {kind}, {size}")
                bench.note("OpenSSL cms", f"Profile {profile}, {kind} and encrypted, for rsa and p256", size)
                decoded = bench.decoded()
                check(payload(decoded) == body or decoded == body, f"our decoder: {profile}, {kind}, {size}: {decoded!r}")
                bench.note("our decoder", f"Profile {profile}, {kind} and encrypted, for rsa and p256", size)


def wrapped(bench):
    bench.seal({"SignatureType": "BlobSign", "EnableEncryption": True, "TripleWrap": True, "EncryptToSelf": "p384.pem"})
    with open(bench.work.path("outer.eml"), "wb") as file:
        file.write(bench.verified("sealed.eml"))
    os.replace(bench.work.path("outer.eml"), bench.work.path("sealed.eml"))
    for who in ("rsa", "p384"):
        bench.opened(who)
        check(payload(bench.verified("open.eml")) == SENT, f"wrapped three times, for {who}")
    bench.note("OpenSSL cms", "wrapped three times, encrypted to self")


def refused(bench):
    """What cannot be done is said, and nothing comes out."""
    wrong = {"SignaturePadding pss is for RSA keys": ({"SignatureType": "BlobSign", "SignaturePadding": "pss"}, "p256"),
             "for RSASSA-PSS alone": ({"SignatureType": "BlobSign", "SignaturePadding": "pkcs1"}, "rsa-pss"),
             "do not allow the Digest SHA512": ({"SignatureType": "BlobSign", "Digest": "SHA512"}, "rsa-pss-sha256"),
             "EncryptToSelf names": ({"EnableEncryption": True, "EncryptToSelf": "nobody.pem"}, "rsa")}
    for text, (properties, signer) in wrong.items():
        shown = bench.seal(properties, signer=signer, expect=69)
        check(text in shown, f"{properties}: {shown}")
    shown = bench.seal({"EnableEncryption": True}, recipients=("rsa-pss",), expect=69)
    check("rsa-pss" in shown and "it is for signatures alone" in shown, shown)
    bench.work.write("signs-only", b"keyUsage = critical, digitalSignature\nextendedKeyUsage = emailProtection\n")
    bench.run(["openssl", "x509", "-req", "-in", "p256.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "77", "-days", "30",
               "-extfile", "signs-only", "-out", "other-people/signs-only.crt"])
    shown = bench.seal({"EnableEncryption": True}, recipients=("signs-only",), expect=69)
    check("keyAgreement" in shown, shown)
    for text, properties in {"AllowLegacyAlgorithms": {"EnableEncryption": True, "EncryptionAlgorithm": "DES3"},
                             "wrapped three times is signed": {"EnableEncryption": True, "TripleWrap": True},
                             "nothing is encrypted": {"SignatureType": "BlobSign", "EncryptToSelf": "rsa.pem"}}.items():
        shown = bench.seal(properties, expect=78)
        check(text in shown, f"{properties}: {shown}")


class Decoding(Encoder):
    def decoded(self):
        words = [self.decoder, "--trusted", "root.pem", "--set", "CheckRevocationList=false", "--set", "AllowUnauthenticatedEncryption=true"]
        for name in self.people:
            words += ["--personal", f"{name}.pem"]
        return self.run([*words, "sealed.eml"])


def write_table(bench, path):
    with open(path, "w", encoding="utf-8") as table:
        table.write("# What reads our S/MIME encoder\n\nWritten by `tests/integration/smime_encoder_peers_test.py --whole --table`: what our encoder "
                    "sealed, opened and verified byte for byte by\nother programs and by our own decoder.\n\n| read by | how | bodies |\n"
                    "| --- | --- | --- |\n")
        for (program, what), sizes in bench.rows.items():
            table.write(f"| {program} | {what} | {', '.join(sizes)} |\n")


def import_into_gpgsm(bench):
    """Lets the bench verify by gpgsm until the home that is given back is closed."""
    bench.gpgsm = GnupgHome(bench.work.path("gnupg"), bench.work.path("root.pem"))
    bench.gpgsm.call("--import", *[bench.work.path(f"{name}.crt") for name in PEOPLE])
    return bench.gpgsm


def main():
    given = harness.options()
    with Work(given) as work:
        bench = Decoding(work)
        with import_into_gpgsm(bench):
            for part in (signatures, encryptions, further_keys, contents, bouncy_castle, both, wrapped, refused):
                part(bench)
                print(f"{part.__name__}: ok", flush=True)
        print(f"{sum(len(sizes) for sizes in bench.rows.values())} cells")
        if "--table" in sys.argv:
            write_table(bench, sys.argv[sys.argv.index("--table") + 1])


if __name__ == "__main__":
    main()
