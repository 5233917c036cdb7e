#!/usr/bin/python3
"""What OpenSSL, GnuPG, NSS and Bouncy Castle seal is read by our decoder, byte for byte.

    smime_decoder_peers_test.py --hawser build/bin/hawser --pki DIR [--whole] [--large] [--table FILE]

--whole seals every small body in every way, --large the large one in every way; else something goes every way, and everything the
usual ones. --table writes the matrix into FILE. A program that is not installed fails the test: install-dependencies.sh --tests has them all.
HAWSER_LARGE_MIB=N takes N MiB for the large body instead of 64.
"""
import base64
import glob
import os
import re
import subprocess
import sys

import harness
from harness import Work, check
from gnupg_home import GnupgHome

JARS = ":".join(f"/usr/share/java/{name}.jar" for name in ("bcprov", "bcpkix", "bcutil", "bcmail"))
PEOPLE = {"rsa": ["rsa:2048"], "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
          "p521": ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"]}
EXTENSIONS = """basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature, keyEncipherment, keyAgreement
extendedKeyUsage = emailProtection
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
PKITS = "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data"
# What the tests of certificate checking are about, and not those of reading mail: policies, delta and indirect CRLs; SHA-1 with DSA.
NOT_HERE = re.compile("Polic|inhibitAny|deltaCRL|cRLIssuer|indirectCRL|onlySomeReasons|SelfIssued|SeparateCertificateandCRLKeys|DSA")
LARGE_MIB = int(os.environ.get("HAWSER_LARGE_MIB", "64"))
IS_WHOLE, IS_LARGE = "--whole" in sys.argv, "--large" in sys.argv
LARGE_BODY = os.urandom(1 << 20) * LARGE_MIB if IS_LARGE else b""


def bodies():
    """Name to bytes; each is sent as it is (Content-Transfer-Encoding: binary)."""
    yield "0 B", b""
    yield "1 B", b"x"
    yield "4 KiB", b"0123456789abcde\n".replace(b"\n", b"\r\n") * 241
    yield "8-bit", "Grüße, 日本\r\n".encode() * 20
    yield "long lines", b"y" * 30000 + b"\r\n" + b"z" * 30000
    yield "CRLF edges", b"\r\n\r\n.\r\n--\r\nFrom x\r\n \r\n\r\n"
    yield "binary", bytes(range(256)) * 300 + b"\r\n\n\r\r\n\0"


def bodies_of_each(usual, is_usual=False):
    """What goes through one way of sealing."""
    chosen = dict(usual)
    if IS_WHOLE or is_usual:
        chosen.update(bodies())
    if IS_LARGE:
        chosen[f"{LARGE_MIB} MiB"] = LARGE_BODY
    return chosen.items()


def entity(body):
    return b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + body


class Bench:
    def __init__(self, work):
        self.work = work
        self.decoder = os.path.join(os.path.dirname(os.path.dirname(work.given.hawser)), "tests", "decode_file")
        self.rows = {}
        self.make_people()

    def run(self, words, **options):
        done = subprocess.run(words, cwd=self.work.folder, capture_output=True, check=False, stdin=subprocess.DEVNULL, **options)
        check(done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stderr.decode('utf-8', 'replace')}")
        return done.stdout

    def make_people(self):
        self.work.write("extensions", EXTENSIONS.encode())
        self.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-out", "root.pem", "-days", "30",
                  "-subj", "/CN=Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        for number, (name, kind) in enumerate(PEOPLE.items(), 100):
            self.make_person(name, kind, number)

    def make_person(self, name, kind, number):
        self.run(["openssl", "req", "-new", "-newkey", *kind, "-nodes", "-keyout", f"{name}.key", "-subj",
                  f"/CN={name}/emailAddress={name}@example.test", "-out", f"{name}.csr"])
        self.run(["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial",
                  str(number), "-days", "30", "-extfile", "extensions", "-out", f"{name}.crt"])
        self.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.key", "-outform", "DER", "-out", f"{name}.p8"])
        self.run(["openssl", "x509", "-in", f"{name}.crt", "-outform", "DER", "-out", f"{name}.der"])
        self.run(["openssl", "pkcs12", "-export", "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1",
                  "-out", f"{name}.p12", "-passout", "pass:test", "-inkey", f"{name}.key", "-in", f"{name}.crt",
                  "-certfile", "root.pem", "-name", name])
        with open(self.work.path(f"{name}.pem"), "wb") as both:
            for part in (f"{name}.crt", f"{name}.key"):
                with open(self.work.path(part), "rb") as file:
                    both.write(file.read())

    def decode(self, program, what, size, path, expected, settings=()):
        """One cell of the matrix."""
        words = [self.decoder, "--trusted", "root.pem", "--set", "CheckRevocationList=false", "--set",
                 "AllowUnauthenticatedEncryption=true"]
        for name in PEOPLE:
            words += ["--personal", f"{name}.pem"]
        for setting in settings:
            words += ["--set", setting]
        done = subprocess.run([*words, path], cwd=self.work.folder, capture_output=True, check=False)
        check(done.returncode == 0, f"{program}, {what}, {size}: {done.stderr.decode('utf-8', 'replace')}")
        check(done.stdout == expected, f"{program}, {what}, {size}: {len(done.stdout)} bytes came out, {len(expected)} went in")
        self.rows.setdefault((program, what), []).append(size)
        return done.stderr.decode()

    def wrap(self, source, target):
        """DER as a MIME entity."""
        with open(self.work.path(source), "rb") as file:
            content = base64.encodebytes(file.read())
        self.work.write(target, b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; name=smime.p7m\n"
                                b"Content-Transfer-Encoding: base64\n\n" + content)
        return target


def openssl_signatures():
    for who in PEOPLE:
        for digest in ("sha256", "sha384", "sha512"):
            schemes = {"PKCS #1": [], "PSS": ["-keyopt", "rsa_padding_mode:pss"]} if who == "rsa" else {"ECDSA": []}
            for scheme, words in schemes.items():
                yield f"{scheme} {who}, {digest}", ["-signer", f"{who}.pem", "-md", digest, *words]


def openssl_recipients():
    yield "PKCS #1", "rsa", []
    yield "OAEP SHA-1", "rsa", ["-keyopt", "rsa_padding_mode:oaep"]
    yield "OAEP SHA-256", "rsa", ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
    for curve in ("p256", "p384", "p521"):
        yield f"ECDH {curve}, SHA-1 KDF", curve, []
        for digest in ("sha256", "sha384", "sha512"):
            yield f"ECDH {curve}, {digest} KDF", curve, ["-keyopt", f"ecdh_kdf_md:{digest}"]


def with_openssl(bench):
    one = [("4 KiB", dict(bodies())["4 KiB"])]
    for what, words in openssl_signatures():
        for size, body in bodies_of_each(one, is_usual=what.startswith("PKCS #1 rsa, sha256")):
            bench.work.write("in", entity(body))
            bench.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-in", "in", "-out", "out", *words])
            bench.decode("OpenSSL cms", f"opaque signature, {what}", size, "out", body)
            if size not in ("binary", f"{LARGE_MIB} MiB"):     # `openssl cms` makes clear text's line ends CRLF
                bench.run(["openssl", "cms", "-sign", "-in", "in", "-out", "out", "-crlfeol", *words])
                bench.decode("OpenSSL cms", f"clear signature, {what}", size, "out", body)
    for how, who, words in openssl_recipients():
        for cipher in ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-192-gcm", "aes-256-gcm"):
            for size, body in bodies_of_each(one, is_usual=how == "PKCS #1"):
                bench.work.write("in", entity(body))
                bench.run(["openssl", "cms", "-encrypt", "-binary", "-in", "in", "-out", "out", f"-{cipher}", "-recip", f"{who}.crt", *words])
                bench.decode("OpenSSL cms", f"{cipher}, {how}", size, "out", body)
    for cipher in ("des3", "des", "rc2"):
        legacy = [] if cipher == "des3" else ["-provider", "legacy", "-provider", "default"]
        for size, body in bodies_of_each(one):
            bench.work.write("in", entity(body))
            bench.run(["openssl", "cms", "-encrypt", "-binary", "-in", "in", "-out", "out", f"-{cipher}", *legacy, "rsa.crt"])
            bench.decode("OpenSSL cms", f"{cipher} (AllowLegacyAlgorithms), PKCS #1", size, "out", body, ["AllowLegacyAlgorithms=true"])


def with_openssl_large(bench):
    body = os.urandom(1 << 20) * LARGE_MIB
    size = f"{LARGE_MIB} MiB"
    bench.work.write("in", entity(body))
    bench.run(["openssl", "cms", "-sign", "-binary", "-nodetach", "-stream", "-in", "in", "-out", "signed", "-signer", "rsa.pem"])
    for cipher in ("aes-256-cbc", "aes-256-gcm"):
        bench.run(["openssl", "cms", "-encrypt", "-binary", "-stream", "-in", "signed", "-out", "out", f"-{cipher}", "rsa.crt"])
        told = bench.decode("OpenSSL cms", f"signed, then {cipher}", size, "out", body)
        peak_kib = int(told.split("peak_kib=")[1].split()[0])
        check(peak_kib < 32 * 1024, f"{peak_kib} KiB resident for {size}")
        print(f"signed, then {cipher}, {size}: {peak_kib} KiB resident")


def with_gpgsm(bench):
    with GnupgHome(bench.work.path("gnupg"), bench.work.path("root.pem")) as gpg:
        gpg.import_key(bench.work.path("rsa.key"), bench.work.path("rsa.crt"))
        given, made = bench.work.path("in"), bench.work.path("der")
        for size, body in bodies_of_each(bodies()):
            bench.work.write("in", entity(body))
            gpg.call("--output", made, "--local-user", "rsa@example.test", "--sign", given)
            bench.decode("gpgsm", "opaque signature, PKCS #1 rsa", size, bench.wrap("der", "out"), body)
            for cipher in ("AES128", "AES256"):
                gpg.call("--output", made, "--recipient", "rsa@example.test", "--cipher-algo", cipher, "--encrypt", given)
                bench.decode("gpgsm", f"{cipher}, PKCS #1", size, bench.wrap("der", "out"), body)


def with_cmsutil(bench):
    os.mkdir(bench.work.path("nss"))
    bench.run(["certutil", "-d", "sql:nss", "-N", "--empty-password"])
    bench.run(["certutil", "-d", "sql:nss", "-A", "-n", "Root", "-t", "CT,C,C", "-i", "root.pem"])
    for who in PEOPLE:
        bench.run(["pk12util", "-d", "sql:nss", "-i", f"{who}.p12", "-W", "test"])
    for size, body in bodies_of_each(bodies()):
        bench.work.write("in", entity(body))
        for who in ("rsa", "p256"):
            bench.run(["cmsutil", "-S", "-d", "sql:nss", "-N", who, "-H", "SHA256", "-G", "-i", "in", "-o", "der"])
            bench.decode("NSS cmsutil", f"opaque signature, {who}, sha256", size, bench.wrap("der", "out"), body)
        bench.run(["cmsutil", "-E", "-d", "sql:nss", "-r", "rsa@example.test", "-i", "in", "-o", "der"])
        bench.decode("NSS cmsutil", "encryption as NSS chooses (AllowLegacyAlgorithms)", size, bench.wrap("der", "out"), body,
                     ["AllowLegacyAlgorithms=true"])


def with_bouncy_castle(bench):
    source = os.path.join(harness.SUPPORT, "SealWithBouncyCastle.java")
    for size, body in bodies_of_each([(size, body) for size, body in bodies() if size in ("0 B", "4 KiB", "binary")]):
        bench.work.write("in", entity(body))
        bench.run(["java", "-cp", JARS, source, "in", "."])
        made = sorted(glob.glob(bench.work.path("*.p7m")))
        check(len(made) > 50, f"Bouncy Castle made only {len(made)} messages")
        for path in made:
            what = os.path.basename(path).removesuffix(".p7m")
            bench.decode("Bouncy Castle", what, size, bench.wrap(path, "out"), body)


def with_pkits(bench):
    """The signed mails of NIST's path validation tests, with the results that their names say."""
    mails = [path for path in sorted(glob.glob(f"{PKITS}/smime/*.eml")) if not NOT_HERE.search(path)]
    check(len(mails) > 100, f"{PKITS} has only {len(mails)} mails")
    bench.run(["openssl", "x509", "-inform", "DER", "-in", f"{PKITS}/certs/TrustAnchorRootCertificate.crt", "-out", "anchor.pem"])
    crls = [bench.run(["openssl", "crl", "-inform", "DER", "-in", path]) for path in sorted(glob.glob(f"{PKITS}/crls/*.crl"))]
    bench.work.write("crls.pem", b"".join(crls))
    for path in mails:
        name = os.path.basename(path).removesuffix(".eml")
        done = subprocess.run([bench.decoder, "--trusted", "anchor.pem", "--crl", "crls.pem", path], cwd=bench.work.folder,
                              capture_output=True, check=False)
        is_bad = "Invalid" in name or "MissingCRL" in name
        check(done.returncode == (1 if is_bad else 0), f"PKITS {name}: {done.returncode}, {done.stderr.decode('utf-8', 'replace')}")
        check((b"sample signed message" in done.stdout) != is_bad, f"PKITS {name}: {done.stdout}")
        bench.rows.setdefault(("NIST PKITS", "refused, as it should be" if is_bad else "accepted"), []).append(name.removeprefix("Signed"))


def table(rows):
    lines = ["| sealed by | how | bodies |", "| --- | --- | --- |"]
    cells = [(*key, ", ".join(sizes) if len(sizes) < 20 else f"{len(sizes)} mails") for key, sizes in rows.items()]
    return "\n".join(lines + [f"| {' | '.join(one)} |" for one in cells])


def main():
    given = harness.options()
    with Work(given) as work:
        bench = Bench(work)
        for check_program in (with_openssl, with_openssl_large, with_gpgsm, with_cmsutil, with_bouncy_castle, with_pkits):
            check_program(bench)
        print(f"{sum(map(len, bench.rows.values()))} messages in {len(bench.rows)} ways")
        if "--table" in sys.argv:
            with open(sys.argv[sys.argv.index("--table") + 1], "w", encoding="utf-8") as file:
                file.write("# What the S/MIME decoder reads\n\nWritten by `tests/integration/smime_decoder_peers_test.py --whole --large --table`: what other "
                           "programs sealed, and our\ndecoder opened and verified, byte for byte.\n\n" + table(bench.rows) + "\n")


if __name__ == "__main__":
    main()
